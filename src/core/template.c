/* The template of a deployment: what it is given, and what becomes of its answer. */
#include "core/template.h"

#include <linkspan/connector.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/vars.h"
#include "core/deployment.h"
#include "core/message.h"
#include "plug/hostapi.h"
#include "schema/common.h"
#include "schema/node.h"
#include "schema/report.h"
#include "transform/transform.h"
#include "json/json.h"

_Static_assert((int)BODY_TEMPLATE_MAX == (int)TRANSFORM_PROGRAM_MAX, "a template is a program");

/* Attributes are no larger than the head of a request. */
enum { VALUES_MAX_BYTES = 4 << 20 };

const char *const template_names[] = {"message", NULL};

const char *template_of(const struct deployment *d)
{
	const char *program = deployment_common(d, COMMON_BODY_TEMPLATE)->u.s;

	return program && program[0] ? program : NULL;
}

/*
 * What it is given
 */

/* Members and what is appended belong to the tree, which the functions of json.h read alone. */
static struct json *own(const struct json *v)
{
	return (struct json *)(uintptr_t)v;
}

/* A name that is given again makes a list of its values; name.key is a member of a map. */
static int add_value(struct json *object, const char *name, const char *value)
{
	const struct json *there = json_get(object, name);

	if (!there)
		return json_set(object, name, json_string(value));
	if (json_kind(there) == JSON_ARRAY)
		return json_push(own(there), json_string(value));
	struct json *list = json_array();
	if (json_push(list, json_copy(there)) < 0) {
		json_free(list);
		return ERR_NO_MEMORY;
	}
	json_push(list, json_string(value));
	return json_set(object, name, list);
}

static int add_member(struct json *object, const char *name, const char *key, const char *value)
{
	const struct json *map = json_get(object, name);

	if (json_kind(map) != JSON_OBJECT && json_set(object, name, json_object()) < 0)
		return ERR_NO_MEMORY;
	return add_value(own(json_get(object, name)), key, value);
}

static int add_argument(struct json *object, const char *key, const char *value)
{
	const char *dot = strchr(key, '.');

	if (!dot)
		return add_value(object, key, value);
	char *name = mem_dup(key, (size_t)(dot - key));
	int rc = name ? add_member(object, name, dot + 1, value) : ERR_NO_MEMORY;
	mem_free(name);
	return rc;
}

static int add_attr(struct json *uri, struct json *ce, const char *key, const char *value)
{
	if (strncmp(key, "uri.", 4) == 0)
		return add_argument(uri, key + 4, value);
	if (strncmp(key, "ce.", 3) == 0)
		return json_set(ce, key + 3, json_string(value));
	return 0;
}

static struct json *message_json(const struct deployment *d, const struct message_parts *m)
{
	struct json *message = json_object(), *uri = json_object(), *ce = json_object();
	int rc = uri && ce ? 0 : ERR_NO_MEMORY;

	for (uint32_t i = 0; i < m->attr_count && rc == 0; i++)
		rc = add_attr(uri, ce, m->attrs[2 * i], m->attrs[2 * i + 1]);
	json_set(message, "id", json_string(m->id));
	json_set(message, "connection", json_string(d->settings.connection));
	json_set(message, "project", json_string(d->settings.project));
	json_set(message, "environment", json_string(d->settings.environment));
	json_set(message, "content_type", json_string_or_null(m->content_type));
	if (json_set(message, "uri", uri) < 0)
		rc = ERR_NO_MEMORY;
	if (json_set(message, "ce", ce) == 0 && rc == 0)
		return message;
	json_free(message);
	return NULL;
}

char *template_values(const struct deployment *d, const struct message_parts *m)
{
	struct json *values = json_array();
	struct buf text;
	char *taken = NULL;

	buf_init(&text, VALUES_MAX_BYTES);
	if (json_push(values, message_json(d, m)) == 0 && json_write(values, 0, &text) == 0)
		taken = buf_take(&text);
	json_free(values);
	buf_finish(&text);
	return taken;
}

/*
 * What becomes of its answer
 */

/* Whether the settings have a list of headers, and one of them is that. */
static bool has_header(const struct deployment *d, const char *name)
{
	const struct schema_part *part = &d->parts[0];
	int at = schema_row(part->rows, part->count, "headers");
	const struct lk_param *row = at < 0 ? NULL : &part->rows[at];
	int member = row ? schema_row(row->sub, row->sub_count, "name") : -1;

	if (member < 0 || row->type != LK_T_LIST || row->sub_count < 2)
		return false;
	const struct lk_value *list = part->values[at];
	for (uint32_t i = 0; i < list->count; i++) {
		const char *text = list->u.v[i]->u.v[member]->u.s;
		if (text && strcasecmp(text, name) == 0)
			return true;
	}
	return false;
}

