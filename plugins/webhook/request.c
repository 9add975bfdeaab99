/* Building a request: the expanded URL, the merged headers, and what may not be sent. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "link.h"

enum { SECRET_MOST = 64 * 1024 };

static const char json_type[] = "application/json";
static const char header_prefix[] = "header.";

void header_block_init(struct header_block *b)
{
	*b = (struct header_block){0};
	header_set_init(&b->set);
}

void header_block_finish(struct header_block *b)
{
	for (struct curl_slist *line = b->lines; line; line = line->next)
		wh_wipe(line->data, strlen(line->data));
	curl_slist_free_all(b->lines);
	b->lines = NULL;
	header_set_finish(&b->set);
	header_set_init(&b->set);
}

static int refuse(struct refusal *ret, enum reason reason, const char *what, const char *detail)
{
	ret->reason = reason;
	snprintf(ret->detail, sizeof(ret->detail), "%s%s%s", what, what[0] ? ": " : "", detail);
	return LK_EINVAL;
}

/* Names are shown, as far as they can be; values never are. */
static int refuse_header(struct refusal *ret, const char *name, const char *message)
{
	char what[96];
	size_t shown = 0;

	for (const char *c = name; shown < 64 && *c > ' ' && *c < 0x7f; c++)
		shown++;
	snprintf(what, sizeof(what), "header \"%.*s\"", (int)shown, name);
	return refuse(ret, REASON_HEADER_INVALID, what, message);
}

static int add(struct header_block *b, enum header_source source, const char *name,
               const char *value, struct refusal *ret)
{
	const char *message = NULL;
	int rc = header_set_add(&b->set, source, name, value, &message);

	return rc == LK_EINVAL ? refuse_header(ret, name, message) : rc;
}

/* The members of the connection's header list. */
static const struct lk_value *header_member(const struct webhook_link *l, uint32_t i,
                                            enum header_param member)
{
	return link_value(l, PARAM_HEADERS)->u.v[i]->u.v[member];
}

static int add_secret(struct webhook_link *l, struct header_block *b, const char *name,
                      uint32_t secret, struct refusal *ret)
{
	char *value = wh_array(1, SECRET_MOST + 1);

	if (!value)
		return LK_ENOMEM;
	int rc = l->state->host->secret(l->host_link, secret, value, SECRET_MOST + 1, NULL);
	if (rc >= 0 && strlen(value) != (size_t)rc)
		rc = refuse_header(ret, name, "the secret holds a NUL byte");
	else if (rc >= 0)
		rc = add(b, HEADER_FROM_CONNECTION, name, value, ret);
	else
		rc = refuse(ret, REASON_SECRET, name, "its secret cannot be read");
	wh_wipe(value, SECRET_MOST);
	wh_free(value);
	return rc;
}

/* described: show references and masks in place of secrets. */
static int add_connection(struct webhook_link *l, struct header_block *b, bool described,
                          struct refusal *ret)
{
	const struct lk_value *list = link_value(l, PARAM_HEADERS);
	int rc = 0;

	for (uint32_t i = 0; i < list->count && rc == 0; i++) {
		const char *name = header_member(l, i, HEADER_NAME)->u.s;
		const struct lk_value *value = header_member(l, i, HEADER_VALUE);
		if (value->secret && !described)
			rc = add_secret(l, b, name, value->secret, ret);
		else
			rc = add(b, HEADER_FROM_CONNECTION, name, value->u.s, ret);
	}
	return rc;
}

static int add_call(const struct lk_request *r, struct header_block *b, struct refusal *ret)
{
	size_t prefix = sizeof(header_prefix) - 1;
	int rc = 0;

	for (uint32_t i = 0; i < r->attr_count && rc == 0; i++)
		if (strncmp(r->attrs[2 * i], header_prefix, prefix) == 0)
			rc = add(b, HEADER_FROM_CALL, r->attrs[2 * i] + prefix, r->attrs[2 * i + 1],
			         ret);
	if (rc == 0 && r->content_type)
		rc = add(b, HEADER_FROM_CALL, "Content-Type", r->content_type, ret);
	return rc;
}

/* The headers that each message has of its own: a stored one its id (Standard Webhooks), one with a
 * trace the present span (W3C Trace Context).  Returns how many. */
