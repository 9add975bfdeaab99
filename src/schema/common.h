/* The host's own rows, valid for every connection type. */
#pragma once

#include <linkspan/connector.h>

enum { BODY_TEMPLATE_MAX = 16384 /* bytes */ };

/* Rows of `settings`, in the order of the table. */
enum common_row {
	COMMON_POOL_SIZE,
	COMMON_RETRY_DELAY_S,
	COMMON_RETRY_MAX_ATTEMPTS,
	COMMON_RETRY_MAX_AGE_S,
	COMMON_RETRY_INLINE,
	COMMON_RATE_PER_S,
	COMMON_BURST,
	COMMON_ORDERING,
	COMMON_QUEUE_MAX_MESSAGES,
	COMMON_RESPONSE_KEEP_BYTES,
	COMMON_ALERT_CONNECTION,
	COMMON_TEST_EVERY_S,
	COMMON_BODY_TEMPLATE,
	COMMON_ROWS,
};

extern const struct lk_param common_rows[COMMON_ROWS];
