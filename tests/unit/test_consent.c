/* Tests of which secrets a deployment would send where. */
#include <linkspan/connector.h>
#include <stdarg.h>

#include "core/catalog_impl.h"
#include "hosting.h"
#include "sqlite_fixture.h"
#include "suite.h"
#include "json/json.h"

static struct store *store;

static void begin(void)
{
	static const char *const plugins[] = {"webhook", "echo", NULL};

	hosting_begin(plugins, "\"0.0.0.0/0\", \"::/0\"");
	clock_fake_set(1000, PROBE_START_MS);
	store = fixture_open_again();
	fixture_recover(store);
}

static void end(void)
{
	store_close(store);
	hosting_end();
}

static struct deployment *make(const char *type, const char *settings)
{
	hosting_define("It", type, settings);
	conf_finish(&hosting.conf);
	hosting.conf = (struct conf){0};
	ck_assert_msg(conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report) == 0,
	              "%s", folder_print(&hosting.report));
	return hosting_deployment("It");
}

static struct deployment *hook(const char *url, const char *key)
{
	char settings[512];

	snprintf(
		settings, sizeof(settings),
		"method = \"POST\"; url = \"%s\"; headers = ( { name = \"X-Key\"; value = \"%s\"; } );",
		url, key);
	return make("webhook", settings);
}

static void approve(const char *secret, const char *origin)
{
	const struct store_approval pair = {secret, origin};
	struct store_change op = {.op.kind = STORE_CHANGE, .approvals = &pair, .approval_count = 1};

	ck_assert_int_eq(store_post_wait(store, &op.op), 0);
}

/* "secret origin[!];…": what is not approved yet, with ! where the secret has gone elsewhere. */
static const char *verdict_after(struct deployment *d, struct deployment *before,
                                 const char *const *paths)
{
	static char text[1024];
	struct consent consent;
	struct err e = {0};
	size_t used = 0;

	consent_init(&consent);
	ck_assert_msg(consent_read(&consent, store, d, before, paths, &e) == 0, "%s", e.text);
	text[0] = '\0';
	for (size_t i = 0; i < consent.fresh_count; i++) {
		const struct store_approval *pair = &consent.fresh[i];
		bool refused = false;
		for (size_t k = 0; k < json_count(consent.refused); k++)
			refused = refused || strcmp(json_as_string(json_get(
							    json_at(consent.refused, k), "secret")),
			                            pair->secret) == 0;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s%s;", pair->secret,
		                         pair->origin, refused ? "!" : "");
	}
	for (size_t k = consent.fresh_count; k < json_count(consent.refused); k++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s!;",
			json_as_string(json_get(json_at(consent.refused, k), "secret")));
	consent_finish(&consent);
	deployment_destroy(d);
	deployment_destroy(before);
	return text;
}

static const char *verdict(struct deployment *d)
{
	return verdict_after(d, NULL, NULL);
}

static const struct {
	const char *url, *origin;
} origins[] = {
	{"https://a.example/x", "https://a.example:443"},
	{"https://a.example", "https://a.example:443"},
	{"https://a.example:443/", "https://a.example:443"},
	{"https://a.example:8443/", "https://a.example:8443"},
	{"http://a.example/x", "http://a.example:80"},
	{"HTTPS://A.Example/X", "https://a.example:443"},
	{"https://[2001:DB8::1]/x", "https://[2001:db8::1]:443"},
	{"https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443"},
	{"https://a.example/{order}:80", "https://a.example:443"},
	{"https://a.example?b=c:80", "https://a.example:443"},
	{"https://a.example/{?order}", "https://a.example:443"},
};

START_TEST(an_origin_is_scheme_host_and_port)
{
	char expected[128];

	begin();
	snprintf(expected, sizeof(expected), "env/KEY %s;", origins[_i].origin);
	ck_assert_str_eq(verdict(hook(origins[_i].url, "${secret:env/KEY}")), expected);
	end();
}
END_TEST

START_TEST(without_a_url_the_type_is_the_origin)
{
	begin();
	ck_assert_str_eq(verdict(make("echo", "token = \"${secret:env/KEY}\";")), "env/KEY echo:;");
	end();
}
END_TEST

