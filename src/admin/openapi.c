/* The OpenAPI document: every route with its inputs and answers. */
#include "admin/openapi.h"

#include <stdio.h>
#include <string.h>

#include "admin/openapi_impl.h"
#include "admin/route.h"
#include "base/banned.h"
#include "json/json.h"

/* Codes of problems that every route can answer. */
static const char *const common_codes[] = {
	"invalid_parameter",
	"invalid_parameters",
	"missing_parameter",
	"unknown_parameter",
	"usage",
	"bad_framing",
	"bad_target",
	"too_large",
	"stopping",
	"no_memory",
	"busy",
	"io",
};
enum { COMMON_CODES = sizeof(common_codes) / sizeof(common_codes[0]) };

static void set_text(struct json *object, const char *key, const char *text)
{
	json_set(object, key, json_string(text));
}

/*
 * Parameters
 */

static struct json *parameter(const char *name, const char *in, const char *help,
                              struct json *schema)
{
	struct json *object = json_object();

	set_text(object, "name", name);
	set_text(object, "in", in);
	set_text(object, "description", help ? help : "");
	if (strcmp(in, "path") == 0)
		json_set(object, "required", json_bool(true));
	json_set(object, "schema", schema);
	return object;
}

static struct json *sized_text(size_t most)
{
	const struct query_row row = {.kind = QUERY_TEXT, .min = 1, .max = (int64_t)most};

	return doc_row_schema(&row);
}

static void add_arguments(struct json *list, const char *pattern)
{
	char name[32];

	for (const char *s = strchr(pattern, '{'); s; s = strchr(s + 1, '{')) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(s + 1, "}"), s + 1);
		json_push(list, parameter(name, "path", doc_argument(name),
		                          sized_text(API_ARG_BYTES - 1)));
	}
}

static void add_query(struct json *list, const struct route *route)
{
	for (size_t i = 0; i < route->query_count; i++) {
		const struct query_row *row = &route->query[i];
		struct json *one = parameter(row->name, "query", row->help, doc_row_schema(row));
		if (row->kind == QUERY_FAMILY) {
			set_text(one, "style", "form");
			json_set(one, "explode", json_bool(true));
		}
		json_push(list, one);
	}
}

static void add_headers(struct json *list, const struct doc_route *doc)
{
	for (size_t i = 0; i < doc->header_count; i++)
		json_push(list, parameter(doc->headers[i].name, "header", doc->headers[i].help,
		                          sized_text(doc->headers[i].most)));
}

static struct json *parameters_json(const struct route *route, const struct doc_route *doc)
{
	struct json *list = json_array();

	add_arguments(list, route->pattern);
	add_query(list, route);
	add_headers(list, doc);
	return list;
}

/*
 * Bodies
 */

static struct json *media(struct json *schema, const char *type)
{
	struct json *content = json_object(), *object = json_object();

	json_set(object, "schema", schema);
	json_set(content, type, object);
	return content;
}

static struct json *body_json(const struct doc_route *doc)
{
	const char *type = doc->body_type ? doc->body_type : "application/json";
	struct json *object = json_object(), *content;

	if (doc->flags & DOC_ROUTE_ANY_BODY)
		content = media(json_object(), "*/*");
	else if (doc->body_schema)
		content = media(doc_ref("schemas", doc->body_schema), type);
	else
		content = media(doc_rows_json(doc->body, doc->body_count), type);
	set_text(object, "description", doc->body_help);
	json_set(object, "content", content);
	return object;
}

static struct json *text_schema(void)
{
	struct json *schema = json_object();

	set_text(schema, "type", "string");
	return schema;
}

