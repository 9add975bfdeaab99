/* The API's answers, as a caller gets them. */
#include <stdio.h>

#include "api_fixture.h"
#include "core/message.h"
#include "suite.h"

#define SEND "/api/v1/projects/global/connections/Echo/send"

static const char *wait_for(const char *id)
{
	static char target[600];

	snprintf(target, sizeof(target), "/api/v1/deliveries/%s?wait=30", id);
	return api_ask("GET", target, NULL);
}

/* Sends, and gives the id until the next call. */
static const char *send_one(const char *headers, const char *body)
{
	static char id[512];
	const char *reply = api_ask_with("POST", SEND, headers, body);

	api_expect(reply, 202, NULL);
	snprintf(id, sizeof(id), "%s", api_text(reply, "id"));
	return id;
}

/* A member as JSON text, until the next call. */
static const char *member(const struct json *document, const char *name)
{
	static char text[4096];
	struct buf b;

	buf_init(&b, sizeof(text));
	ck_assert_int_eq(json_write(json_get(document, name), 0, &b), 0);
	snprintf(text, sizeof(text), "%s", buf_str(&b));
	buf_finish(&b);
	return text;
}

START_TEST(secrets_of_a_message_are_masked)
{
	api_start();
	send_one("Linkspan-Header-Authorization: Bearer canary\r\n"
	         "Linkspan-Header-X-Anything: canary\r\n"
	         "Linkspan-Header-User-Agent: me\r\n"
	         "Linkspan-Header-Accept: a/b\r\n"
	         "Linkspan-Header-Accept: c/d\r\n"
	         "traceparent: 00-1-2-01\r\n",
	         "{}");
	const char *reply = api_ask("GET", "/api/v1/deliveries", NULL);
	struct json *list = api_read(reply);
	const char *id = json_as_string(json_get(json_at(json_get(list, "items"), 0), "id"));
	reply = wait_for(id);
	json_free(list);
	ck_assert_ptr_null(strstr(reply, "canary"));
	struct json *delivery = api_read(reply);
	ck_assert_str_eq(member(delivery, "attributes"),
	                 "{\"header.Authorization\":[\"***\"],\"header.X-Anything\":[\"***\"],"
	                 "\"header.User-Agent\":[\"me\"],\"header.Accept\":[\"a/b\",\"c/d\"],"
	                 "\"traceparent\":[\"00-1-2-01\"]}");
	json_free(delivery);
	api_stop();
}
END_TEST

static const struct {
	const char *headers, *body, *expected, *member;
} bodies[] = {
	{"", NULL, "null", "body"},
	{"", "", "\"\"", "body"},
	{"", "text", "\"text\"", "body"},
	{"", "\xc3\xa4\n\x01", "\"\xc3\xa4\\n\\u0001\"", "body"},
	{"", "\xff", "\"/w==\"", "body_base64"},
};

START_TEST(a_body_is_shown_as_it_is)
{
	api_start();
	const char *id = send_one(bodies[_i].headers, bodies[_i].body);
	struct json *delivery = api_read(wait_for(id));
	ck_assert_str_eq(member(delivery, bodies[_i].member), bodies[_i].expected);
	json_free(delivery);
	api_stop();
}
END_TEST

static const struct {
	const char *target, *body;
	unsigned status;
	const char *code;
} refusals[] = {
	{"GET /api/v1/deliveries/nonsense", NULL, 404, "not_found"},
	{"GET /api/v1/deliveries/msg_00000000000000000000000000?wait=1", NULL, 404, "not_found"},
	{"GET /api/v1/deliveries?state=odd", NULL, 400, "invalid_parameter"},
	{"GET /api/v1/deliveries?cursor=x", NULL, 400, "invalid_parameter"},
	{"GET /api/v1/deliveries?limit=1001", NULL, 400, "invalid_parameter"},
	{"GET /api/v1/events?after=x", NULL, 400, "invalid_parameter"},
	{"GET /api/v1/events?wait=61", NULL, 400, "invalid_parameter"},
	{"POST /api/v1/deliveries:replay", "", 400, "invalid_json"},
	{"POST /api/v1/deliveries:replay", "[]", 400, "invalid_json"},
	{"POST /api/v1/deliveries:replay", "{\"state\": \"ready\"}", 400, "invalid_parameter"},
	{"POST /api/v1/deliveries:replay", "{\"order\": \"asc\"}", 400, "unknown_parameter"},
	{"POST " SEND "?framing=ndjson&mode=direct", "{}", 400, "invalid_parameter"},
	{"POST " SEND "?framing=ndjson", "", 400, "no_messages"},
	{"POST " SEND "?env=Other", "{}", 409, "not_served"},
	{"POST /api/v1/projects/global/connections/None/send", "{}", 404, "not_deployed"},
	{"POST /api/v1/projects/global/connections/None/send?mode=direct", "{}", 404,
         "not_deployed"},
	{"POST /api/v1/projects/global/connections/None:pause", NULL, 404, "not_deployed"},
	{"POST /api/v1/projects/global/connections/Echo:pause", "{\"why\": 1}", 400,
         "unknown_parameter"},
	{"POST /api/v1/projects/global/connections/Echo:resume?env=Other", NULL, 404,
         "not_deployed"},
	{"GET /api/v1/projects/p/connections/None/status", NULL, 404, "not_deployed"},
};

