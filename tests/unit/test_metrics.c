/* The exposition as Prometheus reads it, held against the table. */
#include "admin/metrics.h"

#include <stdbool.h>
#include <stdio.h>

#include "api_fixture.h"
#include "suite.h"

#define LINK "{project=\"global\",connection=\"Echo\",environment=\"Test\""
#define SEND "/api/v1/projects/global/connections/Echo/send"

/* The body of a scrape, until the next one. */
static const char *scrape(void)
{
	const char *reply = api_ask("GET", "/metrics", NULL);

	ck_assert_uint_eq(peer_status(reply), 200);
	ck_assert_ptr_nonnull(
		strstr(reply, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	return peer_body(reply);
}

static void expect_line(const char *line)
{
	char wanted[512];
	const char *text = scrape();

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	ck_assert_msg(strstr(text, wanted) != NULL, "no line %s in:\n%s", line, text);
}

static void send_one(const char *query)
{
	char target[256];

	snprintf(target, sizeof(target), SEND "%s", query);
	const char *reply = api_ask("POST", target, "{}");
	ck_assert_msg(peer_status(reply) < 300, "%s", reply);
}

START_TEST(what_was_sent_is_counted)
{
	api_start();
	send_one("?mode=direct");
	send_one("?mode=direct");
	expect_line("linkspan_delivery_attempts_total" LINK
	            ",outcome=\"delivered\",code_class=\"none\",try=\"first\"} 2");
	expect_line("linkspan_http_client_request_duration_seconds_bucket" LINK ",le=\"+Inf\"} 2");
	expect_line("linkspan_http_client_request_duration_seconds_count" LINK "} 2");
	expect_line("linkspan_plugin_echoes_total" LINK "} 2");
	expect_line("linkspan_config_last_reload_successful 1");
	expect_line("linkspan_ready 1");
	api_stop();
}
END_TEST

START_TEST(a_paused_link_holds_its_messages)
{
	api_start();
	api_expect(api_ask("POST", "/api/v1/projects/global/connections/Echo:pause", NULL), 200,
	           NULL);
	send_one("");
	send_one("");
	expect_line("linkspan_link_paused" LINK "} 1");
	expect_line("linkspan_outbox_messages" LINK ",state=\"held\"} 2");
	expect_line("linkspan_outbox_messages" LINK ",state=\"ready\"} 0");
	expect_line("linkspan_outbox_messages" LINK ",state=\"leased\"} 0");
	api_stop();
}
END_TEST

START_TEST(a_reload_that_failed_is_seen)
{
	const struct admin_configuration c = api_configuration("a fault");

	api_start();
	ck_assert_int_eq(admin_configure(api.admin, &c), 0);
	expect_line("linkspan_config_last_reload_successful 0");
	expect_line("linkspan_ready 0");
	api_stop();
}
END_TEST

START_TEST(answers_are_counted_by_route)
{
	api_start();
	send_one("");
	send_one("");
	api_ask("GET", "/api/v1/deliveries/canary", NULL);
	api_ask("GET", "/canary", NULL);
	api_ask("PATCH", "/healthz", NULL);
	api_ask("GET", "/canary\xff", NULL);
	expect_line("linkspan_api_requests_total{route=\"/api/v1/projects/{project}/connections/"
	            "{name}/send\",method=\"POST\",code=\"202\"} 2");
	expect_line("linkspan_api_requests_total{route=\"/api/v1/deliveries/{id}\",method=\"GET\","
	            "code=\"404\"} 1");
	expect_line("linkspan_api_requests_total{route=\"\",method=\"\",code=\"405\"} 1");
	ck_assert_ptr_null(strstr(scrape(), "canary"));
	api_stop();
}
END_TEST

START_TEST(a_link_that_is_gone_tells_nothing)
{
	api_start();
	ck_assert_int_eq(host_close(hosting.host, NULL, "Echo", "Test", NULL), 0);
	ck_assert_ptr_null(strstr(scrape(), "Echo"));
	api_stop();
}
END_TEST

/*
 * The text against the table
 */

struct reading {
	const struct metric *metric; /* whose lines these are */
	char name[128];
	bool seen[128];
};

static const struct metric *find_metric(const char *name)
{
	for (size_t i = 0; i < metric_count; i++)
		if (strcmp(metrics[i].name, name) == 0)
			return &metrics[i];
	return NULL;
}

static void read_head(struct reading *r, const char *line)
{
	char name[128], kind[16];

	if (sscanf(line, "# HELP %127s", name) == 1) {
		snprintf(r->name, sizeof(r->name), "%s", name);
		r->metric = find_metric(name);
		bool plugin = strncmp(name, "linkspan_plugin_", 16) == 0;
		ck_assert_msg(r->metric || plugin, "%s is not in the table", name);
		if (r->metric) {
			ck_assert_msg(!r->seen[r->metric - metrics], "%s comes twice", name);
			r->seen[r->metric - metrics] = true;
			ck_assert_ptr_nonnull(strstr(line, r->metric->help));
		}
		return;
	}
	ck_assert_int_eq(sscanf(line, "# TYPE %127s %15s", name, kind), 2);
	ck_assert_str_eq(name, r->name);
	if (r->metric)
		ck_assert_str_eq(kind, sheet_kind_name(r->metric->kind));
}

/* The names of the labels of a sample, with commas; those that a histogram adds are left out. */
static void label_names(const char *line, char *names, size_t bytes)
{
	size_t used = 0;

	names[0] = '\0';
	for (const char *at = strchr(line, '{'); at && *at != '}';) {
		const char *name = at + 1, *equals = strchr(name, '=');
		if (strncmp(name, "le=", 3) != 0)
			used += (size_t)snprintf(names + used, bytes - used, "%s%.*s",
			                         used ? "," : "", (int)(equals - name), name);
		at = strchr(equals + 2, '"') + 1;
	}
}

static void read_sample(const struct reading *r, const char *line)
{
	static const char *const histogram_ends[] = {"_bucket", "_sum", "_count"};
	size_t length = strcspn(line, "{ "), base = strlen(r->name);
	char names[256];

	ck_assert_msg(strncmp(line, r->name, base) == 0, "%s below %s", line, r->name);
	bool fits = length == base;
	for (size_t i = 0; i < 3; i++)
		fits |= length == base + strlen(histogram_ends[i]) &&
		        strncmp(line + base, histogram_ends[i], strlen(histogram_ends[i])) == 0;
	ck_assert_msg(fits, "%s below %s", line, r->name);
	if (!r->metric)
		return;
	label_names(line, names, sizeof(names));
	ck_assert_str_eq(names, r->metric->labels);
}

START_TEST(every_line_is_of_the_table)
{
	struct reading r = {0};
	char *at, *line;

	api_start();
	send_one("?mode=direct");
	char *text = strdup(scrape());
	for (line = strtok_r(text, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		if (line[0] == '#')
			read_head(&r, line);
		else
			read_sample(&r, line);
	}
	for (size_t i = 0; i < metric_count; i++)
		ck_assert_msg(r.seen[i], "%s is missing", metrics[i].name);
	free(text);
	api_stop();
}
END_TEST

START_TEST(a_label_is_escaped)
{
	struct buf labels;

	buf_init(&labels, 100);
	sheet_label(&labels, "a", "x\"\\\ny");
	sheet_label(&labels, "b", "");
	ck_assert_str_eq(buf_str(&labels), "a=\"x\\\"\\\\\\ny\",b=\"\"");
	buf_finish(&labels);
}
END_TEST

static const struct {
	double value;
	const char *line;
} numbers[] = {
	{0, "n 0\n"},
	{0.1, "n 0.1\n"},
	{1795560935.25, "n 1795560935.25\n"},
	{12345678901234, "n 12345678901234\n"},
};

START_TEST(a_number_keeps_its_digits)
{
	struct sheet s = {.name = "n"};

	buf_init(&s.text, 100);
	sheet_number(&s, "", "", numbers[_i].value);
	ck_assert_str_eq(buf_str(&s.text), numbers[_i].line);
	buf_finish(&s.text);
}
END_TEST

START_TEST(the_buckets_of_a_histogram_add_up)
{
	struct histogram_view v = {.counts = {1, 0, 2}, .sum_us = 1500000};
	struct sheet s = {.name = "h"};

	v.counts[HISTOGRAM_BOUNDS] = 1;
	buf_init(&s.text, 10000);
	sheet_histogram(&s, "", "a=\"b\"", &histogram_requests, &v);
	const char *text = buf_str(&s.text);
	ck_assert_ptr_nonnull(strstr(text, "h_bucket{a=\"b\",le=\"0.005\"} 1\n"
	                                   "h_bucket{a=\"b\",le=\"0.01\"} 1\n"
	                                   "h_bucket{a=\"b\",le=\"0.025\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(text, "h_bucket{a=\"b\",le=\"60\"} 3\n"
	                                   "h_bucket{a=\"b\",le=\"+Inf\"} 4\n"
	                                   "h_sum{a=\"b\"} 1.5\n"
	                                   "h_count{a=\"b\"} 4\n"));
	buf_finish(&s.text);
}
END_TEST

START_TEST(without_memory_it_is_a_problem)
{
	struct err e = {0};
	struct sheet s;
	unsigned failed = 0;

	api_start();
	for (;; failed++) {
		mem_fail_at(failed + 1);
		int rc = sheet_init(&s, hosting.host, &e);
		bool done = mem_fail_pending();
		mem_fail_at(0);
		if (rc == 0)
			sheet_finish(&s);
		else
			ck_assert_int_eq(rc, ERR_NO_MEMORY);
		if (done)
			break;
	}
	ck_assert_uint_gt(failed, 2);
	api_stop();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_was_sent_is_counted),
	SUITE_TEST(a_paused_link_holds_its_messages),
	SUITE_TEST(a_reload_that_failed_is_seen),
	SUITE_TEST(answers_are_counted_by_route),
	SUITE_TEST(a_link_that_is_gone_tells_nothing),
	SUITE_TEST(every_line_is_of_the_table),
	SUITE_TEST(a_label_is_escaped),
	SUITE_LOOP(a_number_keeps_its_digits, numbers),
	SUITE_TEST(the_buckets_of_a_histogram_add_up),
	SUITE_TEST(without_memory_it_is_a_problem),
};

SUITE_MAIN("metrics", tests)
