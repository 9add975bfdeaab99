/* Tests of the answer of Test connection: phases, evidence, hints, certificates. */
#include "admin/test_answer.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

#include "admin/test_reasons.h"
#include "base/buf.h"
#include "base/mem.h"
#include "core/host.h"
#include "plug/hostapi.h"
#include "suite.h"
#include "webhook/reason.h"
#include "webhook/status.h"
#include "json/json.h"

#define DAY_MS (24ll * 60 * 60 * 1000)

static const int64_t now_ms = 1700000000000;

static const struct test_case tested = {
	.project = "shop",
	.name = "Orders",
	.environment = "Test",
	.connection_timeout_ms = 3000,
	.request_timeout_ms = 4000,
};

static struct json *answer_of(uint32_t result, unsigned status, const char *reason,
                              const char *const *attrs, uint32_t attr_count,
                              const struct test_case *of)
{
	const struct lk_outcome given = {
		.size = sizeof(given),
		.result = result,
		.status = status,
		.reason = reason,
		.detail = result == LK_DONE ? NULL : "as it was",
		.retry_after_ms = -1,
		.reply_attrs = attrs,
		.reply_attr_count = attr_count,
		.reply = status ? "hello" : NULL,
		.reply_bytes = status ? 5 : 0,
		.reply_total_bytes = status ? 9 : 0,
	};
	const struct send_answer answer = {.outcome = outcome_copy(&given), .duration_ms = 12};
	struct json *v = test_answer_json(of, &answer, now_ms);

	outcome_destroy(answer.outcome);
	return v;
}

static const char *text_of(const struct json *v, const char *key)
{
	const char *text = json_as_string(json_get(v, key));

	return text ? text : "";
}

/* "resolve+ connect+ tls-": which are done. */
static const char *phases_of(const struct json *v)
{
	static char text[256];
	const struct json *list = json_get(v, "phases");
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *phase = json_at(list, i);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%s", i ? " " : "",
		                       text_of(phase, "name"),
		                       json_as_bool(json_get(phase, "done")) ? "+" : "-");
	}
	return text;
}

/* Tokens of the host itself. */
static const char *const own_reasons[] = {
	"timeout", "pool_exhausted", "rate_limited", "secret",         "stopping",
	"busy",    "blocked",        "breaker_open", "no_memory",      "disabled",
	"paused",  "plugin_error",   "not_deployed", "not_deployable",
};

static void check_row(const char *reason, unsigned status)
{
	static const char *const guides[] = {
		"Webhook 4xx Error",  "Test Connection Failed and Returns 5xx",
		"Connection Timeout", "Authentication Failed",
		"Pool Exhausted",     "Connection Test Successful But Integration Flow Gives Error",
	};
	const struct test_reason *row = test_reason_find(reason, status);
	bool known = false;

	ck_assert_msg(row != NULL, "\"%s\" has no row in test_reasons.c", reason);
	ck_assert_str_ne(row->evidence, "");
	ck_assert_str_ne(row->mend, "");
	for (size_t i = 0; i < sizeof(guides) / sizeof(guides[0]); i++)
		known = known || strcmp(guides[i], row->guide) == 0;
	ck_assert_msg(known, "%s", row->guide);
}

/* The guide has what a hint refers to. */
START_TEST(every_heading_is_in_the_guide)
{
	static char text[256 * 1024];
	char path[768], heading[160];
	const char *source = getenv("LINKSPAN_SOURCE");

	ck_assert_msg(source != NULL, "run by make check");
	snprintf(path, sizeof(path), "%s/docs/troubleshooting.md", source);
	FILE *file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	for (size_t i = 0; i < test_reason_count; i++) {
		snprintf(heading, sizeof(heading), "# %s\n", test_reasons[i].guide);
		ck_assert_msg(strstr(text, heading) != NULL, "%s", test_reasons[i].guide);
	}
}
END_TEST

START_TEST(every_reason_of_the_plugin_has_a_row)
{
	for (int i = REASON_OK + 1; i < REASONS; i++)
		check_row(reason_text(i), 0);
}
END_TEST

START_TEST(every_reason_of_the_host_has_a_row)
{
	for (size_t i = 0; i < sizeof(own_reasons) / sizeof(own_reasons[0]); i++)
		check_row(own_reasons[i], 0);
}
END_TEST

START_TEST(every_status_has_a_row_that_speaks_of_it)
{
	const struct status_set none = {{0}};

	for (unsigned status = 200; status <= 599; status++) {
		struct status_verdict verdict = status_judge(&none, status);
		check_row(reason_text(verdict.reason), status);
		ck_assert_uint_eq(test_reason_find(reason_text(verdict.reason), status)->phase,
		                  TEST_STATUS);
	}
}
END_TEST

