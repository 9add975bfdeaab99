/* Export bundles: taking connections out of the host, and into it. */
#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/audited.h"
#include "admin/body.h"
#include "admin/catalogue.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/bundle/bundle.h"
#include "core/export.h"
#include "core/import.h"
#include "crypto/passphrase.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "json/json.h"

const struct query_row api_export_rows[EXPORT_ROWS] = {
	[EXPORT_DEPENDENCIES] = {.name = "dependencies",
                                 .kind = QUERY_FLAG,
                                 .otherwise = 1,
                                 .help = "Whether the files that they need go along."},
};

const struct query_row api_exports_rows[EXPORTS_ROWS] = {
	[EXPORTS_CONNECTIONS] = {.name = "connections",
                                 .kind = QUERY_DOCUMENT,
                                 .help = "A list of objects with `project` and `name`."},
	[EXPORTS_PASSPHRASE] = {.name = "passphrase",
                                .kind = QUERY_TEXT,
                                .min = 1,
                                .max = PASSPHRASE_MOST,
                                .help = "Seals the bundle; private keys need it. At least 8 "
                                        "characters."},
	[EXPORTS_DEPENDENCIES] = {.name = "dependencies",
                                  .kind = QUERY_FLAG,
                                  .otherwise = 1,
                                  .help = "Whether the files that they need go along."},
};

const struct query_row api_import_rows[IMPORT_ROWS] = {
	[IMPORT_PROJECT] = {.name = "project",
                            .kind = QUERY_TEXT,
                            .min = 1,
                            .max = 64,
                            .help = "Where all of it goes; else as the bundle says."},
	[IMPORT_ON_CONFLICT] = {.name = "on_conflict",
                                .kind = QUERY_CHOICE,
                                .choices = import_conflicts,
                                .otherwise = IMPORT_FAIL,
                                .help = "What becomes of a connection whose name is taken."},
	[IMPORT_DEPENDENCIES] = {.name = "dependencies",
                                 .kind = QUERY_FLAG,
                                 .otherwise = 1,
                                 .help = "Whether the bundle's files are written."},
	[IMPORT_SKIP_ENVIRONMENTS] =
		{.name = "skip_environments",
                 .kind = QUERY_FLAG,
                 .help = "Leaves environments out that this host does not have."},
	[IMPORT_DRY_RUN] = {.name = "dry_run",
                            .kind = QUERY_FLAG,
                            .help = "Answers with the plan, and does nothing."},
};

/*
 * Passphrases
 */

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) % 16 : -1;
}

/* Percent-encoded, as a header cannot hold every character.  *ret NULL: there is none. */
static int read_passphrase(const struct api_call *call, struct buf *text, const char **ret,
                           struct problem *p)
{
	const char *given = http_request_header(call->request, "Linkspan-Passphrase");

	*ret = NULL;
	for (const char *s = given; s && *s; s++) {
		int high = *s == '%' ? digit(s[1]) : 0;
		int low = *s == '%' && high >= 0 ? digit(s[2]) : 0;
		if (high < 0 || low < 0 || (*s == '%' && high + low == 0)) {
			problem_fault(p, "Linkspan-Passphrase", "invalid_parameter",
			              "is not percent-encoded");
			return ERR_USAGE;
		}
		buf_add_char(text, *s == '%' ? (char)(16 * high + low) : *s);
		s += *s == '%' ? 2 : 0;
	}
	if (buf_failed(text)) {
		problem_fault(p, "Linkspan-Passphrase", "invalid_parameter", "is too long");
		return ERR_USAGE;
	}
	if (given)
		*ret = buf_str(text);
	return 0;
}

/*
 * Export
 */

static int check_names(const struct api_call *call, const struct export_name *names, size_t count,
                       bool *ret_keys, struct err *e)
{
	const struct who *who = &call->asker.who;
	int rc = 0;

	*ret_keys = true;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = authorize(who, ACTION_READ, names[i].project, names[i].name, e);
		*ret_keys = *ret_keys &&
		            authorize(who, ACTION_ADMINISTER, names[i].project, NULL, NULL) == 0;
	}
	return rc;
}

static void reply_bundle(const struct api_call *call, const struct buf *bytes,
                         const struct buf *name)
{
	char disposition[256];
	const struct http_pair header = {.name = "Content-Disposition", .value = disposition};
	const struct http_reply reply = {
		.status = 200,
		.content_type = "application/zip",
		.body = bytes->data,
		.body_bytes = bytes->len_bytes,
		.headers = &header,
		.header_count = 1,
	};

	snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", buf_str(name));
	http_reply(call->request, &reply);
}

