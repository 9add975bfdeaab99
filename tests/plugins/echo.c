/* A plugin that behaves: it answers each message with its own body. */
#include "common.h"

#include <string.h>

enum { ROW_DELAY, ROW_TOKEN, ROW_HEADERS };
enum { TOKEN_MAX = 256, ATTRS_MAX = 16 };

static const struct lk_param header_rows[] = {
	{
		.name = "name",
		.type = LK_T_STRING,
		.flags = LK_REQUIRED,
		.label = "Name",
		.help = "The name of the attribute.",
		.min = 1,
		.max = 64,
	},
	{
		.name = "value",
		.type = LK_T_STRING,
		.label = "Value",
		.help = "The text of the attribute.",
		.def = "",
	},
};

static const struct lk_param rows[] = {
	[ROW_DELAY] =
		{
			.name = "delay_ms",
			.type = LK_T_INT,
			.label = "Delay",
			.help = "How long an answer takes.",
			.def = "0",
			.min = 0,
			.max = 3600000,
		},
	[ROW_TOKEN] =
		{
			.name = "token",
			.type = LK_T_STRING,
			.flags = LK_SECRET,
			.label = "Token",
			.help = "Comes back as the attribute token, its version as token.version.",
		},
	[ROW_HEADERS] =
		{
			.name = "headers",
			.type = LK_T_LIST,
			.label = "Headers",
			.help = "Come back as attributes.",
			.sub = header_rows,
			.sub_count = COMMON_COUNT(header_rows),
			.sub_size = sizeof(header_rows[0]),
		},
};

/* The attributes of an answer, and room for the texts that have to be made. */
struct answer {
	const char *attrs[2 * ATTRS_MAX];
	uint32_t count;
	char token[TOKEN_MAX], version[24];
};

static void add(struct answer *a, const char *key, const char *value)
{
	if (a->count == ATTRS_MAX)
		return;
	a->attrs[2 * a->count] = key;
	a->attrs[2 * a->count + 1] = value;
	a->count++;
}

static void write_number(char *text, uint64_t number)
{
	char digits[24], *at = digits + sizeof(digits) - 1;

	for (*at = '\0'; number > 0 || !*at; number /= 10)
		*--at = (char)('0' + number % 10);
	memcpy(text, at, strlen(at) + 1);
}

static int add_token(struct answer *a, struct conn *c)
{
	const struct lk_value *token = common_value(c, ROW_TOKEN);
	uint64_t version;

	if (!token->secret)
		return 0;
	int rc = c->state->host->secret(c->link, token->secret, a->token, sizeof(a->token),
	                                &version);
	if (rc < 0)
		return rc;
	write_number(a->version, version);
	add(a, "token", a->token);
	add(a, "token.version", a->version);
	return 0;
}

static void add_headers(struct answer *a, const struct conn *c)
{
	const struct lk_value *headers = common_value(c, ROW_HEADERS);

	for (uint32_t i = 0; i < headers->count; i++) {
		const struct lk_value *const *header = headers->u.v[i]->u.v;
		add(a, header[0]->u.s, header[1]->u.s);
	}
}

static void answer(struct conn *c, const struct lk_request *request)
{
	struct answer a = {.count = 0};
	uint32_t keep = c->settings->keep_bytes;
	struct lk_outcome outcome = {
		.size = sizeof(outcome),
		.result = LK_DONE,
		.retry_after_ms = -1,
		.reason = "ok",
		.reply = request->body,
		.reply_bytes = request->body_bytes < keep ? request->body_bytes : keep,
		.reply_total_bytes = request->body_bytes,
		.reply_attrs = a.attrs,
	};

	if (outcome.reply_bytes < request->body_bytes)
		outcome.flags |= LK_REPLY_CUT;
	if (request->kind == LK_OP_DESCRIBE)
		add(&a, "method", "ECHO");
	else if (add_token(&a, c) < 0)
		outcome.result = LK_BLOCKED, outcome.reason = "secret";
	add_headers(&a, c);
	for (uint32_t i = 0; i < request->attr_count; i++)
		add(&a, request->attrs[2 * i], request->attrs[2 * i + 1]);
	outcome.reply_attr_count = a.count;
	c->state->host->count(c->link, "echoes", 1);
	c->state->host->complete(request->op, &outcome);
}

static int submit(void *conn, const struct lk_request *request)
{
	struct conn *c = conn;
	int64_t delay_ms = common_value(c, ROW_DELAY)->u.i;

	if (delay_ms > 0 && request->kind != LK_OP_DESCRIBE)
		return common_later(c, request, delay_ms, answer);
	answer(c, request);
	return 0;
}

static const struct lk_type type = {
	COMMON_TYPE("echo"),     .params = rows,        .param_count = COMMON_COUNT(rows),
	.open = common_open,     .close = common_close, .submit = submit,
	.cancel = common_cancel,
};

COMMON_EXPORT("echo", type)
