/*
 * A catalogue over a temporary folder, a store in SQLite and a host with threads: changes in one line each, and
 * everything that there is as one text.
 */
#pragma once

#include <stdarg.h>
#include <unistd.h>

#include "base/log.h"
#include "core/catalog.h"
#include "hosting.h"
#include "sqlite_fixture.h"
#include "json/json.h"

enum { CATALOGUING_DOCUMENTS = 64 };

static struct cataloguing {
	struct store *store;
	struct catalog *catalog;
	struct catalog_answer answer; /* of the last change */
	struct err err;
	struct json *documents[CATALOGUING_DOCUMENTS]; /* freed at the end */
	unsigned document_count;
} cataloguing;

static const struct catalog_word cataloguing_word = {.actor = "local:anna"};
static const struct catalog_word cataloguing_dry = {.actor = "local:anna", .dry_run = true};

static inline void cataloguing_start(void)
{
	const struct catalog_options options = {
		.file = folder_path("linkspan.conf"),
		.plugins = &hosting.plugins,
		.store = cataloguing.store = fixture_open_again(),
	};
	const struct host_options host = {
		.plugins = &hosting.plugins, .lanes = 1, .store = cataloguing.store};
	struct report report;
	struct err e = {0};

	report_init(&report);
	ck_assert_msg(host_create(&host, &hosting.host, &e) == 0, "%s", e.text);
	ck_assert_msg(catalog_open(&options, &report, &cataloguing.catalog, &e) == 0, "%s", e.text);
	ck_assert_msg(catalog_start(cataloguing.catalog, hosting.host, &e) == 0, "%s", e.text);
	report_finish(&report);
}

static inline void cataloguing_stop(void)
{
	host_destroy(hosting.host);
	hosting.host = NULL;
	catalog_close(cataloguing.catalog);
	store_close(cataloguing.store);
}

static inline void cataloguing_environment(const char *name, const char *members)
{
	char file[128], text[1024];

	snprintf(file, sizeof(file), "environments/%s.conf", name);
	snprintf(text, sizeof(text),
	         "environment: { name = \"%s\"; %s network: { allow = ( \"127.0.0.0/8\" ); }; };\n",
	         name, members);
	folder_write(file, text);
}

/* Files only: Test, which follows nothing, Auto, which deploys by itself, Live, which is protected, and Far, which
 * this host does not serve. */
static inline void cataloguing_prepare(void)
{
	static const char *const plugins[] = {"echo", "webhook", NULL};

	hosting_begin(plugins, "");
	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, STDERR_FILENO);
	clock_fake_set(1000, PROBE_START_MS);
	folder_write("linkspan.conf",
	             "host: { name = \"test\"; environments = ( \"Test\", \"Auto\", \"Live\" ); "
	             "state = \"state\"; };\n");
	folder_write("state/empty", "");
	cataloguing_environment("Test", "variables: { PLACE = \"here\"; };");
	cataloguing_environment("Auto", "auto_deploy = true; variables: { PLACE = \"auto\"; };");
	cataloguing_environment("Live", "protected = true; variables: { PLACE = \"live\"; };");
	cataloguing_environment("Far", "");
}

static inline void cataloguing_begin(void)
{
	cataloguing_prepare();
	cataloguing_start();
}

static inline void cataloguing_reset(void)
{
	catalog_answer_finish(&cataloguing.answer);
	catalog_answer_init(&cataloguing.answer);
	cataloguing.err = (struct err){0};
}

static inline void cataloguing_end(void)
{
	catalog_answer_finish(&cataloguing.answer);
	for (unsigned i = 0; i < cataloguing.document_count; i++)
		json_free(cataloguing.documents[i]);
	cataloguing_stop();
	hosting_end();
	cataloguing = (struct cataloguing){0};
}

/* The process dies and comes back. */
static inline void cataloguing_restart(void)
{
	cataloguing_stop();
	cataloguing_start();
}

