/* Outcomes: what a finished or impossible transfer means. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "link.h"

enum {
	SHOWN_HEADERS = 64,
	NAME_BYTES = 80,
	NUMBER_BYTES = 24,
	/* Of a test: the address, the handshake, the certificates. */
	TEST_ATTRS = 4 + PEER_CHAIN_MOST * PEER_FIELDS,
};

/* Pairs for lk_outcome.reply_attrs, with room for the texts made here. */
struct attrs {
	const char *pairs[2 * (SHOWN_HEADERS + 8 + TEST_ATTRS)];
	uint32_t count;
	char names[SHOWN_HEADERS][NAME_BYTES];
	char numbers[8][NUMBER_BYTES];
	uint32_t number_count;
};

static void add_attr(struct attrs *a, const char *name, const char *value)
{
	a->pairs[2 * a->count] = name;
	a->pairs[2 * a->count + 1] = value;
	a->count++;
}

/* us is not negative.  By hand: with snprintf() here and for the names of headers, telling what
 * came back cost a tenth of a delivery. */
static void add_time(struct attrs *a, const char *name, int64_t us)
{
	char *at = a->numbers[a->number_count++] + NUMBER_BYTES - 1;

	*at = '\0';
	do
		*--at = (char)('0' + us % 10);
	while ((us /= 10) > 0);
	add_attr(a, name, at);
}

static int64_t time_of(const struct transfer *t, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(t->easy, info, &us);
	return us;
}

/* The phases that came to an end; libcurl counts from its own start, we from the hand-over. */
static void add_phases(struct attrs *a, const struct transfer *t)
{
	static const struct phase_row {
		const char *name;
		CURLINFO info;
	} phases[] = {
		{"time.connect_us", CURLINFO_CONNECT_TIME_T},
		{"time.tls_us", CURLINFO_APPCONNECT_TIME_T},
		{"time.first_byte_us", CURLINFO_STARTTRANSFER_TIME_T},
		{"time.total_us", CURLINFO_TOTAL_TIME_T},
	};
	int64_t before = t->resolve_us > 0 ? t->resolve_us : 0;

	if (t->resolve_us >= 0)
		add_time(a, "time.resolve_us", t->resolve_us);
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		int64_t us = time_of(t, phases[i].info);
		if (us > 0)
			add_time(a, phases[i].name, before + us);
		/* libcurl does not say it while the handshake is under way. */
		else if (phases[i].info == CURLINFO_CONNECT_TIME_T && t->handshake)
			add_time(a, phases[i].name, t->handshake_us);
	}
}

static void add_certificate(struct attrs *a, struct peer_certificate *c, unsigned number)
{
	const struct {
		const char *name, *value;
	} fields[PEER_FIELDS] = {
		{"subject", c->subject},
		{"issuer", c->issuer},
		{"not_before", c->not_before},
		{"not_after", c->not_after},
	};

	for (size_t i = 0; i < PEER_FIELDS; i++) {
		snprintf(c->keys[i], sizeof(c->keys[i]), "tls.chain.%u.%s", number, fields[i].name);
		add_attr(a, c->keys[i], fields[i].value);
	}
}

/* When the peer's certificate ends, of each new connection; of a test all that was seen of the peer. */
static void add_peer(struct attrs *a, struct transfer *t, char *address, size_t address_bytes)
{
	struct peer *p = &t->peer;
	char *ip = NULL;
	long port = 0;

	if (p->expires_ms > 0)
		add_time(a, "tls.expires", p->expires_ms);
	if (!t->is_test)
		return;
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
	if (ip && ip[0]) {
		snprintf(address, address_bytes, strchr(ip, ':') ? "[%s]:%ld" : "%s:%ld", ip, port);
		add_attr(a, "peer.address", address);
	}
	if (p->version[0]) {
		add_attr(a, "tls.version", p->version);
		add_attr(a, "tls.cipher", p->cipher);
	}
	if (p->san[0])
		add_attr(a, "tls.chain.0.san", p->san);
	for (unsigned i = 0; i < p->count; i++)
		add_certificate(a, &p->chain[i], i);
}

static const char *header_attr(char *room, const char *name, size_t bytes)
{
	static const char prefix[] = "header.";
	char *at = room + sizeof(prefix) - 1;

	memcpy(room, prefix, sizeof(prefix) - 1);
	memcpy(at, name, bytes);
	at[bytes] = '\0';
	return room;
}

/* Cuts the received header lines in place into names and values. */
static void add_headers(struct attrs *a, struct transfer *t)
{
	char *line = t->reply_headers.data;

	for (uint32_t i = 0; line && *line && i < SHOWN_HEADERS;) {
		char *end = strpbrk(line, "\r\n");
		char *next = end ? end + strspn(end, "\r\n") : NULL;
		char *colon = strchr(line, ':');
		if (end)
			*end = '\0';
		if (colon && (!end || colon < end) && colon - line < NAME_BYTES - 8) {
			char *value = colon + 1 + strspn(colon + 1, " \t");
			add_attr(a, header_attr(a->names[i++], line, (size_t)(colon - line)),
			         value);
		}
		line = next;
	}
}

