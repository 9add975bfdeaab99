/* What the files of this folder share while a configuration is being read. */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

#define CONF_SUFFIX    ".conf"
#define CONF_HOST_FILE "linkspan" CONF_SUFFIX

struct schema_values;

struct loader {
	struct conf *c;
	const struct conf *base; /* of conf_check(); NULL: none */
	struct report *report;
	bool is_alone; /* no linkspan.conf and no base: environments are taken on trust */
	/* Every environment there is a file for, faulty ones too: one fault breeds no others. */
	const char **known;
	size_t known_count;
};

/* One definition file that was read. */
struct source {
	const char *file;    /* as messages name it */
	const char *name;    /* of the file, without its suffix */
	const char *project; /* CONF_GLOBAL, or the project's */
	const struct node *root;
};

/* Empties c and begins. */
void loader_init(struct loader *l, struct conf *c, const struct conf *base, struct report *report);
/* What to return for rc: a fault that there was no memory for must not look like success. */
int loader_finish(struct loader *l, int rc);

/* The one of two results to go on with: after a fault the rest is still read, so that one run shows
 * all faults; without memory it is not. */
int loader_worse(int a, int b);

/* Splits a path into its folder, made absolute, and the last name, which is not resolved: a
 * symbolic link must be seen as one. */
int loader_split(struct loader *l, const char *path, const char **ret_folder,
                 const char **ret_name);
const char *loader_join(struct loader *l, const char *folder,
                        const char *name); /* NULL: no memory */

/* Notes that there is a file for that environment. */
int loader_know(struct loader *l, const char *environment);

/* Reads FOLDER/NAME.conf. */
int loader_source(struct loader *l, const char *folder, const char *project, const char *name,
                  struct source *ret);

typedef int loader_read_source(struct loader *l, const struct source *source);

/* The functions below return 0; ERR_INVALID when they added faults: then nothing was added to the
 * configuration; or ERR_NO_MEMORY. */

/* The group of a file's one top key.  Any other top key is a fault. */
int loader_top(struct loader *l, const struct source *source, const struct conf_kind *kind,
               const struct node **ret_group);

/* Reads the group with its kind's rows into part.  The caller finishes v in any case. */
int loader_read(struct loader *l, const struct node *group, const struct conf_kind *kind,
                struct schema_values *v, struct schema_part *part);

/* Faults unless NAME.conf says `name = "NAME"`. */
int loader_check_name(struct loader *l, const struct source *source, const struct node *group);

/* As conf_connection() in that one scope, faulty ones too. */
const struct conf_connection *loader_find(const struct conf *c, const char *project,
                                          const char *name);

/* Room for one item more behind `count` items, in the arena of the configuration. */
void *loader_grow(struct loader *l, void *items, size_t count, size_t item_bytes);

int host_read(struct loader *l, const struct source *source);
int environment_read(struct loader *l, const struct source *source);
int connection_read(struct loader *l, const struct source *source);
