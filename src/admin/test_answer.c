/* The answer of Test connection as JSON. */
#include "admin/test_answer.h"

#include <inttypes.h>
#include <linkspan/connector.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/answer.h"
#include "admin/show.h"
#include "admin/test_reasons.h"
#include "base/banned.h"
#include "base/buf.h"
#include "core/deployment.h"
#include "core/host.h"
#include "plug/hostapi.h"
#include "json/json.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, CHAIN_MOST = 16 };

static const char mask[] = "***";
static const char guide[] = "docs/troubleshooting.md";

/* What is made, and whether there was memory for all of it. */
struct making {
	const struct test_case *tested;
	const struct send_answer *answer;
	const struct outcome *outcome;
	const struct test_reason *row; /* NULL: it is ok, or nothing is known of its reason */
	int64_t now_ms;
	bool failed;
};

static void set(struct making *m, struct json *object, const char *key, struct json *child)
{
	if (json_set(object, key, child) < 0)
		m->failed = true;
}

static void push(struct making *m, struct json *list, struct json *child)
{
	if (json_push(list, child) < 0)
		m->failed = true;
}

void test_case_of(struct test_case *ret, const struct deployment *d)
{
	const struct lk_value *url = deployment_value(d, "url");

	*ret = (struct test_case){
		.connection_timeout_ms = d->connection_timeout_ms,
		.request_timeout_ms = d->request_timeout_ms,
		.is_plain = url && url->u.s && strncmp(url->u.s, "http://", 7) == 0,
	};
	snprintf(ret->project, sizeof(ret->project), "%s", d->settings.project);
	snprintf(ret->name, sizeof(ret->name), "%s", d->settings.connection);
	snprintf(ret->environment, sizeof(ret->environment), "%s", d->settings.environment);
}

/*
 * Phases
 */

static const struct phase_row {
	enum test_phase phase;
	const char *attr;
} phases[] = {
	{TEST_RESOLVE, "time.resolve_us"}, {TEST_CONNECT, "time.connect_us"},
	{TEST_TLS, "time.tls_us"},         {TEST_FIRST_BYTE, "time.first_byte_us"},
	{TEST_WHOLE, "time.total_us"},
};

static bool is_ok(const struct making *m)
{
	return m->outcome->result == LK_DONE;
}

/* Where it ended.  A reason that nobody knows of: behind all that was measured. */
static enum test_phase end_of(const struct making *m)
{
	enum test_phase end = TEST_PREPARE;

	if (is_ok(m))
		return TEST_PHASES;
	if (m->row)
		return m->row->phase;
	if (m->outcome->status)
		return TEST_STATUS;
	for (size_t i = 0; i + 1 < sizeof(phases) / sizeof(phases[0]); i++)
		if (outcome_attr(m->outcome, phases[i].attr))
			end = phases[i].phase + 1;
	return end;
}

static struct json *phase_json(struct making *m, enum test_phase phase, double ms, bool done)
{
	struct json *object = json_object();

	set(m, object, "name", json_string(test_phase_name(phase)));
	set(m, object, "ms", ms < 0 ? json_null() : json_double(ms));
	set(m, object, "done", json_bool(done));
	return object;
}

static struct json *phases_json(struct making *m)
{
	struct json *list = json_array();
	enum test_phase end = end_of(m);
	double before_ms = 0;

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		enum test_phase phase = phases[i].phase;
		const char *us = outcome_attr(m->outcome, phases[i].attr);
		if (phase == TEST_WHOLE && is_ok(m) && !m->outcome->status)
			us = NULL; /* it was only to connect */
		/* What failed took the rest of the time. */
		if (phase == end && !us)
			us = outcome_attr(m->outcome, "time.total_us");
		double at_ms = answer_ms(us), ms = at_ms > before_ms ? at_ms - before_ms : 0;
		if (phase < end && us) {
			push(m, list, phase_json(m, phase, ms, true));
			before_ms = at_ms > before_ms ? at_ms : before_ms;
		} else if (phase == end) {
			push(m, list, phase_json(m, phase, us ? ms : -1, false));
		} else if (phase > end && !(phase == TEST_TLS && m->tested->is_plain)) {
			push(m, list, phase_json(m, phase, -1, false));
		}
	}
	return list;
}

/*
 * Evidence, and what may mend it
 */

