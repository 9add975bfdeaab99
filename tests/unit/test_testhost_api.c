/* The fake host as a plugin sees it: links, requests, and what struct lk_host offers. */
#include <arpa/inet.h>
#include <linkspan/testhost.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "puppet.h"
#include "suite.h"

START_TEST(a_link_is_what_the_test_says)
{
	struct lk_test_host *host = open_puppet("{}");
	struct lk_link *link;
	struct lk_stats stats;

	ck_assert_str_eq(puppet.settings->project, "shop");
	ck_assert_str_eq(puppet.settings->connection, "orders");
	ck_assert_str_eq(puppet.settings->environment, "Production");
	ck_assert_uint_eq(puppet.settings->max_in_flight, 16);
	ck_assert_int_eq(lk_test_stats(puppet.link, &stats), 0);
	ck_assert_uint_eq(stats.open, 3);
	ck_assert_uint_eq(stats.idle, 0);
	ck_assert_uint_eq(stats.reused, 9);

	lk_test_set_flags(host, LK_SETTINGS_PROTECTED);
	ck_assert_int_eq(lk_test_open(host, "puppet", "{}", &link), LK_EDENIED);
	ck_assert_str_eq(lk_test_error(host), "open() of the type puppet gave -4");
	ck_assert_int_eq(lk_test_open(host, "puppet", "{\"token\": \"x\"}", &link), LK_EINVAL);
	ck_assert_ptr_nonnull(strstr(lk_test_error(host), "error: token: it needs a name too"));
	close_host(host);
}
END_TEST

/* The requests that the next tests are about. */
static int look_at_request(const struct lk_request *request)
{
	const struct lk_outcome done = {.size = sizeof(done), .reason = "ok"};

	ck_assert_uint_eq(request->size, sizeof(*request));
	ck_assert_uint_eq(request->kind, LK_OP_PROBE);
	ck_assert_str_eq(request->id, "msg_x");
	ck_assert_uint_eq(request->attempt, 3);
	ck_assert_str_eq(request->content_type, "text/plain");
	ck_assert_ptr_nonnull(request->body);
	ck_assert_uint_eq(request->body_bytes, 0);
	ck_assert_int_eq(request->start_ms, puppet.host->mono_ms());
	ck_assert_int_eq(request->deadline_ms - request->start_ms, 250);
	ck_assert_uint_eq(request->attr_count, 2);
	ck_assert_str_eq(request->attrs[2], "b");
	ck_assert_ptr_null(request->attrs[4]);
	puppet.host->complete(request->op, &done);
	return 0;
}

START_TEST(a_request_is_what_the_test_says)
{
	struct lk_test_host *host = open_puppet("{}");
	struct lk_op *op = lk_test_op(puppet.link, LK_OP_PROBE);

	lk_test_op_id(op, "msg_x", 3);
	lk_test_op_body(op, "", 0);
	lk_test_op_content_type(op, "text/html");
	lk_test_op_content_type(op, "text/plain");
	lk_test_op_attr(op, "a", "1");
	lk_test_op_attr(op, "b", "2");
	lk_test_op_timeout(op, 250);
	puppet.submit = look_at_request;
	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_ptr_nonnull(lk_test_wait(op, 0));
	close_host(host);
}
END_TEST

/*
 * What the host offers
 */
START_TEST(secret_copies_or_says_the_length)
{
	struct lk_test_host *host =
		open_puppet("{\"name\": \"x\", \"token\": \"<${secret:env/TOKEN}>\"}");
	uint64_t version = 0, later = 0;
	char text[9];

	const struct lk_host *api = puppet.host;
	uint32_t handle = puppet.settings->values[1]->secret;
	ck_assert_uint_ne(handle, 0);
	ck_assert_int_eq(api->secret(puppet.link, handle, NULL, 0, &version), 8);
	ck_assert_int_eq(api->secret(puppet.link, handle, text, 8, &version), LK_ETOOBIG);
	ck_assert_int_eq(api->secret(puppet.link, handle, text, 9, &version), 8);
	ck_assert_str_eq(text, "<s3cret>");
	lk_test_set_secret(host, "env/OTHER", "x");
	ck_assert_int_eq(api->secret(puppet.link, handle, NULL, 0, &later), 8);
	ck_assert_uint_eq(later, version);
	lk_test_set_secret(host, "env/TOKEN", "new");
	ck_assert_int_eq(api->secret(puppet.link, handle, NULL, 0, &later), 5);
	ck_assert_uint_ne(later, version);
	close_host(host);
}
END_TEST

