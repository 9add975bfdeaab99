/* Where a URL points: what is accepted at deploy, and what a call can and cannot make of it. */
#include "webhook/target.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "webhook/text.h"
#include "webhook/uritemplate.h"

static const struct {
	const char *url, *host, *origin;
	bool https;
	int port;
} good[] = {
	{"http://h", "h", "http://h", false, 80},
	{"https://h", "h", "https://h", true, 443},
	{"HTTPS://API.Example.COM:443/Path", "api.example.com", "https://api.example.com", true,
         443},
	{"http://h:443/", "h", "http://h:443", false, 443},
	{"https://h:80", "h", "https://h:80", true, 80},
	{"http://h:1/", "h", "http://h:1", false, 1},
	{"http://h:65535/", "h", "http://h:65535", false, 65535},
	{"http://h:08080/", "h", "http://h:8080", false, 8080},
	{"http://127.0.0.1:9000/logs", "127.0.0.1", "http://127.0.0.1:9000", false, 9000},
	{"http://0x7f.1/", "0x7f.1", "http://0x7f.1", false, 80},
	{"http://[::1]/", "::1", "http://[::1]", false, 80},
	{"https://[2001:DB8::1]:8443/a", "2001:db8::1", "https://[2001:db8::1]:8443", true, 8443},
	{"http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1", "http://[::ffff:127.0.0.1]", false, 80},
	{"http://a_b-c.example./", "a_b-c.example.", "http://a_b-c.example.", false, 80},
	{"http://xn--bcher-kva.example/", "xn--bcher-kva.example", "http://xn--bcher-kva.example",
         false, 80},
	{"http://h?q=a@b:c", "h", "http://h", false, 80},
	{"http://h/a/../b/./c", "h", "http://h", false, 80},
	{"http://h/{id}", "h", "http://h", false, 80},
	{"http://h{/id}", "h", "http://h", false, 80},
	{"http://h:81{?id}", "h", "http://h:81", false, 81},
};

START_TEST(a_good_url_is_taken_apart)
{
	struct target t;
	const char *message = "";

	ck_assert_msg(target_parse(good[_i].url, &t, &message) == 0, "%s: %s", good[_i].url,
	              message);
	ck_assert_str_eq(t.host, good[_i].host);
	ck_assert_str_eq(t.origin, good[_i].origin);
	ck_assert_int_eq(t.https, good[_i].https);
	ck_assert_int_eq(t.port, good[_i].port);
	target_finish(&t);
}
END_TEST

#define LABEL63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static const struct {
	const char *url, *message; /* contains this */
} bad[] = {
	{"", "absolute URL"},
	{"h/path", "absolute URL"},
	{"/path", "absolute URL"},
	{"//h/path", "absolute URL"},
	{"http:/h", "absolute URL"},
	{"http:h", "absolute URL"},
	{" http://h", "absolute URL"},
	{"ftp://h/", "absolute URL"},
	{"file:///etc/passwd", "absolute URL"},
	{"httpss://h/", "absolute URL"},
	{"/x?u=http://h/{id}", "absolute URL"},
	{"{scheme}://h/", "a template can stand only behind them"},
	{"http{s}://h/", "a template can stand only behind them"},
	{"{+base}/x", "a template can stand only behind them"},
	{"https://{host}/", "a template can stand only behind them"},
	{"https://a.{host}/", "a template can stand only behind them"},
	{"https://h:{port}/", "a template can stand only behind them"},
	{"https://h{id}", "a template can stand only behind them"},
	{"https://h{+id}", "a template can stand only behind them"},
	{"https://h{.id}", "a template can stand only behind them"},
	{"https://h{;id}", "a template can stand only behind them"},
	{"https://h{&id}", "a template can stand only behind them"},
	{"https://h{#id}", "a template can stand only behind them"},
	{"https://h{", "a template can stand only behind them"},
	{"https://user@h/", "user name or password"},
	{"https://user:password@h/", "user name or password"},
	{"https://@h/", "user name or password"},
	{"https://h\\@evil/", "user name or password"},
	{"https:///path", "the host is missing"},
	{"https://", "the host is missing"},
	{"https://:80/", "the host is missing"},
	{"https://[]/", "the host is missing"},
	{"https://?q", "the host is missing"},
	{"https://#f", "the host is missing"},
	{"https://a..b/", "the host can contain only"},
	{"https://.a/", "the host can contain only"},
	{"https://./", "the host can contain only"},
	{"https://a b/", "the host can contain only"},
	{"https://a\r\nb/", "the host can contain only"},
	{"https://a%2eb/", "the host can contain only"},
	{"https://a\\b/", "the host can contain only"},
	{"https://b\xc3\xbc"
         "cher.example/",
         "xn-- form"},
	{"https://" LABEL63 "h/", "the host can contain only"},
	{"https://" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 "/", "at most 253"},
	{"https://[::1/", "without a \"]\""},
	{"https://[::g]/", "IPv6 address"},
	{"https://[fe80::1%25eth0]/", "no zone"},
	{"https://[fe80::1%eth0]/", "no zone"},
	{"https://[v1.x]/", "IPv6 address"},
	{"https://[127.0.0.1]/", "IPv6 address"},
	{"https://[::1]8080/", "only a port can follow"},
	{"https://h:/", "from 1 to 65535"},
	{"https://h:0/", "from 1 to 65535"},
	{"https://h:65536/", "from 1 to 65535"},
	{"https://h:000080/", "from 1 to 65535"},
	{"https://h:4294967376/", "from 1 to 65535"},
	{"https://h:-1/", "from 1 to 65535"},
	{"https://h:80a/", "from 1 to 65535"},
	{"https://h:80:80/", "from 1 to 65535"},
	{"https://::1/", "the host is missing"},
	{"https://h/#f", "fragment"},
	{"https://h#f", "fragment"},
	{"https://h/{#f}", "fragment"},
	{"https://h/a b", "cannot stand in a URL"},
	{"https://h/a\r\nHost: evil", "cannot stand in a URL"},
	{"https://h/%0", "two hexadecimal digits"},
	{"https://h/{id", "without a \"}\""},
	{"https://h/{id:0}", "1 to 9999"},
	{"https://h{/", "name of a variable"},
};

