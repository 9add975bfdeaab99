/* What a message says of itself: attributes that are kept, and what is refused. */
#include "admin/ingest.h"

#include <stdio.h>
#include <string.h>

#include "admin/parts.h"
#include "admin/problem.h"
#include "base/err.h"
#include "base/mem.h"
#include "httpd/request.h"
#include "suite.h"

enum { PAIRS = 8 };

#define EVENT                                                                                      \
	{"ce-specversion", "1.0"}, {"ce-id", "7"}, {"ce-source", "/shop"},                         \
	{                                                                                          \
		"ce-type", "a.b"                                                                   \
	}
#define STRUCTURED                                                                                 \
	{                                                                                          \
		"Content-Type", "application/cloudevents+json; charset=utf-8"                      \
	}
#define REST "\"specversion\": \"1.0\", \"id\": \"7\", \"source\": \"/s\", \"type\": \"t\""
#define ALERTS                                                                                     \
	"{\"version\": \"4\", \"groupKey\": \"{}:{a=1}\", \"status\": \"resolved\", "              \
	"\"receiver\": \"hook\", \"externalURL\": \"http://am\", \"alerts\": []}"

struct request_row {
	struct http_pair headers[PAIRS];
	const char *body;
	const char *query;         /* an attribute that the caller gave */
	enum ingest_format format; /* INGEST_DETECT, unless it is said */
	bool is_lines, wants_ordering;
	const char *expected; /* "key=value;…", or the problem as "status code pointer" */
};

