/*
 * The status of a reply: which mean success, what the others mean for the message and the link, and
 * how long the peer asks to wait (Retry-After, RFC 9110, 10.2.3).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

enum { STATUS_MIN = 200, STATUS_MAX = 599 }; /* of final replies */

/* A set of codes. */
struct status_set {
	uint8_t bits[(STATUS_MAX - STATUS_MIN) / 8 + 1];
};

/* Reads "200-299", "200,202, 204" or "200-204, 404".  0, or LK_EINVAL with constant text. */
int status_set_parse(const char *text, struct status_set *ret, const char **ret_message);
bool status_set_has(const struct status_set *set, unsigned status);

/* For struct lk_outcome.  hint is constant text. */
struct status_verdict {
	uint32_t result, flags;
	enum reason reason;
	const char *hint; /* what the status says, for people */
};

struct status_verdict status_judge(const struct status_set *success, unsigned status);
/* One line for lk_outcome.detail: "404: the peer refuses this request".  has_location: the reply has
 * that header; what is in it is not shown, because it may hold a token. */
void status_detail(const struct status_verdict *verdict, unsigned status, bool has_location,
                   char *text, size_t text_bytes);

/* The longest wait that is reported, whatever the peer asks: the host caps it much lower. */
#define STATUS_RETRY_AFTER_MAX_MS (365 * INT64_C(86400000))

/* The wait that a Retry-After field asks for: seconds, or a date in any of the three forms of
 * RFC 9110, 5.6.7, against now.  0: now or in the past; -1: nothing that can be understood. */
int64_t status_retry_after_ms(const char *value, size_t bytes, int64_t now_unix_ms);
