/* Access to the API over TCP: tokens, sessions, guards, headers; and what is audited of it. */
#include <stdio.h>

#include "api_fixture.h"
#include "suite.h"

static char token[512], cookie[256], csrf[544];

/* A token made over the local socket; its text goes to `token`. */
static void make_token(const char *name, const char *rest)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"name\": \"%s\", %s}", name, rest);
	const char *reply = api_ask("POST", "/api/v1/tokens", body);
	api_expect(reply, 201, NULL);
	snprintf(token, sizeof(token), "%s", api_text(reply, "token"));
}

static const char *bearer(void)
{
	static char header[600];

	snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", token);
	return header;
}

static const char *ask(const char *method, const char *target, const char *body)
{
	return api_ask_tcp(method, target, bearer(), body);
}

START_TEST(nobody_gets_in_without_a_token)
{
	api_start();
	const char *reply = api_ask_tcp("GET", "/api/v1/status", "", NULL);
	api_expect(reply, 401, "unauthenticated");
	ck_assert_ptr_nonnull(strstr(reply, "WWW-Authenticate: Bearer\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "Cache-Control: no-store\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "X-Content-Type-Options: nosniff\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "Referrer-Policy: no-referrer\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "Content-Security-Policy: default-src 'none'; "));
	api_expect(api_ask_tcp("GET", "/healthz", "", NULL), 200, NULL);
	api_expect(api_ask_tcp("GET", "/readyz", "", NULL), 200, NULL);
	api_stop();
}
END_TEST

START_TEST(a_token_is_judged_over_the_local_socket_too)
{
	api_start();
	make_token("v", "\"role\": \"viewer\"");
	api_expect(api_ask_with("GET", "/api/v1/tokens", bearer(), NULL), 403, "denied");
	api_expect(api_ask_with("GET", "/api/v1/status", bearer(), NULL), 200, NULL);
	api_expect(api_ask_with("GET", "/api/v1/status", "Authorization: Bearer x\r\n", NULL), 401,
	           "bad_credentials");
	api_stop();
}
END_TEST

static const char *const bad[] = {
	"Authorization: Bearer\r\n",
	"Authorization: Bearer \r\n",
	"Authorization: Basic YTpi\r\n",
	"Authorization: Bearer lks_abcdefghijkl_0123456789012345678901234567890123456789012\r\n",
	"Authorization: lks_abcdefghijkl_0123456789012345678901234567890123456789012\r\n",
	"Cookie: linkspan=0123456789012345678901234567890123456789012\r\n",
};

START_TEST(bad_credentials_are_refused)
{
	api_start();
	api_expect(api_ask_tcp("GET", "/api/v1/status", bad[_i], NULL), 401, "bad_credentials");
	api_stop();
}
END_TEST

START_TEST(a_large_body_needs_a_token_before_it_is_read)
{
	static const char send[] = "/api/v1/projects/global/connections/Echo/send";
	static char large[5000];
	char headers[700];

	api_start();
	memset(large, ' ', sizeof(large) - 1);
	/* The body never comes: the answer does not wait for it. */
	api_expect(api_ask_tcp("POST", send, "Content-Length: 4097\r\n", NULL), 413, "too_large");
	api_expect(api_ask_tcp("POST", send, "Transfer-Encoding: chunked\r\n", NULL), 413,
	           "too_large");
	snprintf(headers, sizeof(headers), "%sContent-Length: 4097\r\n", bad[3]);
	api_expect(api_ask_tcp("POST", send, headers, NULL), 413, "too_large");
	make_token("s", "\"role\": \"sender\"");
	api_expect(ask("POST", send, large), 202, NULL);
	api_stop();
}
END_TEST

START_TEST(two_tokens_are_none)
{
	char both[1300];

	api_start();
	make_token("a", "\"role\": \"admin\"");
	snprintf(both, sizeof(both), "%s%s", bearer(), bearer());
	api_expect(api_ask_tcp("GET", "/api/v1/status", both, NULL), 401, "bad_credentials");
	api_stop();
}
END_TEST