/* A document; ' stands for ". */
static inline const struct json *cataloguing_document(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
static inline const struct json *cataloguing_document(const char *format, ...)
{
	char text[2048];
	struct json *v = NULL;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *p = text; (p = strchr(p, '\''));)
		*p = '"';
	ck_assert_msg(json_read(text, strlen(text), &v, NULL) == 0, "%s", text);
	ck_assert_uint_lt(cataloguing.document_count, CATALOGUING_DOCUMENTS);
	cataloguing.documents[cataloguing.document_count++] = v;
	return v;
}

/* Of the type echo in the environments ("'Test': {}"). */
static inline const struct json *cataloguing_echo(const char *settings, const char *environments)
{
	return cataloguing_document("{'type': 'echo', 'settings': {%s}, 'environments': {%s}}",
	                            settings, environments);
}

static inline int cataloguing_apply_as(const struct catalog_edit *edits, size_t count,
                                       const struct catalog_word *word)
{
	cataloguing_reset();
	int rc = catalog_apply(cataloguing.catalog, edits, count, NULL, 0, word,
	                       &cataloguing.answer, &cataloguing.err);
	ck_assert_int_eq(rc, cataloguing.err.code);
	return rc;
}

static inline int cataloguing_edit(struct catalog_edit edit)
{
	if (!edit.project)
		edit.project = "global";
	return cataloguing_apply_as(&edit, 1, &cataloguing_word);
}

static inline void cataloguing_well(int rc)
{
	ck_assert_msg(rc == 0, "%s: %s\n%s", cataloguing.answer.code, cataloguing.err.text,
	              folder_print(&cataloguing.answer.report));
}

/* With this code and token; something is said. */
static inline void cataloguing_refused(int rc, int code, const char *token)
{
	ck_assert_msg(rc == code, "%d, not %d: %s", rc, code, cataloguing.err.text);
	if (token)
		ck_assert_str_eq(cataloguing.answer.code ? cataloguing.answer.code : "", token);
	ck_assert_str_ne(cataloguing.err.text, "");
}

static inline void cataloguing_create(const char *project, const char *name,
                                      const struct json *definition)
{
	cataloguing_well(cataloguing_edit((struct catalog_edit){.verb = CATALOG_CREATE,
	                                                        .project = project,
	                                                        .name = name,
	                                                        .definition = definition}));
}

static inline int cataloguing_deploy_as(struct deploy_call call, const struct catalog_word *word)
{
	cataloguing_reset();
	if (!call.project)
		call.project = "global";
	if (!call.environment)
		call.environment = "Test";
	int rc = catalog_deploy(cataloguing.catalog, &call, word, &cataloguing.answer,
	                        &cataloguing.err);
	ck_assert_int_eq(rc, cataloguing.err.code);
	return rc;
}

static inline int cataloguing_deploy(struct deploy_call call)
{
	return cataloguing_deploy_as(call, &cataloguing_word);
}

static inline int cataloguing_toggle(struct deploy_call call, bool enabled)
{
	cataloguing_reset();
	if (!call.project)
		call.project = "global";
	if (!call.environment)
		call.environment = "Test";
	int rc = catalog_toggle(cataloguing.catalog, &call, enabled, &cataloguing_word,
	                        &cataloguing.answer, &cataloguing.err);
	ck_assert_int_eq(rc, cataloguing.err.code);
	return rc;
}

static inline int cataloguing_undeploy(struct deploy_call call)
{
	cataloguing_reset();
	if (!call.project)
		call.project = "global";
	if (!call.environment)
		call.environment = "Test";
	int rc = catalog_undeploy(cataloguing.catalog, &call, &cataloguing_word,
	                          &cataloguing.answer, &cataloguing.err);
	ck_assert_int_eq(rc, cataloguing.err.code);
	return rc;
}

static inline int cataloguing_reload(struct catalog_reload *ret)
{
	struct catalog_reload done = {0};
	struct report report;

	report_init(&report);
	cataloguing_reset();
	int rc = catalog_reload(cataloguing.catalog, &report, ret ? ret : &done, &cataloguing.err);
	report_finish(&report);
	return rc;
}

