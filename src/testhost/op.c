/* Operations: made by the test, handed to the plugin, completed by it, and judged. */
#include <unistd.h>

#include "base/banned.h"
#include "plug/hostapi.h"
#include "testhost/inside.h"

enum { TIMEOUT_MS = 30000 };

struct lk_op *lk_test_op(struct lk_link *link, uint32_t kind)
{
	struct lk_test_host *host = link->host;
	struct lk_op *op = mem_zalloc(sizeof(*op));

	if (!op)
		return NULL;
	*op = (struct lk_op){.link = link, .kind = kind, .timeout_ms = TIMEOUT_MS};
	host->op_count++;
	snprintf(op->name, sizeof(op->name), "operation %u", host->op_count);

	char id[32];
	snprintf(id, sizeof(id), "msg_%u", host->op_count);
	lk_test_op_id(op, id, 1);
	testhost_lock(host);
	list_append(&host->ops, &op->node);
	testhost_unlock(host);
	return op;
}

static void set_text(struct lk_op *op, char **place, const char *text)
{
	char *copy = mem_strdup(text);

	if (!copy)
		op->failed = true;
	mem_free(*place);
	*place = copy;
}

void lk_test_op_id(struct lk_op *op, const char *id, uint32_t attempt)
{
	set_text(op, &op->id, id);
	op->attempt = attempt;
}

void lk_test_op_content_type(struct lk_op *op, const char *content_type)
{
	set_text(op, &op->content_type, content_type);
}

void lk_test_op_body(struct lk_op *op, const void *body, size_t body_bytes)
{
	void *copy = mem_alloc(body_bytes);

	if (!copy)
		op->failed = true;
	else if (body_bytes)
		memcpy(copy, body, body_bytes);
	mem_free(op->body);
	op->body = copy;
	op->body_bytes = copy ? body_bytes : 0;
}

void lk_test_op_attr(struct lk_op *op, const char *key, const char *value)
{
	size_t count = 2 * (size_t)op->attr_count;
	char **attrs = mem_resize(op->attrs, count + 3, sizeof(char *));
	char *pair[] = {mem_strdup(key), mem_strdup(value)};

	if (attrs)
		op->attrs = attrs;
	if (!attrs || !pair[0] || !pair[1]) {
		mem_free(pair[0]);
		mem_free(pair[1]);
		op->failed = true;
		return;
	}
	attrs[count] = pair[0];
	attrs[count + 1] = pair[1];
	attrs[count + 2] = NULL;
	op->attr_count++;
}

void lk_test_op_timeout(struct lk_op *op, int64_t timeout_ms)
{
	op->timeout_ms = timeout_ms;
}

/* All that the request pointed at. */
static void forget_request(struct lk_op *op)
{
	for (size_t i = 0; i < 2 * (size_t)op->attr_count; i++)
		mem_free(op->attrs[i]);
	mem_free(op->attrs);
	mem_free(op->id);
	mem_free(op->content_type);
	mem_free(op->body);
	mem_free(op->request);
	op->attrs = NULL;
	op->attr_count = 0;
	op->id = op->content_type = NULL;
	op->body = NULL;
	op->request = NULL;
}

void testhost_op_destroy(struct lk_op *op)
{
	forget_request(op);
	outcome_destroy(op->outcome);
	mem_free(op);
}

static int make_request(struct lk_op *op)
{
	if (!op->request)
		op->request = mem_alloc(sizeof(*op->request));
	if (!op->request || op->failed)
		return testhost_fail(op->link->host, LK_ENOMEM, "out of memory");
	int64_t now = op->link->host->clock->mono_ms();
	*op->request = (struct lk_request){
		.size = sizeof(*op->request),
		.kind = op->kind,
		.op = op,
		.id = op->id,
		.attempt = op->attempt,
		.attr_count = op->attr_count,
		.start_ms = now,
		.deadline_ms = now + op->timeout_ms,
		.body = op->body,
		.body_bytes = op->body_bytes,
		.content_type = op->content_type,
		.attrs = (const char *const *)op->attrs,
	};
	return 0;
}

/* What a thread of the plugin may be changing. */
struct standing {
	enum op_state state;
	uint32_t in_flight;
};

static struct standing standing_of(const struct lk_op *op)
{
	testhost_lock(op->link->host);
	struct standing standing = {op->state, op->link->in_flight};
	testhost_unlock(op->link->host);
	return standing;
}

static void set_submitted(struct lk_op *op)
{
	testhost_lock(op->link->host);
	op->state = OP_SUBMITTED;
	op->link->in_flight++;
	testhost_unlock(op->link->host);
}

static void set_refused(struct lk_op *op, int rc)
{
	struct lk_test_host *host = op->link->host;

	testhost_lock(host);
	if (op->state == OP_SUBMITTED) {
		op->state = OP_REFUSED;
		op->link->in_flight--;
	} else {
		testhost_violation_locked(host, "submit() gave %d for %s, which it had completed",
		                          rc, op->name);
	}
	testhost_unlock(host);
}

int lk_test_submit(struct lk_op *op)
{
	struct lk_link *link = op->link;
	struct standing standing = standing_of(op);

	if (standing.state != OP_MADE && standing.state != OP_REFUSED)
		return testhost_fail(link->host, LK_EINVAL, "%s was submitted before", op->name);
	if (!link->open)
		return testhost_fail(link->host, LK_EINVAL, "the link is closed");
	if (standing.in_flight >= link->settings.max_in_flight)
		return testhost_fail(link->host, LK_EINVAL, "a host submits at most %u at a time",
		                     link->settings.max_in_flight);
	int rc = make_request(op);
	if (rc < 0)
		return rc;

	set_submitted(op);
	rc = link->type->type.submit(link->conn, op->request);
	if (rc > 0)
		testhost_violation(link->host, "submit() gave %d, neither 0 nor negative", rc);
	if (rc >= 0)
		return 0;
	set_refused(op, rc);
	return testhost_fail(link->host, rc, "submit() gave %d for %s", rc, op->name);
}