START_TEST(many_failures_are_held_up_and_good_tokens_are_not)
{
	unsigned refused = 0;
	const char *reply = NULL;

	api_start();
	make_token("a", "\"role\": \"viewer\"");
	for (int i = 0; i < 12; i++) {
		reply = api_ask_tcp("GET", "/api/v1/status", bad[3], NULL);
		refused += peer_status(reply) == 429;
	}
	ck_assert_uint_eq(refused, 2);
	api_expect(reply, 429, "too_many_failures");
	ck_assert_ptr_nonnull(strstr(reply, "Retry-After: "));
	api_expect(ask("GET", "/api/v1/status", NULL), 200, NULL);
	api_stop();
}
END_TEST

START_TEST(a_revoked_token_is_refused_at_once)
{
	char target[600];

	api_start();
	make_token("a", "\"role\": \"admin\"");
	api_expect(ask("GET", "/api/v1/status", NULL), 200, NULL);
	snprintf(target, sizeof(target), "/api/v1/tokens/%.12s", token + 4);
	api_expect(ask("DELETE", target, NULL), 204, NULL);
	api_expect(ask("GET", "/api/v1/status", NULL), 401, "bad_credentials");
	api_expect(api_ask("DELETE", target, NULL), 404, "not_found");
	api_stop();
}
END_TEST

static const struct {
	const char *body, *code, *about;
	unsigned status;
} wishes[] = {
	{"{}", "missing_parameter", "/name", 400},
	{"{\"name\": \"a\"}", "missing_parameter", "/role", 400},
	{"{\"name\": \"a\", \"role\": \"root\"}", "invalid_parameter", "viewer, sender", 400},
	{"{\"name\": \"a b\", \"role\": \"admin\"}", "invalid_parameter", "letters", 400},
	{"{\"name\": \"a\", \"role\": \"admin\", \"projects\": \"p\"}", "invalid_parameter",
         "/projects", 400},
	{"{\"name\": \"a\", \"role\": \"admin\", \"projects\": [1]}", "invalid_parameter",
         "/projects", 400},
	{"{\"name\": \"a\", \"role\": \"admin\", \"connections\": [\"x\"]}", "invalid_parameter",
         "only the role sender", 400},
	{"{\"name\": \"a\", \"role\": \"admin\", \"expires\": \"2001-01-01T00:00:00Z\"}",
         "invalid_parameter", "later than now", 400},
	{"[]", "invalid_json", "object", 400},
};

START_TEST(a_wish_that_cannot_be_granted_is_explained)
{
	api_start();
	const char *reply = api_ask("POST", "/api/v1/tokens", wishes[_i].body);
	ck_assert_msg(strstr(reply, wishes[_i].about) != NULL, "%s", reply);
	api_expect(reply, wishes[_i].status, wishes[_i].code);
	api_stop();
}
END_TEST

START_TEST(a_dry_run_makes_and_ends_nothing)
{
	char target[600];

	api_start();
	const char *reply = api_ask("POST", "/api/v1/tokens?dry_run=true",
	                            "{\"name\": \"a\", \"role\": \"viewer\"}");
	api_expect(reply, 200, NULL);
	ck_assert_ptr_null(strstr(reply, "lks_"));
	ck_assert_ptr_nonnull(strstr(api_ask("GET", "/api/v1/tokens", NULL), "\"items\":[]"));
	make_token("a", "\"role\": \"admin\"");
	snprintf(target, sizeof(target), "/api/v1/tokens/%.12s?dry_run=true", token + 4);
	api_expect(ask("DELETE", target, NULL), 204, NULL);
	api_expect(ask("GET", "/api/v1/status", NULL), 200, NULL);
	api_stop();
}
END_TEST