static size_t message_headers(const struct lk_request *r, const char *names[MESSAGE_HEADERS],
                              const char *values[MESSAGE_HEADERS])
{
	size_t count = 0;

	if (LK_HAS(r, flags) && (r->flags & LK_REQUEST_STORED)) {
		names[count] = "webhook-id";
		values[count++] = r->id;
	}
	for (uint32_t i = 0; i < r->attr_count; i++) {
		if (strcmp(r->attrs[2 * i], "traceparent") != 0)
			continue;
		names[count] = "traceparent";
		values[count++] = r->attrs[2 * i + 1];
		break;
	}
	return count;
}

static int add_message(const struct lk_request *r, struct header_block *b, struct refusal *ret)
{
	const char *names[MESSAGE_HEADERS], *values[MESSAGE_HEADERS];
	size_t count = message_headers(r, names, values);
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = add(b, HEADER_FROM_MESSAGE, names[i], values[i], ret);
	return rc;
}

static bool call_has_headers(const struct lk_request *r)
{
	for (uint32_t i = 0; i < r->attr_count; i++)
		if (strncmp(r->attrs[2 * i], header_prefix, sizeof(header_prefix) - 1) == 0)
			return true;
	return false;
}

/* The lines for libcurl.  An empty one takes out what it would add by itself. */
static int make_lines(struct header_block *b)
{
	struct curl_slist *lines = NULL;

	for (size_t i = 0; i <= b->set.count + 2; i++) {
		const char *line = i < b->set.count        ? header_set_line(&b->set, i)
		                   : i == b->set.count     ? "Accept:"
		                   : i == b->set.count + 1 ? "Expect:"
		                                           : "Content-Type:";
		size_t name = strcspn(line, ":");
		char bare[16];
		if (i >= b->set.count) {
			snprintf(bare, sizeof(bare), "%.*s", (int)name, line);
			if (header_set_has(&b->set, bare))
				continue;
		}
		struct curl_slist *longer = curl_slist_append(lines, line);
		if (!longer) {
			curl_slist_free_all(lines);
			return LK_ENOMEM;
		}
		lines = longer;
	}
	b->lines = lines;
	return 0;
}

static int build_block(struct webhook_link *l, const struct lk_request *r, struct header_block *b,
                       bool json, struct refusal *ret)
{
	const char *type = link_value(l, PARAM_CONTENT_TYPE)->u.s;

	header_block_finish(b);
	int rc = r ? add_message(r, b, ret) : 0;
	if (rc == 0 && r)
		rc = add_call(r, b, ret);
	if (rc == 0)
		rc = add_connection(l, b, r && r->kind == LK_OP_DESCRIBE, ret);
	if (rc == 0 && (json || (r && r->body)) && type && type[0])
		rc = add(b, HEADER_FROM_CONTENT_TYPE, "Content-Type", type, ret);
	else if (rc == 0 && json)
		rc = add(b, HEADER_FROM_CONTENT_TYPE, "Content-Type", json_type, ret);
	if (rc == 0)
		rc = make_lines(b);
	if (rc < 0)
		header_block_finish(b);
	return rc;
}

/* A number that changes when a secret of the headers does. */
static uint64_t secrets_version(const struct webhook_link *l)
{
	uint32_t count = link_value(l, PARAM_HEADERS)->count;
	uint64_t sum = 1;

	for (uint32_t i = 0; i < count; i++) {
		const struct lk_value *value = header_member(l, i, HEADER_VALUE);
		uint64_t version = 0;
		if (value->secret)
			l->state->host->secret(l->host_link, value->secret, NULL, 0, &version);
		sum += version;
	}
	return sum;
}

/* Whether the body, having no type of its own, is to be called JSON or what the connection says. */
static bool wants_type(const struct webhook_link *l, const struct lk_request *r)
{
	const char *type = link_value(l, PARAM_CONTENT_TYPE)->u.s;

	if (!r->body || r->body_bytes == 0 || r->content_type)
		return false;
	return (type && type[0]) ||
	       (l->state->json && l->state->json->valid(r->body, r->body_bytes));
}

static int build_own(struct transfer *t, bool json, struct refusal *ret)
{
	int rc = build_block(t->link, t->request, &t->own, json, ret);

	t->headers = &t->own;
	t->lines = t->own.lines;
	return rc;
}

/* Puts the message's own lines before those that all messages of the link have, which costs less than a
 * list of its own.  1: they meet a line of the same name, so that the lists must be merged. */
