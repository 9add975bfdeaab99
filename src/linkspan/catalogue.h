/* The connections of a host as documents: what its files say, and how the daemon says they are. */
#pragma once

#include <stddef.h>

struct conf;
struct conf_connection;
struct json;

/*
 * One connection: {"name", "project", "type", "description", "enabled", "environments": [NAME],
 * "state", "states": {ENVIRONMENT: STATE}, "url_host", "file"}; what is not known is null.  state is the
 * one to look at first.  url_host is as written, with its `${…}`.  definition NULL: there is no file;
 * links NULL: there is no daemon.  NULL: no memory.
 */
struct json *catalogue_item(const struct conf_connection *definition, const char *project,
                            const char *name, const struct json *links);

struct catalogue_filter {
	const char *project;     /* its own and global ones; NULL: all */
	const char *environment; /* NULL: any */
};

/* {"items": [ … ]}: those with a file by project and name, then those of links without one.  conf NULL:
 * there are no files. */
struct json *catalogue_list(const struct conf *conf, const struct json *links,
                            const struct catalogue_filter *filter);

/* "receiver.example:8443" of a URL, without user, path and query; "" when there is none. */
void catalogue_url_host(const char *url, char *text, size_t text_bytes);
/* Of two states of links the one to look at first; a may be NULL. */
const char *catalogue_worse(const char *a, const char *b);
