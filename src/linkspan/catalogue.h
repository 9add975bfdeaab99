/* The connections of a host as documents, from its files alone: what --standalone shows. */
#pragma once

struct conf;
struct conf_connection;
struct json;

/*
 * One connection, with the members that the API has: {"name", "project", "type", "description",
 * "enabled", "environments": [NAME], "state": null, "url_host", "file"}.  url_host is as written, with its
 * `${…}`.  NULL: no memory.
 */
struct json *catalogue_item(const struct conf_connection *definition);

struct catalogue_filter {
	const char *project;     /* its own and global ones; NULL: all */
	const char *environment; /* NULL: any */
};

/* {"items": [ … ]}, by project and name. */
struct json *catalogue_list(const struct conf *conf, const struct catalogue_filter *filter);
/* Who uses it: {"items": [{"kind", "project", "name", "environment", "as"}]}. */
struct json *catalogue_usage(const struct conf *conf, const struct conf_connection *used);
