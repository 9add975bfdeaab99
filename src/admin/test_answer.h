/*
 * The answer of Test connection as JSON, for the API and the command line alike:
 *
 *	{"ok", "project", "name", "environment", "status", "reason", "detail",
 *	 "phases": [{"name", "ms", "done"}], "failed_phase", "evidence": [TEXT], "hint", "guide",
 *	 "peer", "tls": {"version", "cipher", "chain": [{"subject", "issuer", "not_before", "not_after",
 *	 "days_left", "san"}]}, "response": {"headers": {}, "body" or "body_base64", "truncated"},
 *	 "duration_ms", "request"}
 *
 * What does not apply is null.  A phase's ms is its own; one that there cannot be is left out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct deployment;
struct json;
struct send_answer;

/* What was tested. */
struct test_case {
	char project[104], name[104], environment[68];
	int64_t connection_timeout_ms, request_timeout_ms;
	bool is_plain; /* without TLS */
};

/* Copied out of the deployment. */
void test_case_of(struct test_case *ret, const struct deployment *deployment);

/* now_ms: Unix time.  The answer stays the caller's.  NULL: no memory. */
struct json *test_answer_json(const struct test_case *tested, const struct send_answer *answer,
                              int64_t now_ms);
/* One that was never begun, because the connector cannot open the connection. */
struct json *test_refused_json(const struct test_case *tested, const char *detail, int64_t now_ms);