/* An answer of the same status in another type is another member of its content. */
static void add_answer(struct json *answers, const struct doc_answer *a,
                       const struct doc_answer *also)
{
	struct json *answer = json_object();
	char status[16];

	snprintf(status, sizeof(status), "%u", a->status);
	set_text(answer, "description", a->help);
	if (a->type) {
		struct json *content =
			media(a->schema ? doc_ref("schemas", a->schema) : text_schema(), a->type);
		if (also) {
			struct json *other = json_object();
			json_set(other, "schema", text_schema());
			json_set(content, also->type, other);
		}
		json_set(answer, "content", content);
	}
	json_set(answers, status, answer);
}

static void add_answers(struct json *answers, const struct doc_route *doc)
{
	for (size_t i = 0; i < DOC_ANSWERS && doc->answers[i].status; i++) {
		const struct doc_answer *a = &doc->answers[i];
		if (i > 0 && a->status == a[-1].status)
			continue;
		bool shared = i + 1 < DOC_ANSWERS && a[1].status == a->status;
		add_answer(answers, a, shared ? a + 1 : NULL);
	}
}

/* The same for those that are not for everybody. */
static const char *const access_codes[] = {"unauthenticated", "bad_credentials", "denied", "csrf",
                                           "too_many_failures"};
enum { ACCESS_CODES = sizeof(access_codes) / sizeof(access_codes[0]) };

static bool has_code(const struct route *route, const struct doc_route *doc, const char *code)
{
	for (size_t i = 0; i < DOC_CODES && doc->codes[i]; i++)
		if (strcmp(doc->codes[i], code) == 0)
			return true;
	for (size_t i = 0; i < COMMON_CODES; i++)
		if (strcmp(common_codes[i], code) == 0)
			return true;
	for (size_t i = 0; i < ACCESS_CODES && route->scope != SCOPE_PUBLIC; i++)
		if (strcmp(access_codes[i], code) == 0)
			return true;
	return false;
}

/* One answer for each status, which lists its codes. */
static void add_problems(struct json *answers, const struct route *route,
                         const struct doc_route *doc)
{
	for (unsigned status = 400; status < 600; status++) {
		char key[16], help[512];
		size_t used = 0;

		for (size_t i = 0; i < doc_code_count && used < sizeof(help); i++) {
			const struct doc_code *c = &doc_codes[i];
			if (c->status != status || !has_code(route, doc, c->code))
				continue;
			used += (size_t)snprintf(help + used, sizeof(help) - used, "%s`%s`",
			                         used ? ", " : "", c->code);
		}
		snprintf(key, sizeof(key), "%u", status);
		if (used == 0 || json_get(answers, key))
			continue;
		struct json *answer = json_object();
		set_text(answer, "description", help);
		json_set(answer, "content",
		         media(doc_ref("schemas", "Problem"), "application/problem+json"));
		json_set(answers, key, answer);
	}
	json_set(answers, "default", doc_ref("responses", "Problem"));
}

/*
 * Operations
 */

static const struct doc_route undocumented = {.tag = "host"};

/* What must be allowed to whoever asks, and where. */
static void set_access(struct json *operation, const struct route *route)
{
	set_text(operation, "x-action", access_action_name(route->action));
	set_text(operation, "x-scope", route_scope_name(route->scope));
}

static struct json *operation_json(const struct route *route)
{
	const struct doc_route *doc = doc_route(route->name);
	struct json *object = json_object(), *tags = json_array(), *answers = json_object();

	if (!doc)
		doc = &undocumented;
	set_text(object, "operationId", route->name);
	set_text(object, "summary", route->summary);
	if (doc->help)
		set_text(object, "description", doc->help);
	json_push(tags, json_string(doc->tag));
	json_set(object, "tags", tags);
	struct json *parameters = parameters_json(route, doc);
	if (json_count(parameters) > 0)
		json_set(object, "parameters", parameters);
	else
		json_free(parameters);
	if (doc->body_help)
		json_set(object, "requestBody", body_json(doc));
	add_answers(answers, doc);
	add_problems(answers, route, doc);
	json_set(object, "responses", answers);
	if (route->scope == SCOPE_PUBLIC)
		json_set(object, "security", json_array());
	else
		set_access(object, route);
	return object;
}