START_TEST(what_cannot_be_is_a_problem)
{
	char method[8], target[256];

	ck_assert_int_eq(sscanf(refusals[_i].target, "%7s %255s", method, target), 2);
	api_start();
	const char *reply = api_ask(method, target, refusals[_i].body);
	ck_assert_ptr_nonnull(strstr(reply, "Content-Type: application/problem+json\r\n"));
	api_expect(reply, refusals[_i].status, refusals[_i].code);
	api_stop();
}
END_TEST

START_TEST(a_project_uses_what_is_global)
{
	api_start();
	api_expect(api_ask("POST", "/api/v1/projects/billing/connections/echo/send", "{}"), 202,
	           NULL);
	api_expect(
		api_ask("POST", "/api/v1/projects/billing/connections/echo/send?mode=direct", "{}"),
		200, NULL);
	api_expect(api_ask("GET", "/api/v1/projects/billing/connections/echo/status", NULL), 200,
	           NULL);
	api_stop();
}
END_TEST

START_TEST(too_many_lines_are_refused_together)
{
	char *body = mem_alloc(30000);
	char head[256];

	api_start();
	for (size_t i = 0; i < 10001; i++)
		memcpy(body + 2 * i, "1\n", 2);
	snprintf(head, sizeof(head),
	         "POST " SEND
	         "?framing=ndjson HTTP/1.1\r\nHost: h\r\nContent-Length: 20002\r\n\r\n");
	int fd = peer_dial((struct sockaddr *)&api.address, sizeof(api.address));
	peer_say(fd, head);
	peer_put(fd, body, 20002);
	api_expect(peer_hear(fd), 413, "too_many_messages");
	close(fd);
	mem_free(body);
	struct json *list = api_read(api_ask("GET", "/api/v1/deliveries", NULL));
	ck_assert_uint_eq(json_count(json_get(list, "items")), 0);
	json_free(list);
	api_stop();
}
END_TEST

START_TEST(lines_are_of_the_type_that_is_given)
{
	static const char *const types[][2] = {
		{"", "application/json"},
		{"Content-Type: application/x-ndjson\r\n", "application/json"},
		{"Content-Type: text/csv\r\n", "text/csv"},
	};
	char id[MESSAGE_ID_BYTES];

	api_start();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *reply =
			api_ask_with("POST", SEND "?framing=ndjson", types[i][0], "1\n2\n");
		struct json *answer = api_read(reply);
		ck_assert_int_eq(json_as_int(json_get(answer, "accepted")), 2);
		snprintf(id, sizeof(id), "%s",
		         json_as_string(json_get(json_at(json_get(answer, "items"), 1), "id")));
		json_free(answer);
		reply = wait_for(id);
		ck_assert_str_eq(api_text(reply, "content_type"), types[i][1]);
		ck_assert_str_eq(api_text(reply, "body"), "2");
	}
	api_stop();
}
END_TEST

START_TEST(a_configuration_that_is_not_in_force_is_told)
{
	struct admin_configuration c = api_configuration("a.conf:3: error: odd");

	api_start();
	ck_assert_str_eq(peer_body(api_ask("GET", "/readyz", NULL)), "ready\n");
	ck_assert_int_eq(admin_configure(api.admin, &c), 0);
	const char *reply = api_ask("GET", "/readyz", NULL);
	ck_assert_uint_eq(peer_status(reply), 503);
	ck_assert_str_eq(peer_body(reply), "a.conf:3: error: odd\n");
	struct json *status = api_read(api_ask("GET", "/api/v1/status", NULL));
	const struct json *told = json_get(status, "configuration");
	ck_assert(!json_as_bool(json_get(told, "ok")));
	ck_assert(!json_as_bool(json_get(status, "ready")));
	ck_assert_str_eq(json_as_string(json_get(told, "problem")), "a.conf:3: error: odd");
	ck_assert_str_eq(json_as_string(json_get(told, "loaded")), "1970-01-01T00:00:01.000Z");
	json_free(status);
	ck_assert_str_eq(peer_body(api_ask("GET", "/healthz", NULL)), "ok\n");
	api_stop();
}
END_TEST

START_TEST(whoever_waits_is_let_go_by_the_stop)
{
	api_start();
	int fd = peer_dial((struct sockaddr *)&api.address, sizeof(api.address));
	peer_say(fd, "GET /api/v1/events?after=newest&wait=60 HTTP/1.1\r\nHost: h\r\n\r\n");
	/* An answer on another connection does not say that the first request was read: a second one
	 * on the same connection would wait behind it.  Either way it must end. */
	api_ask("GET", "/healthz", NULL);
	api_stop();
	const char *reply = peer_hear(fd);
	ck_assert(!reply[0] || peer_status(reply) == 503);
	close(fd);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(secrets_of_a_message_are_masked),
	SUITE_LOOP(a_body_is_shown_as_it_is, bodies),
	SUITE_LOOP(what_cannot_be_is_a_problem, refusals),
	SUITE_TEST(a_project_uses_what_is_global),
	SUITE_TEST(too_many_lines_are_refused_together),
	SUITE_TEST(lines_are_of_the_type_that_is_given),
	SUITE_TEST(a_configuration_that_is_not_in_force_is_told),
	SUITE_TEST(whoever_waits_is_let_go_by_the_stop),
};

SUITE_MAIN("api", tests)