/* The text of a file; "-" when there is none. */
static inline const char *cataloguing_text(const char *name)
{
	static char text[8192];
	FILE *f = fopen(folder_path(name), "rb");

	if (!f)
		return "-";
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

/*
 * Everything there is
 */

static struct buf cataloguing_world_text;

static inline int cataloguing_add_file(const char *path, const struct stat *st, int type,
                                       struct FTW *ftw)
{
	const char *name = path + strlen(folder_root) + 1;

	(void)st, (void)ftw;
	if (type == FTW_F && strstr(name, "connections/"))
		buf_printf(&cataloguing_world_text, "file %s: %s\n", name, cataloguing_text(name));
	return 0;
}

static inline void cataloguing_add_active(void *arg, const struct store_deployment *d)
{
	buf_printf(arg, "store %s/%s/%s %.8s %d\n", d->place.project, d->place.connection,
	           d->place.environment, d->revision, d->enabled);
}

static inline void cataloguing_add_identity(void *arg, const struct store_identity *identity)
{
	const struct catalog_entry *entry =
		catalog_find_exactly(cataloguing.catalog, identity->project, identity->name);

	buf_printf(arg, "identity %s/%s\n", identity->project, identity->name);
	if (entry)
		ck_assert_str_eq(entry->uid, identity->uid);
	catalog_release(entry);
}

static inline void cataloguing_add_row(void *arg, uint64_t journal, const struct store_file *files,
                                       size_t count)
{
	(void)journal, (void)files;
	buf_printf(arg, "journal %zu\n", count);
}

static inline void cataloguing_add_running(void *arg, const struct deployment *d)
{
	buf_printf(arg, "runs %s/%s/%s %02x%02x%02x %d\n", d->settings.project,
	           d->settings.connection, d->settings.environment, d->fingerprint[0],
	           d->fingerprint[1], d->fingerprint[2], d->enabled);
}

/* Files, what is saved, what is deployed, and what runs; numbers and times of deployments aside.  The caller
 * frees it (mem_free). */
static inline char *cataloguing_world(void)
{
	static const struct store_place any = {NULL, NULL, NULL};
	struct buf *b = &cataloguing_world_text;
	const struct catalog_entry **list;
	size_t count;

	buf_init(b, BUF_MAX_TEXT);
	/* In a stable order: the tree is small, and nothing else writes to it. */
	ck_assert_int_eq(nftw(folder_root, cataloguing_add_file, 8, FTW_PHYS), 0);
	ck_assert_int_eq(catalog_list(cataloguing.catalog, &list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		struct json *shown = catalog_entry_json(cataloguing.catalog, list[i]);
		const struct json *deployments = json_get(shown, "deployments");
		buf_printf(b, "saved %s/%s %.8s %d %s\n", list[i]->project, list[i]->name,
		           list[i]->revision, list[i]->enabled, list[i]->file);
		for (size_t k = 0; k < json_count(deployments); k++) {
			const struct json *d = json_at(deployments, k);
			buf_printf(b, "  deployed %s %.8s %d\n",
			           json_as_string(json_get(d, "environment")),
			           json_as_string(json_get(d, "revision")),
			           json_as_bool(json_get(d, "enabled")));
		}
		json_free(shown);
		catalog_release(list[i]);
	}
	mem_free(list);
	ck_assert_int_eq(store_deployments(cataloguing.store, &any, true, false,
	                                   cataloguing_add_active, b, NULL),
	                 0);
	ck_assert_int_eq(store_identities(cataloguing.store, cataloguing_add_identity, b, NULL), 0);
	ck_assert_int_eq(store_journal(cataloguing.store, cataloguing_add_row, b, NULL), 0);
	host_deployments(hosting.host, cataloguing_add_running, b);
	char *text = buf_take(b);
	buf_finish(b);
	ck_assert_ptr_nonnull(text);
	return text;
}

/* Nothing has changed since; frees it. */
static inline void cataloguing_same(char *before)
{
	char *now = cataloguing_world();

	ck_assert_str_eq(now, before);
	mem_free(now);
	mem_free(before);
}