START_TEST(a_token_is_shown_once_and_its_digest_never)
{
	api_start();
	make_token("a", "\"role\": \"admin\"");
	const char *reply = ask("GET", "/api/v1/tokens", NULL);
	api_expect(reply, 200, NULL);
	ck_assert_ptr_null(strstr(reply, token));
	ck_assert_ptr_null(strstr(reply, token + 17));
	ck_assert_ptr_null(strstr(reply, "digest"));
	ck_assert_ptr_nonnull(strstr(reply, "\"used\":\"20"));
	reply = ask("GET", "/api/v1/audit", NULL);
	ck_assert_ptr_null(strstr(reply, token + 17));
	api_stop();
}
END_TEST

/*
 * Projects
 */

START_TEST(a_foreign_project_is_not_there)
{
	static char id[512], target[600];

	api_start();
	snprintf(id, sizeof(id), "%s",
	         api_text(api_ask("POST", "/api/v1/projects/global/connections/Echo/send", "{}"),
	                  "id"));
	make_token("other", "\"role\": \"editor\", \"projects\": [\"other\"]");
	api_expect(ask("GET", "/api/v1/projects/global/connections/Echo/status", NULL), 403,
	           "denied");
	api_expect(ask("POST", "/api/v1/projects/global/connections/Echo/send", "{}"), 403,
	           "denied");
	snprintf(target, sizeof(target), "/api/v1/deliveries/%s", id);
	api_expect(ask("GET", target, NULL), 404, "not_found");
	snprintf(target, sizeof(target), "/api/v1/deliveries/%s:retry", id);
	api_expect(ask("POST", target, NULL), 404, "not_found");
	ck_assert_ptr_nonnull(strstr(ask("GET", "/api/v1/deliveries", NULL), "\"items\":[]"));
	api_expect(ask("GET", "/api/v1/deliveries?project=global", NULL), 403, "denied");
	ck_assert_ptr_nonnull(strstr(ask("GET", "/api/v1/status", NULL), "\"links\":[]"));
	ck_assert_ptr_nonnull(strstr(ask("GET", "/api/v1/events", NULL), "\"items\":[]"));
	ck_assert_ptr_nonnull(
		strstr(ask("POST", "/api/v1/deliveries:replay", "{\"state\": \"done\"}"),
	               "\"replayed\":0"));
	api_expect(ask("POST", "/api/v1/deliveries:replay", "{\"project\": \"global\"}"), 403,
	           "denied");
	api_stop();
}
END_TEST

/* From a project a global connection can be used and seen, and not stopped. */
START_TEST(a_global_connection_is_everybodys_to_use)
{
	api_start();
	make_token("other", "\"role\": \"operator\", \"projects\": [\"other\"]");
	api_expect(ask("POST", "/api/v1/projects/other/connections/Echo/send", "{}"), 202, NULL);
	api_expect(ask("GET", "/api/v1/projects/other/connections/Echo/status", NULL), 200, NULL);
	api_expect(ask("POST", "/api/v1/projects/other/connections/Echo:pause", "{}"), 403,
	           "denied");
	api_expect(api_ask("POST", "/api/v1/projects/other/connections/Echo:pause", "{}"), 200,
	           NULL);
	api_stop();
}
END_TEST

START_TEST(a_sender_sends_through_its_connections_alone)
{
	api_start();
	make_token("s", "\"role\": \"sender\", \"connections\": [\"Echo\"]");
	api_expect(ask("POST", "/api/v1/projects/global/connections/Echo/send", "{}"), 202, NULL);
	api_expect(ask("POST", "/api/v1/projects/global/connections/Other/send", "{}"), 403,
	           "denied");
	api_expect(ask("GET", "/api/v1/deliveries", NULL), 403, "denied");
	api_expect(ask("GET", "/api/v1/status", NULL), 403, "denied");
	api_stop();
}
END_TEST

/*
 * Sessions
 */