const char *template_content_type(const struct deployment *d, bool is_text)
{
	const struct lk_value *own = deployment_value(d, "content_type");

	if ((own && (own->secret || (own->u.s && own->u.s[0]))) || has_header(d, "Content-Type"))
		return NULL;
	return is_text ? "text/plain; charset=utf-8" : "application/json";
}

enum { OF_LINK = LK_LINK_FAULT | LK_NOT_SENT };

/* By enum transform_result.  What the message or the program is to blame for will be so again, until
 * somebody mends it and replays; the rest may pass, and counts for the breaker. */
static const struct failure {
	int result;
	unsigned flags;
	const char *reason;
	bool is_private; /* jq quotes what it stumbles over */
} failures[] = {
	[TRANSFORM_BAD_PROGRAM] = {LK_REJECT, LK_NOT_SENT, "template_invalid", false},
	[TRANSFORM_BAD_INPUT] = {LK_REJECT, LK_NOT_SENT, "template_input", true},
	[TRANSFORM_FAILED] = {LK_REJECT, LK_NOT_SENT, "template_failed", true},
	[TRANSFORM_TOO_LARGE] = {LK_REJECT, LK_NOT_SENT, "template_too_large", false},
	[TRANSFORM_TIMEOUT] = {LK_RETRY, OF_LINK, "template_timeout", false},
	[TRANSFORM_DIED] = {LK_RETRY, OF_LINK, "template_died", false},
	[TRANSFORM_UNAVAILABLE] = {LK_RETRY, OF_LINK, "template_unavailable", false},
};

struct outcome *template_outcome(const struct transform *run)
{
	const struct failure *f = &failures[run->result];
	struct outcome *outcome =
		outcome_make(f->result, f->flags, f->reason, "body_template: %s", run->message);

	return f->is_private ? outcome_private(outcome) : outcome;
}

/*
 * Checking
 */

static const char *key(void)
{
	return common_rows[COMMON_BODY_TEMPLATE].name;
}

static int compile(struct transforms *pool, const char *program, const struct node *at,
                   struct report *report)
{
	struct transform run = {.program = program, .names = template_names, .check_only = true};

	transform_wait(pool, &run);
	mem_free(run.output);
	if (run.result == TRANSFORM_OK)
		return 0;
	if (run.result == TRANSFORM_UNAVAILABLE) {
		report_add(report, LK_FAULT_WARNING, at, "template_unchecked",
		           "the program could not be compiled here: %s", run.message);
		return 0;
	}
	report_add(report, LK_FAULT_ERROR, at, "bad_template", "%s", run.message);
	return ERR_INVALID;
}

int template_check(struct transforms *pool, const struct deployment *d, struct report *report)
{
	const char *program = pool ? template_of(d) : NULL;

	return program ? compile(pool, program, node_get(d->tree, key()), report) : 0;
}

/* What is written there as the program would be; *ret NULL: that depends on an environment, or there is
 * none. */
static int read_bare(struct arena *arena, const struct node *written, const char **ret)
{
	static const struct vars unknown = {.mode = VARS_UNKNOWN};
	struct report ignored; /* its faults were told already */
	struct node *expanded = NULL;

	report_init(&ignored);
	int rc = vars_expand(arena, written, &unknown, &ignored, &expanded);
	report_finish(&ignored);
	*ret = NULL;
	if (rc < 0)
		return rc == ERR_NO_MEMORY ? rc : 0;
	if (!expanded->part_count)
		*ret = expanded->u.s;
	else if (expanded->part_count == 1 && expanded->parts[0].kind == TEXT_LITERAL)
		*ret = expanded->parts[0].text;
	return 0;
}

static int check_written(struct transforms *pool, const struct node *group, struct report *report)
{
	const struct node *written = group ? node_get(group, key()) : NULL;
	const char *program = NULL;
	struct arena arena;

	if (!written || written->kind != NODE_STRING)
		return 0;
	arena_init(&arena);
	int rc = read_bare(&arena, written, &program);
	if (rc == 0 && program && program[0] && strlen(program) <= BODY_TEMPLATE_MAX)
		rc = compile(pool, program, written, report);
	arena_finish(&arena);
	return rc;
}

int template_check_bare(struct transforms *pool, const struct conf_connection *connection,
                        struct report *report)
{
	const struct node *parts = connection->environments;

	if (!pool)
		return 0;
	int worst = check_written(pool, connection->settings, report);
	for (const struct node *n = parts ? parts->first : NULL; n && worst != ERR_NO_MEMORY;
	     n = n->next) {
		int rc = check_written(pool, n, report);
		worst = rc < 0 ? rc : worst;
	}
	return worst;
}