START_TEST(a_bad_url_says_what_would_be_right)
{
	struct target t = {.port = 7};
	const char *message = "";

	ck_assert_msg(target_parse(bad[_i].url, &t, &message) == LK_EINVAL, "%s", bad[_i].url);
	ck_assert_msg(strstr(message, bad[_i].message), "%s: %s", bad[_i].url, message);
	ck_assert_int_eq(t.port, 7);
}
END_TEST

static const struct {
	const char *template;
	const char *attrs[4];
	const char *url; /* NULL: refused */
	const char *why; /* contains this */
} calls[] = {
	{"https://H/a{?q}", {0}, "https://H/a", NULL},
	{"https://h/a{?q}", {"uri.q", "x y&z"}, "https://h/a?q=x%20y%26z", NULL},
	{"https://[::1]:81{/a,b}", {"uri.a", "1", "uri.b", "/"}, "https://[::1]:81/1/%2F", NULL},
	{"https://h{/v}", {0}, "https://h", NULL},
	{"https://h{/v}/x", {0}, "https://h/x", NULL},
	{"https://h/stra\xc3\x9f"
         "e",
         {0},
         "https://h/stra%C3%9Fe",
         NULL},

	/* Dot segments of the author stay; those of a value do not get in. */
	{"https://h/a/../b/.", {0}, "https://h/a/../b/.", NULL},
	{"https://h/../{id}", {"uri.id", "7"}, "https://h/../7", NULL},
	{"https://h/{id}", {"uri.id", "..."}, "https://h/...", NULL},
	{"https://h/{id}", {"uri.id", ".a"}, "https://h/.a", NULL},
	{"https://h/a{id}", {"uri.id", ".."}, "https://h/a..", NULL},
	{"https://h/{id}.json", {"uri.id", "."}, "https://h/..json", NULL},
	{"https://h/{id}", {"uri.id", "../x"}, "https://h/..%2Fx", NULL},
	{"https://h/{id}", {"uri.id", "%2e%2e"}, "https://h/%252e%252e", NULL},
	{"https://h/a{?q}", {"uri.q", ".."}, "https://h/a?q=..", NULL},
	{"https://h/a?x/{q}/y", {"uri.q", ".."}, "https://h/a?x/../y", NULL},
	{"https://h/{id}", {"uri.id", "."}, NULL, "\".\" or \"..\""},
	{"https://h/{id}", {"uri.id", ".."}, NULL, "\".\" or \"..\""},
	{"https://h/{id}/x", {"uri.id", ".."}, NULL, "\".\" or \"..\""},
	{"https://h/{id}?x", {"uri.id", ".."}, NULL, "\".\" or \"..\""},
	{"https://h/{id}{?q}", {"uri.id", "..", "uri.q", "1"}, NULL, "\".\" or \"..\""},
	{"https://h{/id}", {"uri.id", ".."}, NULL, "\".\" or \"..\""},
	{"https://h{/id*}/x", {"uri.id", "a", "uri.id", ".."}, NULL, "\".\" or \"..\""},
	{"https://h/.{id}", {"uri.id", "."}, NULL, "\".\" or \"..\""},
	{"https://h/{id}.", {"uri.id", "."}, NULL, "\".\" or \"..\""},
	{"https://h/{a}{b}", {"uri.a", ".", "uri.b", "."}, NULL, "\".\" or \"..\""},
	{"https://h/a/{+id}", {"uri.id", "x/../../y"}, NULL, "\".\" or \"..\""},
	{"https://h/a/{+id}/..", {"uri.id", "../?"}, NULL, "\".\" or \"..\""},
	{"https://h/{+id}", {"uri.id", "%2E."}, NULL, "\".\" or \"..\""},
	{"https://h/{+id}/x", {"uri.id", "..;a=b"}, NULL, "\".\" or \"..\""},
	{"https://h/{id}{;p}/x", {"uri.id", "..", "uri.p", "1"}, NULL, "\".\" or \"..\""},
	{"https://h/x{+id}..", {"uri.id", "/"}, NULL, "\".\" or \"..\""},

	{"https://h{/v}.evil.example/", {0}, NULL, "host and port would change"},
	{"https://h{/v}:81/", {0}, NULL, "host and port would change"},
	{"https://h{/v}@evil.example/", {0}, NULL, "host and port would change"},
	{"https://h{/v}.x/", {"uri.v", "1"}, "https://h/1.x/", NULL},
	{"https://h/{+v}", {"uri.v", "a#b"}, NULL, "fragment"},
	{"https://h/{v}", {"uri.v", "a#b"}, "https://h/a%23b", NULL},
	{"https://h/{v}", {"uri.v", "a\r\nHost: evil"}, NULL, "\"v\" contains a control character"},
	{"https://h/{v:2}", {"uri.v", "a", "uri.v", "b"}, NULL, "\"v\" has a length"},
};