START_TEST(a_row_is_reached_and_its_words_are_known)
{
	for (size_t i = 0; i < test_reason_count; i++) {
		const struct test_reason *row = &test_reasons[i];
		struct json *v = answer_of(LK_REJECT, row->status, row->reason, NULL, 0, &tested);
		ck_assert_ptr_eq(test_reason_find(row->reason, row->status), row);
		ck_assert_ptr_null(strstr(text_of(v, "hint"), "{name}"));
		ck_assert_ptr_null(strstr(text_of(v, "hint"), "_ms}"));
		ck_assert_ptr_null(strstr(text_of(v, "hint"), "{environment}"));
		json_free(v);
	}
}
END_TEST

static const char *const times[] = {
	"time.resolve_us",    "1000", "time.connect_us", "3000", "time.tls_us", "7000",
	"time.first_byte_us", "8000", "time.total_us",   "9500",
};

static const struct phase_row {
	const char *reason;
	uint32_t result;
	unsigned status;
	uint32_t attr_count;
	bool is_plain;
	const char *phases, *failed;
} phase_rows[] = {
	{"ok", LK_DONE, 200, 5, false, "resolve+ connect+ tls+ first_byte+ whole+", ""},
	{"ok", LK_DONE, 0, 3, false, "resolve+ connect+ tls+", ""}, /* kind = "connect" */
	{"ok", LK_DONE, 0, 5, false, "resolve+ connect+ tls+ first_byte+", ""},
	{"dns", LK_RETRY, 0, 0, false, "resolve- connect- tls- first_byte- whole-", "resolve"},
	{"refused", LK_RETRY, 0, 1, false, "resolve+ connect- tls- first_byte- whole-", "connect"},
	{"refused", LK_RETRY, 0, 1, true, "resolve+ connect- first_byte- whole-", "connect"},
	{"tls_verify", LK_BLOCKED, 0, 2, false, "resolve+ connect+ tls- first_byte- whole-", "tls"},
	{"timeout_body", LK_RETRY, 0, 5, false, "resolve+ connect+ tls+ first_byte+ whole-",
         "whole"},
	{"http_4xx", LK_REJECT, 404, 5, false, "resolve+ connect+ tls+ first_byte+ whole+",
         "status"},
	{"secret", LK_BLOCKED, 0, 0, true, "resolve- connect- first_byte- whole-", "prepare"},
	{"never_heard_of", LK_RETRY, 0, 2, false, "resolve+ connect+ tls- first_byte- whole-",
         "tls"},
};

START_TEST(the_phase_that_failed_is_named)
{
	const struct phase_row *row = &phase_rows[_i];
	struct test_case of = tested;

	of.is_plain = row->is_plain;
	struct json *v =
		answer_of(row->result, row->status, row->reason, times, row->attr_count, &of);
	ck_assert_str_eq(phases_of(v), row->phases);
	ck_assert_str_eq(text_of(v, "failed_phase"), row->failed);
	ck_assert_int_eq(json_as_bool(json_get(v, "ok")), row->result == LK_DONE);
	ck_assert_int_eq(json_kind(json_get(v, "hint")) == JSON_STRING, row->result != LK_DONE);
	json_free(v);
}
END_TEST

START_TEST(each_phase_has_its_own_time)
{
	static const double own[] = {1, 2, 4, 1, 1.5};
	struct json *v = answer_of(LK_DONE, 200, "ok", times, 5, &tested);

	for (size_t i = 0; i < 5; i++)
		ck_assert_double_eq_tol(
			json_as_double(json_get(json_at(json_get(v, "phases"), i), "ms")), own[i],
			1e-9);
	json_free(v);
}
END_TEST

START_TEST(a_hint_names_commands_and_values_of_this_connection)
{
	struct json *v = answer_of(LK_RETRY, 0, "timeout_connect", times, 1, &tested);
	const char *first = json_as_string(json_at(json_get(v, "evidence"), 0));

	ck_assert_ptr_nonnull(strstr(first, "3000 ms"));
	ck_assert_ptr_nonnull(strstr(text_of(v, "hint"), "linkspan connection edit Orders"));
	ck_assert_str_eq(text_of(v, "guide"), "Connection Timeout");
	json_free(v);
}
END_TEST