static const char *reply_header(const struct attrs *a, const char *name)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (strncmp(a->pairs[2 * i], "header.", 7) == 0 &&
		    strcasecmp(a->pairs[2 * i] + 7, name) == 0)
			return a->pairs[2 * i + 1];
	return NULL;
}

static void complete(struct transfer *t, struct lk_outcome *outcome)
{
	outcome->size = sizeof(*outcome);
	if (t->method->idempotent)
		outcome->flags |= LK_IDEMPOTENT;
	t->link->state->host->complete(t->request->op, outcome);
}

void result_unsent(struct transfer *t, uint32_t result, uint32_t flags, enum reason reason,
                   const char *detail)
{
	struct attrs a = {.count = 0};
	struct lk_outcome outcome = {
		.result = result,
		.flags = flags,
		.retry_after_ms = -1,
		.reason = reason_text(reason),
		.detail = detail,
		.reply_attrs = a.pairs,
	};

	if (t->resolve_us >= 0)
		add_time(&a, "time.resolve_us", t->resolve_us);
	outcome.reply_attr_count = a.count;
	complete(t, &outcome);
}

void result_refused(struct transfer *t, const struct refusal *refusal)
{
	bool again = refusal->reason == REASON_NO_MEMORY;
	bool blocked = refusal->reason == REASON_SECRET;

	result_unsent(t,
	              again     ? LK_RETRY
	              : blocked ? LK_BLOCKED
	                        : LK_REJECT,
	              LK_NOT_SENT, refusal->reason, refusal->detail);
}

/* A reply came: its status decides. */
static void complete_reply(struct transfer *t, struct attrs *a, unsigned status)
{
	struct status_verdict verdict = status_judge(&t->link->success, status);
	const char *after = reply_header(a, "Retry-After");
	char detail[320];
	struct lk_outcome outcome = {
		.result = verdict.result,
		.flags = verdict.flags,
		.status = status,
		.retry_after_ms = -1,
		.reason = reason_text(verdict.reason),
		.reply_attrs = a->pairs,
		.reply_attr_count = a->count,
		.reply = t->reply.data,
		.reply_bytes = t->reply.len_bytes,
		.reply_total_bytes = t->reply_bytes,
	};

	if (after && verdict.result != LK_DONE)
		outcome.retry_after_ms = status_retry_after_ms(after, strlen(after),
		                                               t->link->state->host->unix_ms());
	if (t->reply_bytes > t->reply.len_bytes)
		outcome.flags |= LK_REPLY_CUT;
	if (verdict.result != LK_DONE) {
		status_detail(&verdict, status, reply_header(a, "Location") != NULL, detail,
		              sizeof(detail));
		outcome.detail = detail;
	}
	complete(t, &outcome);
}

/* Which phase a time-out cut short. */
static const struct phase {
	const char *name;
	enum reason reason;
} phase_connect = {"connect", REASON_TIMEOUT_CONNECT},
  phase_tls = {"TLS handshake", REASON_TIMEOUT_TLS},
  phase_reply = {"waiting for the reply", REASON_TIMEOUT_REPLY},
  phase_body = {"reading the reply", REASON_TIMEOUT_BODY};

static const struct phase *unfinished_phase(const struct transfer *t)
{
	if (time_of(t, CURLINFO_PRETRANSFER_TIME_T) > 0)
		return time_of(t, CURLINFO_STARTTRANSFER_TIME_T) > 0 &&
		                       t->reply_headers.len_bytes > 0
		               ? &phase_body
		               : &phase_reply;
	return t->handshake ? &phase_tls : &phase_connect;
}

