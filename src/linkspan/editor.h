/* The editor of the user, at work on a text: $VISUAL, else $EDITOR, else vi.  The file is in a folder that nobody
 * else can read. */
#pragma once

#include <stddef.h>

struct buf;
struct err;

struct editor {
	char *folder, *file; /* NULL before the first editor_edit() */
	const char *name;    /* of the file; borrowed */
};

/* Writes the text, lets the editor work, and reads the file again into *text, which is replaced.
 * ERR_FAILED: the editor failed; ERR_IO.  The file stays in any case. */
int editor_edit(struct editor *ed, struct buf *text, struct err *e);
/* Removes the file. */
void editor_discard(struct editor *ed);
/* Lets the file stay where it is. */
void editor_finish(struct editor *ed);