/* Who took what out: before it goes. */
static int note(const struct api_call *call, const struct export_call *wish, const char *file,
                size_t keys, struct err *e)
{
	struct store_audit *rows = mem_array(wish->count, sizeof(*rows));
	struct json *detail = json_object();
	struct audited audited;

	json_set(detail, "file", json_string(file));
	json_set(detail, "sealed", json_bool(wish->passphrase != NULL));
	json_set(detail, "dependencies", json_bool(!wish->without_files));
	json_set(detail, "private_keys", json_int((int64_t)keys));
	int rc = audited_init(&audited, call, "connection.export", NULL, NULL, detail);
	if (rc < 0 || !rows)
		rc = err_no_memory(e);
	for (size_t i = 0; rc == 0 && i < wish->count; i++) {
		rows[i] = audited.audit;
		rows[i].project = wish->names[i].project;
		rows[i].subject = wish->names[i].name;
	}
	if (rc == 0)
		rc = audited_note(call, rows, wish->count, e);
	audited_finish(&audited);
	mem_free(rows);
	return rc;
}

static const char *code_of(int rc)
{
	return rc == ERR_INVALID ? "not_exportable" : rc == ERR_BUSY ? "disk_full" : NULL;
}

static void export_them(const struct api_call *call, struct export_call *wish)
{
	struct catalog *catalog = catalogue_of(call);
	struct buf bytes, name;
	struct err e = {0};
	size_t keys = 0;

	if (!catalog)
		return;
	buf_init(&bytes, 2 * (size_t)BUNDLE_BYTES_MOST);
	buf_init(&name, BUF_MAX_LINE);
	int rc = check_names(call, wish->names, wish->count, &wish->may_take_keys, &e);
	if (rc == 0)
		rc = export_bundle(catalog, wish, &bytes, &name, &keys, &e);
	if (rc == 0)
		rc = note(call, wish, buf_str(&name), keys, &e);
	if (rc < 0)
		problem_answer_err(call->request, code_of(rc), &e);
	else
		reply_bundle(call, &bytes, &name);
	buf_wipe(&bytes);
	buf_finish(&bytes);
	buf_finish(&name);
}

void api_connection_export(struct api_call *call)
{
	const struct export_name name = {call->args[0], call->args[1]};
	struct export_call wish = {
		.names = &name,
		.count = 1,
		.without_files = !call->query[EXPORT_DEPENDENCIES].number,
	};
	struct problem p = {0};
	struct buf text;

	buf_init(&text, PASSPHRASE_MOST);
	if (read_passphrase(call, &text, &wish.passphrase, &p) < 0)
		problem_reply(call->request, &p);
	else
		export_them(call, &wish);
	buf_wipe(&text);
	buf_finish(&text);
}

static int read_names(const struct json *list, struct export_name *names, struct problem *p)
{
	char pointer[64];

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *item = json_at(list, i);
		const char *project = json_as_string(json_get(item, "project"));
		names[i].project = project ? project : CONF_GLOBAL;
		names[i].name = json_as_string(json_get(item, "name"));
		if (names[i].name)
			continue;
		snprintf(pointer, sizeof(pointer), "/connections/%zu/name", i);
		problem_fault(p, pointer, "missing_parameter", "is needed");
		return ERR_USAGE;
	}
	return 0;
}

static int read_wish(const struct json *body, struct arena *a, struct export_call *ret,
                     struct problem *p)
{
	const struct json *list = json_get(body, "connections");
	struct query_value v[EXPORTS_ROWS];
	size_t count = json_kind(list) == JSON_ARRAY ? json_count(list) : 0;

	int rc = query_read_json(api_exports_rows, EXPORTS_ROWS, body, v, p);
	if (rc < 0)
		return rc;
	if (count == 0 || count > BUNDLE_ENTRIES_MOST) {
		problem_fault(p, "/connections", "invalid_parameter",
		              "must be a list of 1 to %d connections", BUNDLE_ENTRIES_MOST);
		return ERR_USAGE;
	}
	struct export_name *names = arena_array(a, count, sizeof(*names));
	if (!names) {
		problem_set(p, 503, "no_memory", "there is no memory for it");
		return ERR_NO_MEMORY;
	}
	*ret = (struct export_call){
		.names = names,
		.count = count,
		.passphrase = v[EXPORTS_PASSPHRASE].given ? v[EXPORTS_PASSPHRASE].text : NULL,
		.without_files = !v[EXPORTS_DEPENDENCIES].number,
	};
	return read_names(list, names, p);
}

void api_export(struct api_call *call)
{
	struct json *body = NULL;
	struct export_call wish;
	struct problem p = {0};
	struct arena arena;

	arena_init(&arena);
	int rc = body_read(call->request, &body, &p);
	if (rc == 0)
		rc = read_wish(body, &arena, &wish, &p);
	if (rc < 0)
		problem_reply(call->request, &p);
	else
		export_them(call, &wish);
	json_free(body);
	arena_finish(&arena);
}

/*
 * Import
 */