static void sign_in(void)
{
	char body[600];

	snprintf(body, sizeof(body), "{\"token\": \"%s\"}", token);
	const char *reply =
		api_ask_tcp("POST", "/api/v1/session",
	                    "Content-Type: application/json\r\nOrigin: http://h\r\n", body);
	api_expect(reply, 201, NULL);
	const char *at = strstr(reply, "Set-Cookie: linkspan=");
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strstr(at, "; Path=/; HttpOnly; SameSite=Strict; "));
	snprintf(cookie, sizeof(cookie), "Cookie: a=b; linkspan=%.43s; c=d\r\n", at + 21);
	snprintf(csrf, sizeof(csrf), "Linkspan-CSRF: %s\r\n", api_text(reply, "csrf"));
}

static const char *in_session(const char *method, const char *target, const char *more,
                              const char *body)
{
	static char headers[1024];

	snprintf(headers, sizeof(headers), "%s%s", cookie, more);
	return api_ask_tcp(method, target, headers, body);
}

START_TEST(a_session_stands_for_its_token)
{
	static const char pause[] = "/api/v1/projects/global/connections/Echo:pause";
	char more[700];

	api_start();
	make_token("o", "\"role\": \"operator\"");
	sign_in();
	const char *reply = in_session("GET", "/api/v1/session", "", NULL);
	ck_assert_str_eq(api_text(reply, "kind"), "session");
	ck_assert_str_eq(api_text(reply, "name"), "o");
	ck_assert_int_eq(strncmp(api_text(reply, "csrf"), csrf + 15, 43), 0);
	api_expect(in_session("GET", "/api/v1/tokens", "", NULL), 403, "denied");
	api_expect(in_session("POST", pause, "Content-Type: application/json\r\n", "{}"), 403,
	           "csrf");
	api_expect(in_session("POST", pause,
	                      "Linkspan-CSRF: 0123456789012345678901234567890123456789012\r\n"
	                      "Content-Type: application/json\r\n",
	                      "{}"),
	           403, "csrf");
	snprintf(more, sizeof(more), "%sContent-Type: text/plain\r\n", csrf);
	api_expect(in_session("POST", pause, more, "{}"), 415, "json_needed");
	snprintf(more, sizeof(more), "%sContent-Type: application/json\r\n", csrf);
	api_expect(in_session("POST", pause, more, "{}"), 200, NULL);
	api_expect(in_session("DELETE", "/api/v1/session", csrf, NULL), 204, NULL);
	api_expect(in_session("GET", "/api/v1/session", "", NULL), 401, "bad_credentials");
	reply = api_ask("GET", "/api/v1/audit", NULL);
	ck_assert_ptr_nonnull(strstr(reply, "\"actor\":\"session/token:o\""));
	api_stop();
}
END_TEST

START_TEST(a_session_is_a_new_one_at_each_sign_in_and_ends_with_its_token)
{
	char old[sizeof(cookie)], target[600], body[600];

	api_start();
	make_token("o", "\"role\": \"operator\"");
	sign_in();
	memcpy(old, cookie, sizeof(old));
	snprintf(body, sizeof(body), "{\"token\": \"%s\"}", token);
	/* In the same browser: the old cookie comes along, and is none any more. */
	api_expect(
		in_session("POST", "/api/v1/session", "Content-Type: application/json\r\n", body),
		201, NULL);
	api_expect(in_session("GET", "/api/v1/session", "", NULL), 401, NULL);
	sign_in();
	ck_assert_str_ne(old, cookie);
	snprintf(target, sizeof(target), "/api/v1/tokens/%.12s", token + 4);
	api_expect(api_ask("DELETE", target, NULL), 204, NULL);
	api_expect(in_session("GET", "/api/v1/session", "", NULL), 401, "bad_credentials");
	api_stop();
}
END_TEST

START_TEST(a_form_of_another_page_signs_nobody_in)
{
	char body[600];

	api_start();
	make_token("o", "\"role\": \"operator\"");
	snprintf(body, sizeof(body), "{\"token\": \"%s\"}", token);
	api_expect(api_ask_tcp("POST", "/api/v1/session", "Content-Type: text/plain\r\n", body),
	           415, "json_needed");
	api_expect(api_ask_tcp("POST", "/api/v1/session",
	                       "Content-Type: application/json\r\nOrigin: http://evil\r\n", body),
	           403, "foreign_origin");
	api_stop();
}
END_TEST