static void expand(const struct making *m, const char *text, struct buf *b)
{
	const struct test_case *t = m->tested;
	char connection[24], request[24];
	const struct {
		const char *name, *value;
	} words[] = {
		{"{name}", t->name},
		{"{project}", t->project},
		{"{environment}", t->environment},
		{"{connection_timeout_ms}", connection},
		{"{request_timeout_ms}", request},
	};

	snprintf(connection, sizeof(connection), "%" PRId64, t->connection_timeout_ms);
	snprintf(request, sizeof(request), "%" PRId64, t->request_timeout_ms);
	while (*text) {
		size_t i = 0, count = sizeof(words) / sizeof(words[0]);
		while (i < count && strncmp(text, words[i].name, strlen(words[i].name)) != 0)
			i++;
		if (i < count)
			buf_add_str(b, words[i].value);
		else
			buf_add_char(b, *text);
		text += i < count ? strlen(words[i].name) : 1;
	}
}

static void push_text(struct making *m, struct json *list, struct buf *b)
{
	if (buf_failed(b))
		m->failed = true;
	else
		push(m, list, json_string(buf_str(b)));
	buf_clear(b);
}

static int64_t number_of(const struct making *m, const char *attr)
{
	const char *text = outcome_attr(m->outcome, attr);

	return text ? strtoll(text, NULL, 10) : 0;
}

/* What is wrong with the dates of the peer's own certificate. */
static void add_certificate(struct making *m, struct json *list, struct buf *b)
{
	int64_t from_ms = number_of(m, "tls.chain.0.not_before");
	int64_t to_ms = number_of(m, "tls.chain.0.not_after");
	const char *subject = outcome_attr(m->outcome, "tls.chain.0.subject");
	const char *issuer = outcome_attr(m->outcome, "tls.chain.0.issuer");
	const char *san = outcome_attr(m->outcome, "tls.chain.0.san");

	if (!subject || end_of(m) != TEST_TLS)
		return;
	buf_printf(b, "The receiver showed a certificate of \"%s\", issued by \"%s\".", subject,
	           issuer ? issuer : "");
	push_text(m, list, b);
	if (to_ms && to_ms < m->now_ms)
		buf_printf(b, "It ended %lld days ago.", (long long)((m->now_ms - to_ms) / DAY_MS));
	else if (from_ms > m->now_ms)
		buf_printf(b, "It begins only in %lld days; is the clock of this machine right?",
		           (long long)((from_ms - m->now_ms) / DAY_MS));
	else if (strcmp(subject, issuer ? issuer : "") == 0)
		buf_add_str(b, "It is signed by itself: only tls.ca_file can make it trusted.");
	else if (san)
		buf_printf(b, "It is made for %s.", san);
	if (b->len_bytes > 0)
		push_text(m, list, b);
}

/* Headers of the reply that say what is asked for. */
static void add_headers(struct making *m, struct json *list, struct buf *b)
{
	static const char *const telling[] = {"Retry-After", "Allow", "Accept"};
	const char *name;

	for (uint32_t i = 0; i < m->outcome->attr_count; i++) {
		if (!answer_header(m->outcome->attrs[2 * i], &name))
			continue;
		for (size_t k = 0; k < sizeof(telling) / sizeof(telling[0]); k++) {
			if (strcasecmp(name, telling[k]) != 0)
				continue;
			buf_printf(b, "It says %s: %s.", telling[k], m->outcome->attrs[2 * i + 1]);
			push_text(m, list, b);
		}
	}
}

static struct json *evidence_json(struct making *m)
{
	struct json *list = json_array();
	struct buf b;

	if (is_ok(m))
		return list;
	buf_init(&b, BUF_MAX_LINE);
	if (m->row) {
		expand(m, m->row->evidence, &b);
		push_text(m, list, &b);
	}
	if (m->outcome->detail)
		push(m, list, json_string(m->outcome->detail));
	add_certificate(m, list, &b);
	add_headers(m, list, &b);
	buf_finish(&b);
	return list;
}

static struct json *hint_json(struct making *m)
{
	struct buf b;

	if (is_ok(m))
		return json_null();
	buf_init(&b, BUF_MAX_LINE);
	if (m->row) {
		expand(m, m->row->mend, &b);
		buf_printf(&b, "  More: \"%s\" in %s.", m->row->guide, guide);
	} else {
		buf_printf(&b, "Look at the log of linkspand, and at %s.", guide);
	}
	struct json *hint = buf_failed(&b) ? NULL : json_string(buf_str(&b));
	buf_finish(&b);
	return hint;
}

/*
 * The peer
 */

static struct json *names_json(struct making *m, const char *names)
{
	struct json *list = json_array();

	while (names && *names) {
		size_t bytes = strcspn(names, ",");
		push(m, list, json_string_bytes(names, bytes));
		names += bytes;
		names += strspn(names, ", ");
	}
	return list;
}

