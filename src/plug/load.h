/*
 * Loading connector plugins.
 *
 * The checks run in the order of the specification: absolute path, a safe folder chain, dlopen,
 * the symbol, the size, need_minor, and only then any other member; then the lint.  A loaded plugin
 * stays loaded for the life of the process.  Control thread only; afterwards constant.
 */
#pragma once

#include <linkspan/connector.h>
#include <stddef.h>

#include "base/mem.h"

struct err;
struct plugin;
struct report;

/* A connection type as this host sees it: every struct copied to this host's size, members that an
 * older plugin does not have being zero. */
struct plugin_type {
	const struct plugin *plugin;
	struct lk_type type;         /* params points at rows */
	const struct lk_param *rows; /* stride sizeof(struct lk_param) */
	uint32_t row_count;
};

struct plugin {
	struct arena arena;
	const char *path; /* absolute; "" for one that is linked in (tests) */
	void *handle;
	struct lk_plugin plugin; /* copied to this host's size */
	struct plugin_type *types;
	size_t type_count;
};

struct plugins {
	struct plugin **items;
	size_t count;
};

/* Loads one file.  0; ERR_NOT_FOUND, ERR_DENIED (unsafe folder), ERR_INVALID (not a plugin for this
 * host; e says exactly what is wrong; lint faults are in report, which may be NULL). */
int plugin_load(const char *path, struct plugin **ret, struct report *report, struct err *e);
/* The same, whoever could have put the file there: for tests and build trees. */
int plugin_load_anywhere(const char *path, struct plugin **ret, struct report *report,
                         struct err *e);
/* The same for a description at hand. */
int plugin_adopt(const struct lk_plugin *api, const char *path, struct plugin **ret,
                 struct report *report, struct err *e);
void plugin_destroy(struct plugin *p);

void plugins_init(struct plugins *all);
void plugins_finish(struct plugins *all);
/* Every *.so of every folder (NULL-terminated list), by name.  A plugin that cannot be loaded is
 * an error; so are two that offer the same type. */
int plugins_load(struct plugins *all, const char *const *folders, struct report *report,
                 struct err *e);
/* Takes p, unless it fails: ERR_INVALID when one of its types is offered already. */
int plugins_add(struct plugins *all, struct plugin *p, struct err *e);
const struct plugin_type *plugins_type(const struct plugins *all, const char *id); /* or NULL */
/* The type that was perhaps meant by id; NULL when none is near. */
const char *plugins_nearest_type(const struct plugins *all, const char *id);

/* 0 when the chain of folders above `path`, and the file itself, are owned by root or this user and
 * not writable by others (a root-owned sticky folder counts as safe); else ERR_DENIED. */
int plugin_path_safe(const char *path, struct err *e);

/* Copies a struct that begins with its size into one of to_bytes bytes: what it does not have is
 * zero, what it has too much is left out, and the new size says how much of it is there. */
void plugin_copy_sized(void *to, uint32_t to_bytes, const void *from);