START_TEST(without_secrets_there_is_nothing_to_ask)
{
	begin();
	ck_assert_str_eq(verdict(hook("https://a.example", "plain")), "");
	end();
}
END_TEST

START_TEST(each_secret_is_asked_for_once)
{
	begin();
	ck_assert_str_eq(
		verdict(hook("https://a.example", "${secret:env/A}${secret:env/B}${secret:env/A}")),
		"env/A https://a.example:443;env/B https://a.example:443;");
	end();
}
END_TEST

START_TEST(a_secret_may_go_where_it_went_before)
{
	begin();
	approve("env/KEY", "https://a.example:443");
	ck_assert_str_eq(verdict(hook("https://a.example/other", "${secret:env/KEY}")), "");
	ck_assert_str_eq(verdict(hook("https://b.example", "${secret:env/KEY}")),
	                 "env/KEY https://b.example:443!;");
	ck_assert_str_eq(verdict(hook("https://a.example:444", "${secret:env/KEY}")),
	                 "env/KEY https://a.example:444!;");
	ck_assert_str_eq(verdict(hook("http://a.example:443", "${secret:env/KEY}")),
	                 "env/KEY http://a.example:443!;");
	ck_assert_str_eq(verdict(make("echo", "token = \"${secret:env/KEY}\";")),
	                 "env/KEY echo:!;");
	/* Another secret has gone nowhere yet. */
	ck_assert_str_eq(verdict(hook("https://b.example", "${secret:env/OTHER}${secret:env/KEY}")),
	                 "env/OTHER https://b.example:443;env/KEY https://b.example:443!;");
	approve("env/KEY", "https://b.example:443");
	ck_assert_str_eq(verdict(hook("https://b.example", "${secret:env/KEY}")), "");
	ck_assert_str_eq(verdict(hook("https://a.example", "${secret:env/KEY}")), "");
	end();
}
END_TEST

START_TEST(without_memory_nothing_is_agreed_to)
{
	struct consent consent;
	int rc = -1;

	begin();
	approve("env/KEY", "https://a.example:443");
	struct deployment *d = hook("https://b.example", "${secret:env/KEY}");
	for (unsigned n = 1; rc < 0 && n < 1000; n++) {
		struct err e = {0};
		consent_init(&consent);
		mem_fail_at(n);
		rc = consent_read(&consent, store, d, NULL, NULL, &e);
		mem_fail_at(0);
		ck_assert_int_eq(rc, e.code);
		ck_assert(rc < 0 || json_count(consent.refused) == 1);
		consent_finish(&consent);
	}
	ck_assert_int_eq(rc, 0);
	deployment_destroy(d);
	end();
}
END_TEST

/* A secret that was sealed just now has gone nowhere, but it may be what the present receiver has. */
START_TEST(what_runs_now_says_where_its_secrets_go)
{
	static const char one[] = "https://a.example/x", other[] = "https://evil.example/x";
	static const char *const literals[] = {"settings.headers[0].value", NULL};

	begin();
	ck_assert_str_eq(verdict_after(hook(one, "${secret:env/NEW}"), hook(one, "x"), literals),
	                 "env/NEW https://a.example:443;");
	ck_assert_str_eq(verdict_after(hook(other, "${secret:env/NEW}"), hook(one, "x"), NULL),
	                 "env/NEW https://evil.example:443!;");
	ck_assert_str_eq(verdict_after(hook(other, "x"), hook(one, "x"), literals),
	                 "settings.headers[0].value!;");
	approve("env/NEW", "https://evil.example:443");
	ck_assert_str_eq(verdict_after(hook(other, "${secret:env/NEW}"), hook(one, "x"), NULL), "");
	ck_assert_str_eq(verdict_after(hook(other, "x"), hook(one, "x"), NULL), "");
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_runs_now_says_where_its_secrets_go),
	SUITE_LOOP(an_origin_is_scheme_host_and_port, origins),
	SUITE_TEST(without_a_url_the_type_is_the_origin),
	SUITE_TEST(without_secrets_there_is_nothing_to_ask),
	SUITE_TEST(each_secret_is_asked_for_once),
	SUITE_TEST(a_secret_may_go_where_it_went_before),
	SUITE_TEST(without_memory_nothing_is_agreed_to),
};
SUITE_MAIN("consent", tests)