void lk_test_cancel(struct lk_op *op)
{
	if (op->link->open && standing_of(op).state == OP_SUBMITTED)
		op->link->type->type.cancel(op->link->conn, op);
}

static bool is_token(const char *s)
{
	return s && *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

static void judge_secrets(struct lk_test_host *host, const struct lk_op *op,
                          const struct lk_outcome *o)
{
	const char *leaked = o->detail ? testhost_leaked(host, o->detail, strlen(o->detail)) : NULL;

	/* A peer may send a secret back; a description comes from the plugin alone. */
	if (!leaked && op->kind == LK_OP_DESCRIBE) {
		for (size_t i = 0; !leaked && i < 2 * (size_t)o->reply_attr_count; i++)
			leaked =
				testhost_leaked(host, o->reply_attrs[i], strlen(o->reply_attrs[i]));
		if (!leaked && o->reply)
			leaked = testhost_leaked(host, o->reply, o->reply_bytes);
	}
	if (leaked)
		testhost_violation_locked(host, "the secret %s stands in the outcome of %s", leaked,
		                          op->name);
}

static bool attrs_whole(const struct lk_outcome *o)
{
	for (size_t i = 0; i < 2 * (size_t)o->reply_attr_count; i++)
		if (!o->reply_attrs || !o->reply_attrs[i])
			return false;
	return true;
}

/* All the ways in which an outcome can break the contract, in the order in which it can be read. */
static void judge(struct lk_test_host *host, const struct lk_op *op, const struct lk_outcome *o)
{
	if (!o || o->size < OUTCOME_BYTES_1_0) {
		testhost_violation_locked(host, "the outcome of %s has %u bytes; ABI 1.0 has %d",
		                          op->name, o ? o->size : 0, OUTCOME_BYTES_1_0);
		return;
	}
	const struct {
		bool broken;
		const char *text;
	} laws[] = {
		{o->result > LK_BLOCKED, "has an unknown result"},
		{!is_token(o->reason), "has no reason of a-z, 0-9 and _"},
		{o->detail && strpbrk(o->detail, "\r\n"), "has more than one line of detail"},
		{!o->reply && o->reply_bytes > 0, "has a length of reply, but no reply"},
		{o->reply_bytes > op->link->settings.keep_bytes, "has a reply above keep_bytes"},
		{!attrs_whole(o), "has fewer reply_attrs than reply_attr_count says"},
	};

	for (size_t i = 0; i < sizeof(laws) / sizeof(laws[0]); i++)
		if (laws[i].broken)
			testhost_violation_locked(host, "the outcome of %s %s", op->name,
			                          laws[i].text);
	if (attrs_whole(o))
		judge_secrets(host, op, o);
}

static void keep_outcome(struct lk_op *op, const struct lk_outcome *given)
{
	struct outcome *o = outcome_copy(given);

	op->outcome = o;
	op->face = (struct lk_outcome){
		.size = sizeof(op->face),
		.result = (uint32_t)o->result,
		.flags = o->flags,
		.status = o->status,
		.retry_after_ms = o->retry_after_ms,
		.reason = o->reason,
		.detail = o->detail,
		.reply_attrs = o->attrs,
		.reply = o->reply,
		.reply_bytes = o->reply_bytes,
		.reply_attr_count = o->attr_count,
		.reply_total_bytes = o->reply_total_bytes,
	};
}

static void complete_locked(struct lk_test_host *host, struct lk_op *op,
                            const struct lk_outcome *outcome)
{
	static const char *const strays[] = {
		[OP_MADE] = "before it was submitted",
		[OP_REFUSED] = "although submit() had refused it",
		[OP_COMPLETE] = "twice",
		[OP_ABANDONED] = "after close()",
	};

	if (op->state != OP_SUBMITTED) {
		testhost_violation_locked(host, "%s was completed %s", op->name, strays[op->state]);
		return;
	}
	judge(host, op, outcome);
	keep_outcome(op, outcome);
	forget_request(op);
	op->state = OP_COMPLETE;
	op->link->in_flight--;
}

static bool is_known(const struct lk_test_host *host, const struct lk_op *op)
{
	list_each(node, &host->ops)
		if (container_of(node, struct lk_op, node) == op)
			return true;
	return false;
}

void testhost_complete(struct lk_op *op, const struct lk_outcome *outcome)
{
	struct lk_test_host *host = testhost_current;
	uint64_t one = 1;

	testhost_lock(host);
	if (is_known(host, op))
		complete_locked(host, op, outcome);
	else
		testhost_violation_locked(host, "complete() for an operation that nobody made");
	testhost_unlock(host);
	if (write(host->wake_fd, &one, sizeof(one)) < 0)
		testhost_violation(host, "the host could not be woken");
}

const struct lk_outcome *lk_test_outcome(const struct lk_op *op)
{
	struct lk_test_host *host = op->link->host;

	testhost_lock(host);
	const struct lk_outcome *outcome = op->state == OP_COMPLETE ? &op->face : NULL;
	testhost_unlock(host);
	return outcome;
}

const char *lk_test_attr(const struct lk_op *op, const char *key)
{
	return lk_test_outcome(op) ? outcome_attr(op->outcome, key) : NULL;
}