START_TEST(a_call_makes_a_url_or_is_refused)
{
	struct uri_args args = {calls[_i].attrs, 0};
	struct target t;
	struct text url;
	const char *message = "";
	char why[256] = "";

	while (args.count < 2 && calls[_i].attrs[2 * args.count])
		args.count++;
	ck_assert_msg(target_parse(calls[_i].template, &t, &message) == 0, "%s", message);
	text_init(&url, TARGET_URL_MAX_BYTES);
	int rc = target_expand(&t, &args, &url, why, sizeof(why));
	if (calls[_i].url) {
		ck_assert_msg(rc == 0, "%s", why);
		ck_assert_str_eq(text_str(&url), calls[_i].url);
	} else {
		ck_assert_int_eq(rc, LK_EINVAL);
		ck_assert_msg(strstr(why, calls[_i].why), "%s", why);
	}
	text_finish(&url);
	target_finish(&t);
}
END_TEST

static const struct {
	size_t value_bytes;
	int rc;
} lengths[] = {
	{TARGET_URL_MAX_BYTES - sizeof("http://h/") + 1, 0},
	{TARGET_URL_MAX_BYTES - sizeof("http://h/") + 2, LK_EINVAL},
};

START_TEST(the_length_of_a_url_has_a_cap)
{
	static char value[TARGET_URL_MAX_BYTES];
	const char *attrs[] = {"uri.v", value};
	struct uri_args args = {attrs, 1};
	struct target t;
	struct text url;
	const char *message;
	char why[256] = "";

	memset(value, 'v', lengths[_i].value_bytes);
	ck_assert_int_eq(target_parse("http://h/{v}", &t, &message), 0);
	text_init(&url, TARGET_URL_MAX_BYTES);
	ck_assert_int_eq(target_expand(&t, &args, &url, why, sizeof(why)), lengths[_i].rc);
	ck_assert_int_eq(strstr(why, "longer than 16384") != NULL, lengths[_i].rc < 0);
	text_finish(&url);
	/* A text with more room does not lift the cap. */
	text_init(&url, 2 * TARGET_URL_MAX_BYTES);
	ck_assert_int_eq(target_expand(&t, &args, &url, why, sizeof(why)), lengths[_i].rc);
	text_finish(&url);
	target_finish(&t);
}
END_TEST

static const struct {
	const char *url, *message; /* NULL: good */
} last_looks[] = {
	{"https://h:81", NULL},
	{"https://h:81/a?b=%c3%9F&c='d'", NULL},
	{"https://h:81?a", NULL},
	{"https://h:8", "host and port"},
	{"https://h:811/", "host and port"},
	{"https://h:81.evil/", "host and port"},
	{"https://h:81/a b", "not percent-encoded"},
	{"https://h:81/a\r\nb", "not percent-encoded"},
	{"https://h:81/a\tb", "not percent-encoded"},
	{"https://h:81/\x7f", "not percent-encoded"},
	{"https://h:81/\xc3\x9f", "not percent-encoded"},
	{"https://h:81/a\\b", "not percent-encoded"},
	{"https://h:81/{a}", "not percent-encoded"},
	{"https://h:81/<a>", "not percent-encoded"},
	{"https://h:81/%", "two hexadecimal digits"},
	{"https://h:81/%4", "two hexadecimal digits"},
	{"https://h:81/%4g", "two hexadecimal digits"},
	{"https://h:81/a#b", "fragment"},
};

