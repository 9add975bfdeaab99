/* Editing a definition as text: from its document to a text, through the editor as often as it takes, and back to
 * the host. */
#pragma once

struct connection;
struct err;
struct json;

/* Edits the connection that connection_get() found, whose document this is, and saves it.  *ret: the
 * host's answer; NULL: the text was left as it was.  When it fails after something was written, the text stays
 * in a file that the error names. */
int edit_session(struct connection *c, const struct json *document, struct json **ret,
                 struct err *e);

/* PUT of a definition, which is taken, in the place of a revision; where comments in its file would be lost, it
 * asks first.  Shows on standard error what somebody else changed meanwhile. */
int edit_save(struct connection *c, struct json *definition, const char *revision,
              struct json **ret, struct err *e);