static const struct request_row rows[] = {
	{{{"Content-Type", "text/plain"}}, "x", NULL, INGEST_DETECT, false, false, ""},
	/* Binary mode. */
	{{EVENT, {"CE-Extra", "1"}},
         "{}",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "ce.specversion=1.0;ce.id=7;ce.source=/shop;ce.type=a.b;ce.extra=1;"},
	{{EVENT, {"ce-subject", "a%20b%25%C3%a4 %zz%"}},
         "",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "ce.specversion=1.0;ce.id=7;ce.source=/shop;ce.type=a.b;ce.subject=a b%\xc3\xa4 %zz%;"},
	{{{"ce-type", "x"}}, "", NULL, INGEST_DETECT, false, false, "ce.type=x;"},
	{{{"ce-specversion", "1.0"}, {"ce-id", "7"}, {"ce-source", "/s"}},
         "",
         "ce.type",
         INGEST_DETECT,
         false,
         false,
         "ce.type=q;ce.specversion=1.0;ce.id=7;ce.source=/s;"},
	{{EVENT}, "", "ce.type", INGEST_DETECT, false, false, "400 invalid_parameter ce-type"},
	{{EVENT, {"CE-ID", "8"}},
         "",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "400 invalid_parameter CE-ID"},
	{{{"ce-specversion", "1.0"}, {"ce-id", "7"}, {"ce-source", "/s"}},
         "",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "400 missing_parameter ce-type"},
	{{{"ce-specversion", "0.3"}, {"ce-id", "7"}, {"ce-source", "/s"}, {"ce-type", "t"}},
         "",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "400 invalid_parameter ce-specversion"},
	{{{"ce-a-b", "x"}}, "", NULL, INGEST_DETECT, false, false, "400 invalid_parameter ce-a-b"},
	{{{"ce-", "x"}}, "", NULL, INGEST_DETECT, false, false, "400 invalid_parameter ce-"},
	{{{"ce-x", "%00"}}, "", NULL, INGEST_DETECT, false, false, "400 invalid_parameter ce-x"},
	{{{"ce-x", "%0a"}}, "", NULL, INGEST_DETECT, false, false, "400 invalid_parameter ce-x"},
	{{{"ce-x", "%ff"}}, "", NULL, INGEST_DETECT, false, false, "400 invalid_parameter ce-x"},
	/* Structured mode. */
	{{STRUCTURED},
         "{" REST ", \"n\": 5, \"b\": true, \"z\": null, \"data\": {\"a\": [1]}}",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "ce.specversion=1.0;ce.id=7;ce.source=/s;ce.type=t;ce.n=5;ce.b=true;"},
	{{STRUCTURED},
         "{" REST ", \"data\": 1, \"data_base64\": \"\"}",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "400 invalid_parameter /data_base64"},
	{{STRUCTURED},
         "{" REST ", \"x\": {}}",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "400 invalid_parameter /x"},
	{{STRUCTURED},
         "{" REST ", \"X\": 1}",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "400 invalid_parameter /X"},
	{{STRUCTURED},
         "{\"specversion\": \"1.0\", \"id\": \"\", \"source\": \"/\", \"type\": \"t\"}",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "400 missing_parameter /id"},
	{{STRUCTURED}, "[]", NULL, INGEST_DETECT, false, false, "400 invalid_json "},
	{{STRUCTURED}, "{", NULL, INGEST_DETECT, false, false, "400 invalid_json "},
	{{STRUCTURED}, "{}", NULL, INGEST_DETECT, true, false, "415 unsupported_media_type "},
	{{{"Content-Type", "application/CloudEvents-batch+json"}},
         "[]",
         NULL,
         INGEST_DETECT,
         false,
         false,
         "415 unsupported_media_type "},
	{{{"Content-Type", "application/cloudevents+jsonx"}},
         "[]",
         NULL,
         INGEST_DETECT,
         false,
         false,
         ""},
	/* Alertmanager. */
	{{{"Content-Type", "application/json"}},
         ALERTS,
         NULL,
         INGEST_DETECT,
         false,
         true,
         "ce.type=io.prometheus.alertmanager.resolved;ce.source=http://am;ce.subject={}:{a=1};"
         "ce.receiver=hook;ordering={}:{a=1}"},
	{{{NULL}},
         ALERTS,
         "ce.type",
         INGEST_ALERTMANAGER,
         false,
         false,
         "ce.type=q;ce.source=http://am;ce.subject={}:{a=1};ce.receiver=hook;"},
	{{{"Content-Type", "text/plain"}}, ALERTS, NULL, INGEST_DETECT, false, false, ""},
	{{{NULL}},
         "{\"version\": \"3\", \"groupKey\": \"k\", \"alerts\": []}",
         NULL,
         INGEST_DETECT,
         false,
         false,
         ""},
	{{{NULL}},
         "{\"version\": \"3\", \"groupKey\": \"k\", \"alerts\": []}",
         NULL,
         INGEST_ALERTMANAGER,
         false,
         false,
         "400 invalid_parameter /version"},
	{{{NULL}},
         "{\"version\": \"4\", \"groupKey\": \"k\", \"alerts\": {}}",
         NULL,
         INGEST_ALERTMANAGER,
         false,
         false,
         "400 invalid_parameter /alerts"},
	{{{NULL}},
         "{\"version\": \"4\", \"alerts\": []}",
         NULL,
         INGEST_ALERTMANAGER,
         false,
         false,
         "400 invalid_parameter /groupKey"},
	{{{NULL}}, "\"groupKey\" \"alerts\" \"version\"", NULL, INGEST_DETECT, false, false, ""},
	{{{NULL}}, "no", NULL, INGEST_ALERTMANAGER, false, false, "400 invalid_json "},
	{{{NULL}}, "{}", NULL, INGEST_DETECT, false, true, "400 invalid_parameter ordering"},
	{{{NULL}}, "{}", NULL, INGEST_DETECT, true, true, "400 invalid_parameter ordering"},
	{{{NULL}}, "{}", NULL, INGEST_ALERTMANAGER, true, false, "400 invalid_parameter format"},
};

static struct http_request request_of(const struct request_row *row, struct http_pair *query)
{
	struct http_request request = {
		.headers = row->headers,
		.query = query,
		.query_count = row->query ? 1 : 0,
		.body = row->body,
		.body_bytes = strlen(row->body),
	};

