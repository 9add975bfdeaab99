/* The host's own rows: what every connection can be told, whatever its type. */
#include "schema/common.h"

#include <stddef.h>

#include "base/banned.h"

static int check_test_every(const struct lk_value *value, const char **ret_message)
{
	if (value->u.i == 0 || value->u.i >= 60)
		return 0;
	*ret_message = "allowed: 0 (off), or 60 to 86400";
	return LK_EINVAL;
}

static int check_body_template(const struct lk_value *value, const char **ret_message)
{
	if (value->count <= BODY_TEMPLATE_MAX)
		return 0;
	*ret_message = "allowed: at most 16384 bytes";
	return LK_EINVAL;
}

static const char *const orderings[] = {"off", "key", NULL};

const struct lk_param common_rows[COMMON_ROWS] = {
	[COMMON_POOL_SIZE] =
		{
			.name = "pool_size",
			.type = LK_T_INT,
			.flags = LK_ADVANCED,
			.label = "Pool size",
			.group = "Settings",
			.help = "The most connections that are open at once; 0 lets the host find "
				"the right number.",
			.def = "0",
			.min = 0,
			.max = 1000,
		},
	[COMMON_RETRY_DELAY_S] =
		{
			.name = "retry_delay_s",
			.type = LK_T_INT,
			.label = "Retry delay (seconds)",
			.group = "Settings",
			.help = "The wait before the first retry, growing exponentially from "
				"there; without it the standard schedule holds.",
			.min = 1,
			.max = 86400,
		},
	[COMMON_RETRY_MAX_ATTEMPTS] =
		{
			.name = "retry_max_attempts",
			.type = LK_T_INT,
			.label = "Most attempts",
			.group = "Settings",
			.help = "How often a stored message is tried before it becomes a dead "
				"letter.",
			.def = "12",
			.min = 1,
			.max = 50,
		},
	[COMMON_RETRY_MAX_AGE_S] =
		{
			.name = "retry_max_age_s",
			.type = LK_T_INT,
			.label = "Greatest age (seconds)",
			.group = "Settings",
			.help = "How long a stored message is tried before it becomes a dead "
				"letter.",
			.def = "259200",
			.min = 60,
			.max = 2592000,
		},
	[COMMON_RETRY_INLINE] =
		{
			.name = "retry_inline",
			.type = LK_T_INT,
			.label = "Retries of a direct call",
			.group = "Settings",
			.help = "How often a direct call is tried again, 200 ms apart, while its "
				"caller waits.",
			.def = "1",
			.min = 0,
			.max = 5,
		},
	[COMMON_RATE_PER_S] =
		{
			.name = "rate_per_s",
			.type = LK_T_INT,
			.label = "Rate limit (per second)",
			.group = "Settings",
			.help = "The most messages sent in a second on average; 0 sets no limit.",
			.def = "0",
			.min = 0,
			.max = 1000000,
		},
	[COMMON_BURST] =
		{
			.name = "burst",
			.type = LK_T_INT,
			.label = "Burst",
			.group = "Settings",
			.help = "How many messages may go out at once under a rate limit.",
			.def = "1",
			.min = 1,
			.max = 1000000,
		},
	[COMMON_ORDERING] =
		{
			.name = "ordering",
			.type = LK_T_ENUM,
			.label = "Ordering",
			.group = "Settings",
			.help = "With \"key\", messages of one ordering key are delivered one "
				"after the other, in the order in which they came.",
			.def = "off",
			.choices = orderings,
		},
	[COMMON_QUEUE_MAX_MESSAGES] =
		{
			.name = "queue_max_messages",
			.type = LK_T_INT,
			.flags = LK_ADVANCED,
			.label = "Longest queue",
			.group = "Settings",
			.help = "How many stored messages may wait in one environment; beyond it "
				"no more are accepted.",
			.def = "1000000",
			.min = 1,
			.max = 100000000,
		},
	[COMMON_RESPONSE_KEEP_BYTES] =
		{
			.name = "response_keep_bytes",
			.type = LK_T_SIZE,
			.flags = LK_ADVANCED,
			.label = "Kept response",
			.group = "Settings",
			.help = "How much of the beginning of a response is kept for looking at "
				"it later.",
			.def = "16384",
			.min = 0,
			.max = 1048576,
		},
	[COMMON_ALERT_CONNECTION] =
		{
			.name = "alert_connection",
			.type = LK_T_STRING,
			.label = "Alert connection",
			.group = "Settings",
			.help = "The name of a connection that is told when this one fails or "
				"recovers.",
			.min = 1,
			.max = 100,
		},
	[COMMON_TEST_EVERY_S] =
		{
			.name = "test_every_s",
			.type = LK_T_INT,
			.flags = LK_ADVANCED,
			.label = "Test every (seconds)",
			.group = "Settings",
			.help = "How often the connection is tested by itself; 0 never, else at "
				"least 60.",
			.def = "0",
			.min = 0,
			.max = 86400,
			.check = check_test_every,
		},
	[COMMON_BODY_TEMPLATE] =
		{
			.name = "body_template",
			.type = LK_T_STRING,
			.label = "Body template",
			.group = "Body",
			.help = "A jq program that makes the body that is sent from the message's "
				"body; without it the message goes out byte for byte.",
			.min = 0,
			.max = BODY_TEMPLATE_MAX,
			.check = check_body_template,
		},
};