static int only_loopback(void *arg, const struct sockaddr *address, socklen_t address_bytes)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;

	ck_assert_uint_eq(address_bytes, sizeof(*in));
	++*(int *)arg;
	return in->sin_addr.s_addr == htonl(INADDR_LOOPBACK) ? 0 : LK_EDENIED;
}

START_TEST(the_test_rules_the_network)
{
	struct lk_test_host *host = open_puppet("{}");
	struct sockaddr_in here = {.sin_family = AF_INET};
	const struct sockaddr *address = (const struct sockaddr *)&here;
	int asked = 0;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(puppet.host->permit(puppet.link, address, sizeof(here)), 0);
	lk_test_deny_all(host);
	ck_assert_int_eq(puppet.host->permit(puppet.link, address, sizeof(here)), LK_EDENIED);
	lk_test_set_permit(host, only_loopback, &asked);
	ck_assert_int_eq(puppet.host->permit(puppet.link, address, sizeof(here)), 0);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	ck_assert_int_eq(puppet.host->permit(puppet.link, address, sizeof(here)), LK_EDENIED);
	ck_assert_int_eq(asked, 2);
	lk_test_permit_all(host);
	ck_assert_int_eq(puppet.host->permit(puppet.link, address, sizeof(here)), 0);
	ck_assert_uint_eq(lk_test_permits(host), 5);
	close_host(host);
}
END_TEST

START_TEST(metrics_and_both_clocks_are_kept)
{
	struct lk_test_host *host = open_puppet("{}");
	int64_t unix_ms = puppet.host->unix_ms();
	double sum;

	puppet.host->count(puppet.link, "bytes", 10);
	puppet.host->count(NULL, "bytes", 5);
	puppet.host->observe(puppet.link, "wait", 0.5);
	puppet.host->observe(puppet.link, "wait", 0.25);
	ck_assert_uint_eq(lk_test_counter(host, "bytes"), 15);
	ck_assert_uint_eq(lk_test_observed(host, "wait", &sum), 2);
	ck_assert(sum == 0.75);
	ck_assert_uint_eq(lk_test_observed(host, "unheard", NULL), 0);
	lk_test_advance(host, 1500);
	ck_assert_int_eq(puppet.host->unix_ms() - unix_ms, 1500);
	ck_assert_int_eq(puppet.host->mono_ms(), lk_test_now_ms(host));
	close_host(host);
}
END_TEST

START_TEST(extensions_are_given_and_taken_away)
{
	struct lk_test_host *host = open_puppet("{}");
	const struct lk_ext_json *json = puppet.host->extension(LK_EXT_JSON);
	static const int table = 1;

	ck_assert_ptr_nonnull(json);
	ck_assert_int_eq(json->valid("{\"a\": 1}", 8), 1);
	ck_assert_int_eq(json->valid("{\"a\": 1", 7), 0);
	ck_assert_ptr_nonnull(puppet.host->extension(LK_EXT_RESOLVE));
	ck_assert_ptr_null(puppet.host->extension("example.own/1"));
	ck_assert_int_eq(lk_test_set_extension(host, "example.own/1", &table), 0);
	ck_assert_ptr_eq(puppet.host->extension("example.own/1"), &table);
	ck_assert_int_eq(lk_test_set_extension(host, LK_EXT_JSON, NULL), 0);
	ck_assert_ptr_null(puppet.host->extension(LK_EXT_JSON));
	close_host(host);
}
END_TEST

/*
 * Names
 */
struct answer {
	int calls;
	char text[200]; /* addresses with ports, or the error */
};

static void keep_answer(void *arg, const struct lk_addresses *addresses)
{
	struct answer *a = arg;

	a->calls++;
	a->text[0] = '\0';
	if (addresses->error)
		snprintf(a->text, sizeof(a->text), "error: %s", addresses->error);
	for (uint32_t i = 0; i < addresses->count; i++) {
		const struct sockaddr_storage *s = &addresses->address[i];
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)s;
		const struct sockaddr_in *four = (const struct sockaddr_in *)s;
		char word[64];
		size_t used = strlen(a->text);
		bool is_six = s->ss_family == AF_INET6;
		inet_ntop(s->ss_family, is_six ? (const void *)&six->sin6_addr : &four->sin_addr,
		          word, sizeof(word));
		snprintf(a->text + used, sizeof(a->text) - used, "%s%s:%u", used ? " " : "", word,
		         ntohs(is_six ? six->sin6_port : four->sin_port));
	}
}