static int lead(struct transfer *t)
{
	const char *names[MESSAGE_HEADERS], *values[MESSAGE_HEADERS], *message;
	size_t count = message_headers(t->request, names, values), at[MESSAGE_HEADERS];

	t->lines = t->headers->lines;
	text_clear(&t->lead_text);
	for (size_t i = 0; i < count; i++) {
		if (header_set_has(&t->headers->set, names[i]) ||
		    header_check_value(values[i], strlen(values[i]), &message) < 0)
			return 1;
		at[i] = t->lead_text.len_bytes;
		text_add_str(&t->lead_text, names[i]);
		text_add(&t->lead_text, ": ", 2);
		text_add(&t->lead_text, values[i], strlen(values[i]) + 1);
	}
	if (text_failed(&t->lead_text))
		return LK_ENOMEM;
	for (size_t i = count; i-- > 0;) {
		t->lead[i].data = t->lead_text.data + at[i];
		t->lead[i].next = t->lines;
		t->lines = &t->lead[i];
	}
	return 0;
}

/* Whether the block is for this type, which only the typed one has. */
static bool fits_type(const struct webhook_link *l, const struct header_block *b, const char *type)
{
	return b != &l->constant[CONSTANT_TYPED] || strcmp(text_str(&l->type), type) == 0;
}

static int build_constant(struct webhook_link *l, struct header_block *b, const char *type,
                          struct refusal *ret)
{
	/* All that a request adds to what the link says, beside its message's own. */
	const struct lk_request typed = {
		.size = sizeof(typed), .kind = LK_OP_SEND, .content_type = type};

	if (!type)
		return build_block(l, NULL, b, b == &l->constant[CONSTANT_JSON], ret);
	/* Until it is built the block fits nothing. */
	header_block_finish(b);
	text_clear(&l->type);
	text_add_str(&l->type, type);
	return text_failed(&l->type) ? 1 : build_block(l, &typed, b, false, ret);
}

/* The lines of most requests.  0, or 1: they cannot be kept, or those of an old secret or of another type are
 * still being read, so that this request needs its own. */
static int constant_block(struct webhook_link *l, struct header_block *b, const char *type,
                          struct refusal *ret)
{
	uint64_t version = secrets_version(l);

	if (b->lines && b->version == version && fits_type(l, b, type))
		return 0;
	if (l->running.first && b->lines)
		return 1;
	b->version = version;
	return build_constant(l, b, type, ret);
}

static int choose_headers(struct transfer *t, struct refusal *ret)
{
	struct webhook_link *l = t->link;
	const struct lk_request *r = t->request;
	bool json = wants_type(l, r);

	if (call_has_headers(r) || r->kind == LK_OP_DESCRIBE)
		return build_own(t, json, ret);
	t->headers = &l->constant[r->content_type ? CONSTANT_TYPED
	                          : json          ? CONSTANT_JSON
	                                          : CONSTANT_PLAIN];
	int rc = constant_block(l, t->headers, r->content_type, ret);
	if (rc == 0)
		rc = lead(t);
	return rc == 1 ? build_own(t, json, ret) : rc;
}

static int build_url(struct transfer *t, struct refusal *ret)
{
	const struct lk_request *r = t->request;
	struct uri_args args = {.attrs = r->attrs, .count = r->attr_count};
	const struct lk_value *required = link_value(t->link, PARAM_REQUIRED_URI);
	char why[256];

	for (uint32_t i = 0; i < required->count; i++) {
		const char *name = required->u.v[i]->u.s;
		if (!uritemplate_given(t->link->target.url, name, &args))
			return refuse(ret, REASON_URI_MISSING, name,
			              "this argument of the URL is required (required_uri)");
	}
	text_clear(&t->url);
	if (t->link->url && r->kind != LK_OP_DESCRIBE)
		return 0;
	int rc = target_expand(&t->link->target, &args, &t->url, why, sizeof(why));
	return rc == LK_EINVAL ? refuse(ret, REASON_URL_INVALID, "", why) : rc;
}

/* All that connecting needs to know. */
static int build_origin(struct transfer *t)
{
	text_clear(&t->url);
	text_printf(&t->url, "%s/", t->link->target.origin);
	return text_failed(&t->url);
}