static const char *chain_attr(const struct making *m, unsigned number, const char *field)
{
	char key[48];

	snprintf(key, sizeof(key), "tls.chain.%u.%s", number, field);
	return outcome_attr(m->outcome, key);
}

static int64_t chain_ms(const struct making *m, unsigned number, const char *field)
{
	const char *text = chain_attr(m, number, field);

	return text ? strtoll(text, NULL, 10) : 0;
}

static struct json *certificate_json(struct making *m, unsigned number)
{
	struct json *object = json_object();
	int64_t until_ms = chain_ms(m, number, "not_after");

	set(m, object, "subject", json_string(chain_attr(m, number, "subject")));
	set(m, object, "issuer", show_text(chain_attr(m, number, "issuer")));
	set(m, object, "not_before", show_time(chain_ms(m, number, "not_before")));
	set(m, object, "not_after", show_time(until_ms));
	set(m, object, "days_left", show_days_left(until_ms, m->now_ms));
	set(m, object, "san",
	    number == 0 ? names_json(m, chain_attr(m, number, "san")) : json_null());
	return object;
}

static struct json *tls_json(struct making *m)
{
	const char *version = outcome_attr(m->outcome, "tls.version");
	const char *cipher = outcome_attr(m->outcome, "tls.cipher");
	struct json *chain;

	if (!version && !chain_attr(m, 0, "subject"))
		return json_null();
	struct json *object = json_object();
	set(m, object, "version", show_text(version));
	set(m, object, "cipher", show_text(cipher));
	chain = json_array();
	for (unsigned i = 0; i < CHAIN_MOST && chain_attr(m, i, "subject"); i++)
		push(m, chain, certificate_json(m, i));
	set(m, object, "chain", chain);
	return object;
}

/*
 * The reply
 */

static struct json *headers_json(struct making *m)
{
	struct json *object = json_object();
	const char *name;

	for (uint32_t i = 0; i < m->outcome->attr_count; i++)
		if (answer_header(m->outcome->attrs[2 * i], &name) && !json_get(object, name))
			set(m, object, name,
			    json_string(answer_may_show(name) ? m->outcome->attrs[2 * i + 1]
			                                      : mask));
	return object;
}

static struct json *response_json(struct making *m)
{
	struct json *object;

	if (!m->outcome->status)
		return json_null();
	object = json_object();
	set(m, object, "headers", headers_json(m));
	answer_set_reply(object, m->outcome);
	set(m, object, "truncated",
	    json_bool(m->outcome->reply_total_bytes > m->outcome->reply_bytes));
	return object;
}

struct json *test_answer_json(const struct test_case *tested, const struct send_answer *answer,
                              int64_t now_ms)
{
	const struct outcome *o = answer->outcome;
	struct making making = {.tested = tested, .answer = answer, .outcome = o, .now_ms = now_ms};
	struct making *m = &making;
	struct json *object = json_object();
	bool ok = is_ok(m);

	m->row = ok ? NULL : test_reason_find(o->reason, o->status);
	set(m, object, "ok", json_bool(ok));
	set(m, object, "project", json_string(tested->project));
	set(m, object, "name", json_string(tested->name));
	set(m, object, "environment", json_string(tested->environment));
	set(m, object, "status", o->status ? json_int(o->status) : json_null());
	set(m, object, "reason", json_string(o->reason));
	set(m, object, "detail", show_text(o->detail));
	set(m, object, "phases", phases_json(m));
	set(m, object, "failed_phase", ok ? json_null() : json_string(test_phase_name(end_of(m))));
	set(m, object, "evidence", evidence_json(m));
	set(m, object, "hint", hint_json(m));
	set(m, object, "guide", m->row ? json_string(m->row->guide) : json_null());
	set(m, object, "peer", show_text(outcome_attr(o, "peer.address")));
	set(m, object, "tls", tls_json(m));
	set(m, object, "response", response_json(m));
	set(m, object, "duration_ms", json_int(answer->duration_ms));
	set(m, object, "request", json_null());
	if (!m->failed)
		return object;
	json_free(object);
	return NULL;
}

struct json *test_refused_json(const struct test_case *tested, const char *detail, int64_t now_ms)
{
	const struct send_answer answer = {
		.outcome = outcome_make(LK_REJECT, LK_NOT_SENT, "not_deployable", "%s", detail)};
	struct json *document = test_answer_json(tested, &answer, now_ms);

	outcome_destroy(answer.outcome);
	return document;
}