/*
 * The audit trail
 */

START_TEST(what_operators_do_is_told_of)
{
	static const char *const expected[] = {
		"\"action\":\"connection.pause\",\"project\":\"global\",\"subject\":\"Echo\","
		"\"detail\":{\"environment\":\"Test\",\"reason\":\"why not\"}",
		"\"action\":\"delivery.cancel\",\"project\":\"global\",\"subject\":\"msg_",
		"\"action\":\"delivery.retry\",\"project\":\"global\",\"subject\":\"msg_",
		"\"action\":\"delivery.replay\",\"project\":null,\"subject\":null,"
		"\"detail\":{\"state\":\"cancelled\"},\"count\":0",
		"\"action\":\"connection.resume\"",
		"\"actor\":\"token:boss\"",
	};
	char target[600], id[512];

	api_start();
	make_token("boss", "\"role\": \"admin\"");
	ask("POST", "/api/v1/projects/global/connections/Echo:pause", "{\"reason\": \"why not\"}");
	snprintf(
		id, sizeof(id), "%s",
		api_text(ask("POST", "/api/v1/projects/global/connections/Echo/send", "{}"), "id"));
	snprintf(target, sizeof(target), "/api/v1/deliveries/%s:cancel", id);
	api_expect(ask("POST", target, NULL), 200, NULL);
	snprintf(target, sizeof(target), "/api/v1/deliveries/%s:retry", id);
	api_expect(ask("POST", target, NULL), 200, NULL);
	ask("POST", "/api/v1/deliveries:replay", "{\"state\": \"cancelled\"}");
	ask("POST", "/api/v1/projects/global/connections/Echo:resume", NULL);
	const char *reply = ask("GET", "/api/v1/audit", NULL);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_msg(strstr(reply, expected[i]) != NULL, "%s\n%s", expected[i], reply);
	reply = ask("GET", "/api/v1/audit?limit=2", NULL);
	ck_assert_str_eq(api_text(reply, "next"), "5");
	reply = ask("GET", "/api/v1/audit?cursor=2", NULL);
	ck_assert_ptr_nonnull(strstr(reply, "\"action\":\"token.create\""));
	ck_assert_ptr_nonnull(strstr(reply, "\"next\":null"));
	api_expect(ask("GET", "/api/v1/audit?cursor=x", NULL), 400, "invalid_parameter");
	reply = ask("GET", "/api/v1/audit/verify", NULL);
	ck_assert_ptr_nonnull(strstr(reply, "\"whole\":true,\"count\":6,"));
	api_stop();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(nobody_gets_in_without_a_token),
	SUITE_TEST(a_token_is_judged_over_the_local_socket_too),
	SUITE_LOOP(bad_credentials_are_refused, bad),
	SUITE_TEST(a_large_body_needs_a_token_before_it_is_read),
	SUITE_TEST(two_tokens_are_none),
	SUITE_TEST(many_failures_are_held_up_and_good_tokens_are_not),
	SUITE_TEST(a_revoked_token_is_refused_at_once),
	SUITE_LOOP(a_wish_that_cannot_be_granted_is_explained, wishes),
	SUITE_TEST(a_dry_run_makes_and_ends_nothing),
	SUITE_TEST(a_token_is_shown_once_and_its_digest_never),
	SUITE_TEST(a_foreign_project_is_not_there),
	SUITE_TEST(a_global_connection_is_everybodys_to_use),
	SUITE_TEST(a_sender_sends_through_its_connections_alone),
	SUITE_TEST(a_session_stands_for_its_token),
	SUITE_TEST(a_session_is_a_new_one_at_each_sign_in_and_ends_with_its_token),
	SUITE_TEST(a_form_of_another_page_signs_nobody_in),
	SUITE_TEST(what_operators_do_is_told_of),
};

SUITE_MAIN("api_access", tests)