static int add_test_body(struct transfer *t, const struct lk_value *value, struct refusal *ret)
{
	struct webhook_link *l = t->link;

	if (!value->secret) {
		text_add(&t->test_body, value->u.s, value->count);
		return text_failed(&t->test_body);
	}
	char *body = wh_array(1, TEST_BODY_MAX_BYTES + 1);
	if (!body)
		return LK_ENOMEM;
	int bytes = l->state->host->secret(l->host_link, value->secret, body,
	                                   TEST_BODY_MAX_BYTES + 1, NULL);
	if (bytes >= 0)
		text_add(&t->test_body, body, (size_t)bytes);
	wh_wipe(body, TEST_BODY_MAX_BYTES);
	wh_free(body);
	return bytes < 0 ? refuse(ret, REASON_SECRET, "test.body", "its secret cannot be read")
	                 : text_failed(&t->test_body);
}

int request_of_test(struct transfer *t, struct refusal *ret)
{
	const struct lk_request *given = t->request;
	const struct lk_value *const *test = link_value(t->link, PARAM_TEST)->u.v;
	const struct lk_value *type = test[TEST_CONTENT_TYPE];
	int rc = 0;

	memcpy(&t->test, given, given->size < sizeof(t->test) ? given->size : sizeof(t->test));
	t->test.body = NULL;
	t->test.body_bytes = 0;
	t->test.content_type = NULL;
	t->request = &t->test;
	if (t->only_connects || (!test[TEST_BODY]->u.s && !test[TEST_BODY]->secret))
		return 0;
	rc = add_test_body(t, test[TEST_BODY], ret);
	if (rc == LK_ENOMEM || rc == LK_ETOOBIG)
		refuse(ret, REASON_NO_MEMORY, "", "out of memory");
	t->test.body = text_str(&t->test_body);
	t->test.body_bytes = t->test_body.len_bytes;
	if (type->u.s && type->u.s[0])
		t->test.content_type = type->u.s;
	return rc;
}

int request_build(struct transfer *t, struct refusal *ret)
{
	if (t->request->body && !t->method->may_have_body)
		return refuse(ret, REASON_BODY_NOT_ALLOWED, t->method->name,
		              "a request with this method has no body");
	int rc = t->only_connects ? build_origin(t) : build_url(t, ret);
	if (rc == 0 && !t->only_connects)
		rc = choose_headers(t, ret);
	if (rc == LK_ENOMEM || rc == LK_ETOOBIG)
		refuse(ret, REASON_NO_MEMORY, "", "out of memory");
	return rc;
}

/* What may be shown of a header's value: references as they are written, and of literal values only
 * those that are never secret. */
static const char *shown(const struct transfer *t, size_t i, char *name, size_t name_bytes)
{
	const struct header_set *set = &t->own.set;

	snprintf(name, name_bytes, "%s%.*s", header_prefix, (int)header_set_name_bytes(set, i),
	         header_set_line(set, i));
	const char *bare = name + sizeof(header_prefix) - 1;
	const char *value = header_set_value(set, i);
	return header_may_show(bare) || strstr(value, "${secret:") ? value : "***";
}

void request_describe(struct transfer *t)
{
	const struct lk_request *r = t->request;
	const char *attrs[2 * (HEADER_SET_MAX + 3)];
	char(*names)[HEADER_NAME_MAX_BYTES + 16] = wh_array(t->own.set.count + 1, sizeof(*names));
	uint32_t count = 0;

	if (!names) {
		result_unsent(t, LK_RETRY, LK_NOT_SENT, REASON_NO_MEMORY, "out of memory");
		return;
	}
	attrs[2 * count] = "method";
	attrs[2 * count++ + 1] = t->method->name;
	attrs[2 * count] = "url";
	attrs[2 * count++ + 1] = text_str(&t->url);
	for (size_t i = 0; i < t->own.set.count && i < HEADER_SET_MAX; i++) {
		attrs[2 * count + 1] = shown(t, i, names[i], sizeof(names[i]));
		attrs[2 * count++] = names[i];
	}
	struct lk_outcome outcome = {
		.size = sizeof(outcome),
		.result = LK_DONE,
		.flags = LK_NOT_SENT,
		.retry_after_ms = -1,
		.reason = reason_text(REASON_OK),
		.reply_attrs = attrs,
		.reply_attr_count = count,
		.reply = r->body,
		.reply_bytes = r->body_bytes,
		.reply_total_bytes = r->body_bytes,
	};
	t->link->state->host->complete(r->op, &outcome);
	wh_free(names);
}