/* At the end of its header section; credentials that are no good are counted later, once. */
size_t api_import_body_max(struct admin *admin, const struct http_request *request)
{
	struct problem ignored = {0};
	struct asker asker;

	if (strcmp(request->method, "POST") != 0 || strcmp(request->path, API_IMPORTS) != 0)
		return 0;
	bool shows_none = request->peer.local && !http_request_header(request, "Authorization");
	if (!shows_none && !identify_is_known(admin, request))
		return 0;
	int rc = identify(admin, request, &asker, &ignored);
	if (rc == 0)
		rc = authorize_somewhere(&asker.who, ACTION_EDIT, NULL);
	asker_release(&asker);
	return rc == 0 ? BUNDLE_BYTES_MOST : 0;
}

static struct import_options options_of(const struct api_call *call)
{
	return (struct import_options){
		.project =
			call->query[IMPORT_PROJECT].given ? call->query[IMPORT_PROJECT].text : NULL,
		.on_conflict = (enum import_conflict)call->query[IMPORT_ON_CONFLICT].number,
		.with_files = call->query[IMPORT_DEPENDENCIES].number,
		.skips_environments = call->query[IMPORT_SKIP_ENVIRONMENTS].number,
	};
}

/* In every project that something would go to. */
static int check_projects(const struct api_call *call, const struct bundle *b,
                          const struct import_options *options, struct err *e)
{
	const struct who *who = &call->asker.who;
	int rc = 0;

	if (options->project)
		return authorize(who, ACTION_EDIT, options->project, NULL, e);
	for (size_t i = 0; rc == 0 && i < b->connection_count; i++)
		rc = authorize(who, ACTION_EDIT, b->connections[i].project, NULL, e);
	return rc;
}

/* The plan with what was done; takes neither. */
static struct json *answer_of(const struct import_plan *plan, const struct catalog_answer *a)
{
	struct json *document = json_copy(plan->document);
	const struct json *done = a ? json_get(a->result, "items") : NULL;

	if (json_set(document, "applied", json_bool(a != NULL)) == 0 &&
	    json_set(document, "done", done ? json_copy(done) : json_array()) == 0)
		return document;
	json_free(document);
	return NULL;
}

static void refuse_plan(const struct api_call *call, const struct import_plan *plan)
{
	struct json *more = json_object();
	struct problem p = {0};

	json_set(more, "plan", json_copy(plan->document));
	problem_set(&p, 409, "import_refused",
	            "the bundle cannot be imported as it is: the plan says what is in the way");
	problem_reply_with(call->request, &p, more);
}

static void carry_out(const struct api_call *call, const struct import_plan *plan)
{
	struct catalogue_word word;
	struct catalog_answer a;
	struct err e = {0};

	catalogue_word(call, false, &word);
	word.word.action = "connection.import";
	catalog_answer_init(&a);
	if (import_plan_apply(call->admin->catalog, plan, &word.word, &a, &e) < 0)
		catalogue_refuse(call, &a, &e);
	else
		reply_json(call->request, 200, answer_of(plan, &a));
	catalog_answer_finish(&a);
}

static void import_it(const struct api_call *call, const struct bundle *b)
{
	const struct import_options options = options_of(call);
	struct catalog *catalog = catalogue_of(call);
	struct import_plan plan = {0};
	struct err e = {0};

	if (!catalog)
		return;
	int rc = check_projects(call, b, &options, &e);
	if (rc == 0)
		rc = import_plan_make(catalog, b, &options, &plan, &e);
	if (rc < 0)
		problem_answer_err(call->request, NULL, &e);
	else if (call->query[IMPORT_DRY_RUN].number)
		reply_json(call->request, 200, answer_of(&plan, NULL));
	else if (!plan.ok)
		refuse_plan(call, &plan);
	else
		carry_out(call, &plan);
	import_plan_finish(&plan);
}

void api_import(struct api_call *call)
{
	const char *passphrase = NULL;
	struct problem p = {0};
	struct bundle b = {0};
	struct err e = {0};
	struct buf text;

	arena_init(&b.arena);
	buf_init(&text, PASSPHRASE_MOST);
	int rc = read_passphrase(call, &text, &passphrase, &p);
	if (rc == 0)
		rc = bundle_read(call->request->body, call->request->body_bytes, passphrase, &b,
		                 &e);
	if (p.status)
		problem_reply(call->request, &p);
	else if (rc == ERR_DENIED)
		problem_answer(call->request, 403, passphrase ? "bad_passphrase" : "sealed", "%s",
		               e.text);
	else if (rc < 0)
		problem_answer_err(call->request, rc == ERR_INVALID ? "invalid_bundle" : NULL, &e);
	else
		import_it(call, &b);
	bundle_finish(&b);
	buf_wipe(&text);
	buf_finish(&text);
}