/* What libcurl's codes mean.  Any other is a failure of the transport, reason "transfer". */
static const struct code_row {
	CURLcode code;
	uint32_t result, flags;
	enum reason reason;
} codes[] = {
	{CURLE_COULDNT_CONNECT, LK_RETRY, LK_LINK_FAULT, REASON_CONNECT},
	{CURLE_COULDNT_RESOLVE_HOST, LK_RETRY, LK_LINK_FAULT, REASON_DNS},
	{CURLE_PEER_FAILED_VERIFICATION, LK_BLOCKED, LK_NOT_SENT, REASON_TLS_VERIFY},
	{CURLE_SSL_CONNECT_ERROR, LK_RETRY, LK_LINK_FAULT, REASON_TLS},
	{CURLE_SSL_CERTPROBLEM, LK_BLOCKED, LK_NOT_SENT, REASON_TLS_CLIENT_CERTIFICATE},
	{CURLE_SSL_CIPHER, LK_RETRY, LK_LINK_FAULT, REASON_TLS},
	{CURLE_GOT_NOTHING, LK_RETRY, LK_LINK_FAULT, REASON_EMPTY_REPLY},
	{CURLE_SEND_ERROR, LK_RETRY, LK_LINK_FAULT, REASON_SEND},
	{CURLE_RECV_ERROR, LK_RETRY, LK_LINK_FAULT, REASON_RECEIVE},
	{CURLE_PARTIAL_FILE, LK_RETRY, LK_LINK_FAULT, REASON_REPLY_INCOMPLETE},
	{CURLE_UNSUPPORTED_PROTOCOL, LK_RETRY, LK_LINK_FAULT, REASON_PROTOCOL},
	{CURLE_WEIRD_SERVER_REPLY, LK_RETRY, LK_LINK_FAULT, REASON_PROTOCOL},
	{CURLE_URL_MALFORMAT, LK_REJECT, LK_NOT_SENT, REASON_URL_INVALID},
	{CURLE_OUT_OF_MEMORY, LK_RETRY, 0, REASON_NO_MEMORY},
};

static const struct code_row *row_of(CURLcode code)
{
	static const struct code_row other = {CURLE_OK, LK_RETRY, LK_LINK_FAULT, REASON_TRANSFER};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return &codes[i];
	return &other;
}

/* "refused" is worth telling apart: somebody is there, and nobody listens. */
static enum reason connect_reason(const struct transfer *t)
{
	long number = 0;

	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
	return number == ECONNREFUSED                            ? REASON_REFUSED
	       : number == ENETUNREACH || number == EHOSTUNREACH ? REASON_UNREACHABLE
	                                                         : REASON_CONNECT;
}

static void complete_failure(struct transfer *t, struct attrs *a, CURLcode code)
{
	const struct code_row *row = row_of(code);
	char detail[CURL_ERROR_SIZE + 160];
	struct lk_outcome outcome = {
		.result = row->result,
		.flags = row->flags,
		.retry_after_ms = -1,
		.reason = reason_text(row->reason),
		.detail = detail,
		.reply_attrs = a->pairs,
		.reply_attr_count = a->count,
	};

	snprintf(detail, sizeof(detail), "%s", t->error[0] ? t->error : curl_easy_strerror(code));
	if (t->denied[0]) {
		outcome.result = LK_REJECT;
		outcome.flags = 0;
		outcome.reason = reason_text(REASON_DENIED_ADDRESS);
		snprintf(detail, sizeof(detail), "the network policy denies %s", t->denied);
	} else if (t->no_descriptor) {
		outcome.flags = 0;
		outcome.reason = reason_text(REASON_NO_DESCRIPTOR);
		snprintf(detail, sizeof(detail),
		         "the host is out of file descriptors (see ulimit -n)");
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		const struct phase *phase = unfinished_phase(t);
		outcome.flags = LK_LINK_FAULT;
		outcome.reason = reason_text(phase->reason);
		snprintf(detail, sizeof(detail), "%s (unfinished: %s)", t->error, phase->name);
	} else if (code == CURLE_COULDNT_CONNECT) {
		outcome.reason = reason_text(connect_reason(t));
	} else if (t->too_many_headers) {
		outcome.reason = reason_text(REASON_REPLY_HEADERS_TOO_LARGE);
		snprintf(detail, sizeof(detail), "the reply's headers are larger than 64 KiB");
	}
	if (time_of(t, CURLINFO_PRETRANSFER_TIME_T) == 0)
		outcome.flags |= LK_NOT_SENT;
	complete(t, &outcome);
}

/* A test that was to connect, and nothing else. */
static void complete_connected(struct transfer *t, struct attrs *a)
{
	struct lk_outcome outcome = {
		.result = LK_DONE,
		.flags = LK_NOT_SENT,
		.retry_after_ms = -1,
		.reason = reason_text(REASON_OK),
		.reply_attrs = a->pairs,
		.reply_attr_count = a->count,
	};

	complete(t, &outcome);
}

static void count_reuse(struct transfer *t)
{
	long fresh = 0;

	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &fresh);
	if (fresh == 0 && t->reply_headers.len_bytes > 0)
		t->link->reused++;
}

void result_of_transfer(struct transfer *t, CURLcode code)
{
	struct attrs a;
	long status = 0;
	char address[80];

	a.count = a.number_count = 0;
	count_reuse(t);
	add_phases(&a, t);
	add_headers(&a, t);
	add_peer(&a, t, address, sizeof(address));
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	/* A reply that we ourselves stopped reading is a reply all the same. */
	if ((code == CURLE_OK || t->too_much_reply) && status > 0)
		complete_reply(t, &a, (unsigned)status);
	else if (code == CURLE_OK && t->only_connects)
		complete_connected(t, &a);
	else
		complete_failure(t, &a, code);
}