	*query = (struct http_pair){row->query, "q"};
	while (request.header_count < PAIRS && row->headers[request.header_count].name)
		request.header_count++;
	return request;
}

static void write_result(int rc, const struct parts *parts, const struct ingest *in,
                         const struct problem *p, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	if (rc < 0) {
		snprintf(text, bytes, "%u %s %s", p->status, p->code, p->faults[0].pointer);
		return;
	}
	for (size_t i = 0; i < parts->m.attr_count; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s=%s;", parts->m.attrs[2 * i],
		                         parts->m.attrs[2 * i + 1]);
	if (in->ordering_key)
		snprintf(text + used, bytes - used, "ordering=%s", in->ordering_key);
}

static int read_row(const struct request_row *row, char *text, size_t bytes)
{
	struct http_pair query;
	const struct http_request request = request_of(row, &query);
	struct ingest in = {.format = row->format,
	                    .is_lines = row->is_lines,
	                    .wants_ordering = row->wants_ordering};
	struct problem p = {0};
	struct parts parts;

	int rc = parts_read(&parts, &request, NULL);
	if (rc == 0) {
		rc = ingest_read(&in, &parts, &request, &p);
		write_result(rc, &parts, &in, &p, text, bytes);
		ingest_finish(&in);
	}
	parts_finish(&parts);
	return rc;
}

START_TEST(a_message_tells_its_attributes)
{
	char text[1024];

	read_row(&rows[_i], text, sizeof(text));
	ck_assert_str_eq(text, rows[_i].expected);
}
END_TEST

START_TEST(a_long_group_key_is_hashed)
{
	char body[2048], key[400], text[2048];
	struct request_row row = {.format = INGEST_ALERTMANAGER, .wants_ordering = true};

	memset(key, 'k', sizeof(key));
	key[257] = '\0';
	snprintf(body, sizeof(body), "{\"version\":\"4\",\"groupKey\":\"%s\",\"alerts\":[]}", key);
	row.body = body;
	ck_assert_int_eq(read_row(&row, text, sizeof(text)), 0);
	const char *found = strstr(text, "ordering=sha256:");
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(strlen(found), strlen("ordering=sha256:") + 64);
	key[256] = '\0';
	snprintf(body, sizeof(body), "{\"version\":\"4\",\"groupKey\":\"%s\",\"alerts\":[]}", key);
	ck_assert_int_eq(read_row(&row, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "ordering=kkk"));
}
END_TEST

START_TEST(many_attributes_have_room)
{
	static char body[8192], text[8192];
	struct request_row row = {.headers = {STRUCTURED}, .format = INGEST_DETECT, .body = body};
	size_t used = (size_t)snprintf(body, sizeof(body), "{" REST);

	for (int i = 0; i < 100; i++)
		used += (size_t)snprintf(body + used, sizeof(body) - used, ", \"x%d\": %d", i, i);
	snprintf(body + used, sizeof(body) - used, "}");
	ck_assert_int_eq(read_row(&row, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "ce.id=7;"));
	ck_assert_ptr_nonnull(strstr(text, "ce.x99=99;"));
}
END_TEST

START_TEST(without_memory_it_is_said)
{
	char text[1024];

	for (unsigned n = 1;; n++) {
		mem_fail_at(n);
		int rc = read_row(&rows[_i], text, sizeof(text));
		int pending = mem_fail_pending();
		mem_fail_at(0);
		if (pending)
			break;
		/* Either it was not needed, or nothing was taken. */
		ck_assert(rc == ERR_NO_MEMORY || rc == ERR_USAGE ||
		          strcmp(text, rows[_i].expected) == 0);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_message_tells_its_attributes, rows),
	SUITE_TEST(a_long_group_key_is_hashed),
	SUITE_TEST(many_attributes_have_room),
	SUITE_LOOP(without_memory_it_is_said, rows),
};

SUITE_MAIN("ingest", tests)