START_TEST(certificates_are_shown_with_the_days_they_have_left)
{
	char ended[24], begun[24], ends[24];
	const char *attrs[] = {
		"tls.version",
		"TLSv1.3",
		"tls.cipher",
		"TLS_AES_256_GCM_SHA384",
		"tls.chain.0.subject",
		"CN=receiver",
		"tls.chain.0.issuer",
		"CN=authority",
		"tls.chain.0.not_before",
		begun,
		"tls.chain.0.not_after",
		ended,
		"tls.chain.0.san",
		"a.example, 192.0.2.1",
		"tls.chain.1.subject",
		"CN=authority",
		"tls.chain.1.issuer",
		"CN=root",
		"tls.chain.1.not_before",
		begun,
		"tls.chain.1.not_after",
		ends,
	};
	snprintf(begun, sizeof(begun), "%lld", (long long)(now_ms - 100 * DAY_MS));
	snprintf(ended, sizeof(ended), "%lld", (long long)(now_ms - 3 * DAY_MS));
	snprintf(ends, sizeof(ends), "%lld", (long long)(now_ms + 30 * DAY_MS + 1));

	struct json *v = answer_of(LK_BLOCKED, 0, "tls_verify", attrs, 11, &tested);
	const struct json *tls = json_get(v, "tls"), *chain = json_get(tls, "chain");
	ck_assert_str_eq(text_of(tls, "version"), "TLSv1.3");
	ck_assert_uint_eq(json_count(chain), 2);
	ck_assert_int_eq(json_as_int(json_get(json_at(chain, 0), "days_left")), -3);
	ck_assert_int_eq(json_as_int(json_get(json_at(chain, 1), "days_left")), 30);
	ck_assert_uint_eq(json_count(json_get(json_at(chain, 0), "san")), 2);
	ck_assert_str_eq(json_as_string(json_at(json_get(json_at(chain, 0), "san"), 1)),
	                 "192.0.2.1");
	const struct json *evidence = json_get(v, "evidence");
	const char *last = json_as_string(json_at(evidence, json_count(evidence) - 1));
	ck_assert_str_eq(last, "It ended 3 days ago.");
	json_free(v);
}
END_TEST

START_TEST(headers_of_the_reply_are_masked_unless_they_are_harmless)
{
	static const char *const attrs[] = {
		"header.Content-Type", "text/plain", "header.Set-Cookie",  "sid=s3cret",
		"header.X-Token",      "s3cret",     "header.Retry-After", "30",
	};
	struct json *v = answer_of(LK_RETRY, 429, "http_429", attrs, 4, &tested);
	const struct json *response = json_get(v, "response");
	const struct json *headers = json_get(response, "headers");
	struct buf b;

	ck_assert_str_eq(text_of(headers, "Content-Type"), "text/plain");
	ck_assert_str_eq(text_of(headers, "Set-Cookie"), "***");
	ck_assert_str_eq(text_of(headers, "X-Token"), "***");
	ck_assert_str_eq(text_of(response, "body"), "hello");
	ck_assert(json_as_bool(json_get(response, "truncated")));
	buf_init(&b, BUF_MAX_TEXT);
	ck_assert_int_eq(json_write(v, 0, &b), 0);
	ck_assert_ptr_null(strstr(buf_str(&b), "s3cret"));
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "It says Retry-After: 30."));
	buf_finish(&b);
	json_free(v);
}
END_TEST

START_TEST(what_cannot_be_opened_is_an_answer_too)
{
	struct json *v = test_refused_json(&tested, "the settings cannot be used", now_ms);

	ck_assert_str_eq(text_of(v, "failed_phase"), "prepare");
	ck_assert_str_eq(text_of(v, "reason"), "not_deployable");
	ck_assert_str_eq(text_of(v, "detail"), "the settings cannot be used");
	json_free(v);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(every_heading_is_in_the_guide),
	SUITE_TEST(every_reason_of_the_plugin_has_a_row),
	SUITE_TEST(every_reason_of_the_host_has_a_row),
	SUITE_TEST(every_status_has_a_row_that_speaks_of_it),
	SUITE_TEST(a_row_is_reached_and_its_words_are_known),
	SUITE_LOOP(the_phase_that_failed_is_named, phase_rows),
	SUITE_TEST(each_phase_has_its_own_time),
	SUITE_TEST(a_hint_names_commands_and_values_of_this_connection),
	SUITE_TEST(certificates_are_shown_with_the_days_they_have_left),
	SUITE_TEST(headers_of_the_reply_are_masked_unless_they_are_harmless),
	SUITE_TEST(what_cannot_be_opened_is_an_answer_too),
};

SUITE_MAIN("test_answer", tests)