static const struct name_case {
	const char *name, *addresses, *error, *answer;
	int64_t delay_ms;
} names[] = {
	{"192.0.2.1", NULL, NULL, "192.0.2.1:80", 0},
	{"2001:db8::1", NULL, NULL, "2001:db8::1:80", 0},
	{"example.test", NULL, NULL, "error: the test has not set this name", 0},
	{"example.test", "192.0.2.7", NULL, "192.0.2.7:80", 0},
	{"example.test", " 127.0.0.1  ::1 ", NULL, "127.0.0.1:80 ::1:80", 6000},
	{"example.test", NULL, "no such name", "error: no such name", 50},
	{"192.0.2.1", "192.0.2.2", NULL, "192.0.2.2:80", 1},
};

static const struct lk_ext_resolve *resolver(void)
{
	return puppet.host->extension(LK_EXT_RESOLVE);
}

START_TEST(names_are_answered_as_the_test_says)
{
	const struct name_case *c = &names[_i];
	struct lk_test_host *host = open_puppet("{}");
	struct answer answer = {0};
	struct lk_lookup *lookup;

	if (c->addresses)
		ck_assert_int_eq(lk_test_set_address(host, c->name, c->addresses, c->delay_ms), 0);
	if (c->error)
		ck_assert_int_eq(lk_test_set_address_error(host, c->name, c->error, c->delay_ms),
		                 0);
	ck_assert_int_eq(resolver()->start(puppet.link, c->name, 80, keep_answer, &answer, &lookup),
	                 0);
	ck_assert_int_eq(answer.calls, 0);
	if (c->delay_ms > 0) {
		lk_test_advance(host, c->delay_ms - 1);
		ck_assert_int_eq(answer.calls, 0);
	}
	lk_test_advance(host, 1);
	ck_assert_int_eq(answer.calls, 1);
	ck_assert_str_eq(answer.text, c->answer);
	lk_test_advance(host, 60000);
	ck_assert_int_eq(answer.calls, 1);
	close_host(host);
}
END_TEST

START_TEST(a_later_answer_replaces_the_earlier_one)
{
	struct lk_test_host *host = open_puppet("{}");
	struct answer answer = {0};
	struct lk_lookup *lookup;

	ck_assert_int_eq(lk_test_set_address(host, "a.test", "192.0.2.1", 0), 0);
	ck_assert_int_eq(lk_test_set_address_error(host, "a.test", "gone", 0), 0);
	ck_assert_int_eq(lk_test_set_address(host, "a.test", "192.0.2.2", 0), 0);
	ck_assert_int_eq(lk_test_set_address(host, "a.test", "nonsense", 0), LK_EINVAL);
	ck_assert_int_eq(
		resolver()->start(puppet.link, "a.test", 443, keep_answer, &answer, &lookup), 0);
	lk_test_advance(host, 0);
	ck_assert_str_eq(answer.text, "192.0.2.2:443");
	close_host(host);
}
END_TEST

START_TEST(a_cancelled_lookup_is_not_answered)
{
	struct lk_test_host *host = open_puppet("{}");
	struct answer answer = {0};
	struct lk_lookup *lookup;

	ck_assert_int_eq(resolver()->start(puppet.link, "a.test", 1, keep_answer, &answer, &lookup),
	                 0);
	resolver()->cancel(lookup);
	lk_test_advance(host, 1000);
	ck_assert_int_eq(answer.calls, 0);
	resolver()->cancel(lookup);
	close_host_with(host, "cancel() of a lookup that has been answered or cancelled before");
}
END_TEST

START_TEST(a_lookup_left_behind_is_told)
{
	struct lk_test_host *host = open_puppet("{}");
	struct answer answer = {0};
	struct lk_lookup *lookup;

	ck_assert_int_eq(resolver()->start(puppet.link, "a.test", 1, keep_answer, &answer, &lookup),
	                 0);
	lk_test_close(puppet.link);
	ck_assert_int_eq(answer.calls, 0);
	close_host_with(host, "close() left the lookup of a.test behind");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_link_is_what_the_test_says),
	SUITE_TEST(a_request_is_what_the_test_says),
	SUITE_TEST(secret_copies_or_says_the_length),
	SUITE_TEST(the_test_rules_the_network),
	SUITE_TEST(metrics_and_both_clocks_are_kept),
	SUITE_TEST(extensions_are_given_and_taken_away),
	SUITE_LOOP(names_are_answered_as_the_test_says, names),
	SUITE_TEST(a_later_answer_replaces_the_earlier_one),
	SUITE_TEST(a_cancelled_lookup_is_not_answered),
	SUITE_TEST(a_lookup_left_behind_is_told),
};

SUITE_MAIN("testhost_api", tests)