static const char *const methods[][2] = {
	{"GET", "get"}, {"PUT", "put"}, {"POST", "post"}, {"DELETE", "delete"}, {"PATCH", "patch"},
};

static const char *method_key(const char *method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i][0], method) == 0)
			return methods[i][1];
	return "trace";
}

static bool is_first_of_path(size_t route)
{
	for (size_t i = 0; i < route; i++)
		if (strcmp(routes[i].pattern, routes[route].pattern) == 0)
			return false;
	return true;
}

static struct json *paths_json(void)
{
	struct json *paths = json_object();

	for (size_t i = 0; i < route_count; i++) {
		if (!is_first_of_path(i))
			continue;
		struct json *path = json_object();
		for (size_t k = i; k < route_count; k++)
			if (strcmp(routes[k].pattern, routes[i].pattern) == 0)
				json_set(path, method_key(routes[k].method),
				         operation_json(&routes[k]));
		json_set(paths, routes[i].pattern, path);
	}
	return paths;
}

/*
 * The rest
 */

static struct json *info_json(void)
{
	struct json *info = json_object(), *license = json_object();

	set_text(info, "title", "Linkspan");
	set_text(info, "version", LINKSPAN_VERSION);
	set_text(info, "summary", "A host of connectors that delivers webhooks.");
	set_text(license, "name", "Apache-2.0");
	set_text(license, "identifier", "Apache-2.0");
	json_set(info, "license", license);
	return info;
}

static struct json *servers_json(void)
{
	struct json *list = json_array(), *server = json_object();

	set_text(server, "url", "/");
	set_text(server, "description", "The local socket, and `listen` of linkspan.conf.");
	json_push(list, server);
	return list;
}

static struct json *tags_json(void)
{
	struct json *list = json_array();

	for (size_t i = 0; i < doc_tag_count; i++) {
		struct json *tag = json_object();
		set_text(tag, "name", doc_tags[i].name);
		set_text(tag, "description", doc_tags[i].help);
		json_push(list, tag);
	}
	return list;
}

static struct json *schemes_json(void)
{
	struct json *schemes = json_object(), *token = json_object(), *cookie = json_object();

	set_text(token, "type", "http");
	set_text(token, "scheme", "bearer");
	set_text(token, "description", "A token; the local socket needs none.");
	json_set(schemes, "token", token);
	set_text(cookie, "type", "apiKey");
	set_text(cookie, "in", "cookie");
	set_text(cookie, "name", "__Host-linkspan");
	set_text(cookie, "description",
	         "A session of the console; without TLS it is called `linkspan`.");
	json_set(schemes, "cookie", cookie);
	return schemes;
}

/* Either, or neither on the local socket. */
static struct json *security_json(void)
{
	struct json *list = json_array();
	static const char *const schemes[] = {"token", "cookie"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct json *one = json_object();
		json_set(one, schemes[i], json_array());
		json_push(list, one);
	}
	json_push(list, json_object());
	return list;
}

static struct json *components_json(void)
{
	struct json *components = json_object(), *answers = json_object(), *problem = json_object();

	json_set(components, "schemas", doc_schemas_json());
	set_text(problem, "description", "A problem (RFC 9457).");
	json_set(problem, "content",
	         media(doc_ref("schemas", "Problem"), "application/problem+json"));
	json_set(answers, "Problem", problem);
	json_set(components, "responses", answers);
	json_set(components, "securitySchemes", schemes_json());
	return components;
}

struct json *openapi_json(void)
{
	struct json *document = json_object();

	set_text(document, "openapi", "3.1.0");
	json_set(document, "info", info_json());
	json_set(document, "servers", servers_json());
	json_set(document, "security", security_json());
	json_set(document, "tags", tags_json());
	json_set(document, "paths", paths_json());
	if (json_set(document, "components", components_json()) == 0)
		return document;
	json_free(document);
	return NULL;
}