START_TEST(the_last_look_sees_everything)
{
	struct target t;
	const char *message = NULL;

	ck_assert_int_eq(target_parse("https://h:81/{v}", &t, &message), 0);
	int rc = target_check_url(&t, last_looks[_i].url, &message);
	ck_assert_int_eq(rc, last_looks[_i].message ? LK_EINVAL : 0);
	if (last_looks[_i].message)
		ck_assert_msg(strstr(message, last_looks[_i].message), "%s", message);
	target_finish(&t);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	static const char *const attrs[] = {"uri.id", "a b"};
	struct uri_args args = {attrs, 1};
	int pending = 0;

	for (unsigned n = 1; !pending; n++) {
		struct target t = {.url = NULL};
		struct text url;
		const char *message;
		char why[256];

		text_init(&url, TARGET_URL_MAX_BYTES);
		wh_fail_at(n);
		int rc = target_parse("https://h/a{/id}{?id}", &t, &message);
		if (rc == 0)
			rc = target_expand(&t, &args, &url, why, sizeof(why));
		pending = wh_fail_pending();
		wh_fail_at(0);
		ck_assert_int_eq(rc, pending ? 0 : LK_ENOMEM);
		text_finish(&url);
		target_finish(&t);
		ck_assert_uint_lt(n, 20);
	}
}
END_TEST

/* A fixed sequence (xorshift), so that a failure can be repeated. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Up to five of the pieces that matter. */
static void make_value(char *value, size_t bytes, uint32_t *state)
{
	static const char *const pieces[] = {".", "..", "/", "%2e", "%2E", ";", "?", "@",
	                                     ":", "x",  "%", "\\",  "#",   "",  "//"};
	size_t used = 0;

	for (uint32_t n = next_random(state) % 6; n > 0; n--)
		used += (size_t)snprintf(value + used, bytes - used, "%s",
		                         pieces[next_random(state) % 15]);
}

/* Whatever the values: the URL that comes out stays at its host and in its folder. */
START_TEST(no_value_leaves_host_or_folder)
{
	static const char *const templates[] = {
		"http://h/a/b/{v}",    "http://h/a/b/{+v}",       "http://h/a/b/{v}{+w}/c",
		"http://h/a/b{/v*}/c", "http://h/a/b/{+v}{;w}",   "http://h/a/b{/v,w}.{w}",
		"http://h/a/b/.{+v}",  "http://h/a/b/{v}{w}.{v}", "http://h/a/b/{+v}{/w}",
	};
	uint32_t state = 88172645u;
	unsigned sent = 0;

	for (int round = 0; round < 5000; round++) {
		char values[2][32] = {"", ""}, why[256];
		const char *attrs[] = {"uri.v", values[0], "uri.w", values[1]};
		struct uri_args args = {attrs, next_random(&state) % 3};
		const char *message;
		struct target t;
		struct text url;

		make_value(values[0], sizeof(values[0]), &state);
		make_value(values[1], sizeof(values[1]), &state);
		ck_assert_int_eq(target_parse(templates[next_random(&state) % 9], &t, &message), 0);
		text_init(&url, TARGET_URL_MAX_BYTES);
		if (target_expand(&t, &args, &url, why, sizeof(why)) == 0) {
			const char *s = text_str(&url);
			size_t path = strcspn(s, "?");
			ck_assert_msg(strncmp(s, "http://h/a/b", 12) == 0, "%s", s);
			ck_assert_msg(memmem(s, path, "/../", 4) == NULL, "%s", s);
			ck_assert_msg(path < 3 || memcmp(s + path - 3, "/..", 3) != 0, "%s", s);
			sent++;
		}
		text_finish(&url);
		target_finish(&t);
	}
	ck_assert_uint_gt(sent, 500);
	ck_assert_uint_lt(sent, 4500);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_good_url_is_taken_apart, good),
	SUITE_LOOP(a_bad_url_says_what_would_be_right, bad),
	SUITE_LOOP(a_call_makes_a_url_or_is_refused, calls),
	SUITE_LOOP(the_length_of_a_url_has_a_cap, lengths),
	SUITE_LOOP(the_last_look_sees_everything, last_looks),
	SUITE_TEST(survives_every_failed_allocation),
	SUITE_TEST(no_value_leaves_host_or_folder),
};

SUITE_MAIN("target", tests)
