/* One webhook connection: opening, taking requests, waiting for addresses, sleeping. */
#include "link.h"

#include <stdio.h>
#include <string.h>

void transfer_list_add(struct transfer_list *list, struct transfer *t)
{
	t->prev = list->last;
	t->next = NULL;
	if (list->last)
		list->last->next = t;
	else
		list->first = t;
	list->last = t;
	list->count++;
}

void transfer_list_take(struct transfer_list *list, struct transfer *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		list->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		list->last = t->prev;
	t->prev = t->next = NULL;
	list->count--;
}

static void drop_free(struct webhook_link *l)
{
	while (l->free.first) {
		struct transfer *t = l->free.first;
		transfer_list_take(&l->free, t);
		transfer_destroy(t);
	}
}

/* Nothing to do for so long that the connections are not worth their descriptors. */
static void sleep_now(struct wh_timer *timer)
{
	struct webhook_link *l = wh_container_of(timer, struct webhook_link, idle);

	l->retire = false;
	drop_free(l);
	pump_close(&l->multi);
	resolve_idle(&l->resolve, true);
}

static void on_idle(struct webhook_link *l)
{
	int64_t now = l->state->host->mono_ms();

	/* A retired pool goes at once, but not from inside libcurl's own call. */
	resolve_idle(&l->resolve, false);
	wh_timer_set(&l->state->pump.timers, &l->idle, l->retire ? now : now + l->idle_timeout_ms,
	             sleep_now);
}

void link_reuse(struct transfer *t)
{
	struct webhook_link *l = t->link;

	if (t->state == TRANSFER_PENDING)
		transfer_list_take(&l->pending, t);
	else if (t->state == TRANSFER_RUNNING)
		transfer_list_take(&l->running, t);
	wh_timer_stop(&l->state->pump.timers, &t->timer);
	t->state = TRANSFER_FREE;
	t->request = NULL;
	if (t->is_test)
		transfer_destroy(t);
	else
		transfer_list_add(&l->free, t);
	if (!l->running.first && !l->pending.first)
		on_idle(l);
}

static void on_done(struct pump_multi *m, CURL *easy, CURLcode code)
{
	char *private = NULL;

	(void)m;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	struct transfer *t = (struct transfer *)(void *)private;
	result_of_transfer(t, code);
	link_reuse(t);
}

static void start(struct transfer *t)
{
	struct webhook_link *l = t->link;
	int rc = l->multi.multi ? 0
	                        : pump_open(&l->multi, &l->state->pump, l->settings->max_in_flight,
	                                    on_done);

	if (t->state == TRANSFER_PENDING)
		transfer_list_take(&l->pending, t);
	wh_timer_stop(&l->state->pump.timers, &t->timer);
	wh_timer_stop(&l->state->pump.timers, &l->idle);
	t->state = TRANSFER_RUNNING;
	transfer_list_add(&l->running, t);
	if (rc == 0)
		rc = transfer_start(t);
	if (rc == LK_EINVAL)
		result_unsent(t, LK_BLOCKED, LK_NOT_SENT, REASON_SECRET,
		              "the passphrase of the client key cannot be read");
	else if (rc < 0)
		result_unsent(t, LK_RETRY, LK_NOT_SENT, REASON_NO_MEMORY,
		              "out of memory or of file descriptors");
	if (rc < 0)
		link_reuse(t);
}

static void fail_resolve(struct transfer *t)
{
	struct resolve *r = &t->link->resolve;

	if (r->denied)
		result_unsent(t, LK_REJECT, LK_NOT_SENT, REASON_DENIED_ADDRESS, r->detail);
	else
		result_unsent(t, LK_RETRY, LK_NOT_SENT | LK_LINK_FAULT, REASON_DNS, r->detail);
	link_reuse(t);
}

static void fire_no_addresses(struct wh_timer *timer)
{
	struct transfer *t = wh_container_of(timer, struct transfer, timer);
	struct refusal why;

	snprintf(why.detail, sizeof(why.detail), "%s did not resolve in time (unfinished: resolve)",
	         t->link->resolve.name);
	result_unsent(t, LK_RETRY, LK_NOT_SENT | LK_LINK_FAULT, REASON_TIMEOUT_RESOLVE, why.detail);
	link_reuse(t);
}

static void on_addresses(struct resolve *r, bool renewed)
{
	struct webhook_link *l = wh_container_of(r, struct webhook_link, resolve);
	int64_t now = l->state->host->mono_ms();

	if (renewed && l->multi.multi) {
		l->retire = true; /* pooled connections lead to the old addresses */
		if (!l->running.first && !l->pending.first)
			on_idle(l);
	}
	while (l->pending.first) {
		struct transfer *t = l->pending.first;
		t->resolve_us = (now - t->request->start_ms) * 1000;
		if (r->known)
			start(t);
		else
			fail_resolve(t);
	}
}

static void hold(struct transfer *t)
{
	struct webhook_link *l = t->link;
	int64_t wait = l->connection_timeout_ms < l->request_timeout_ms ? l->connection_timeout_ms
	                                                                : l->request_timeout_ms;

	t->state = TRANSFER_PENDING;
	transfer_list_add(&l->pending, t);
	wh_timer_stop(&l->state->pump.timers, &l->idle);
	wh_timer_set(&l->state->pump.timers, &t->timer, t->request->start_ms + wait,
	             fire_no_addresses);
}

static void take(struct transfer *t)
{
	struct refusal refusal = {0};

	t->resolve_us = -1;
	int rc = t->is_test ? request_of_test(t, &refusal) : 0;
	if (rc == 0)
		rc = request_build(t, &refusal);
	if (rc < 0) {
		result_refused(t, &refusal);
		link_reuse(t);
		return;
	}
	if (t->request->kind == LK_OP_DESCRIBE) {
		request_describe(t);
		link_reuse(t);
		return;
	}
	switch (resolve_ask(&t->link->resolve)) {
	case RESOLVE_READY:
		start(t);
		break;
	case RESOLVE_WAIT:
		hold(t);
		break;
	case RESOLVE_FAILED:
		fail_resolve(t);
		break;
	}
}

int link_submit(void *conn, const struct lk_request *request)
{
	struct webhook_link *l = conn;
	bool is_test = request->kind == LK_OP_PROBE;
	struct transfer *t = is_test ? NULL : l->free.first;

	if (t)
		transfer_list_take(&l->free, t);
	else
		t = transfer_create(l, is_test);
	if (!t)
		return LK_ENOMEM;
	t->request = request;
	t->state = TRANSFER_FREE;
	take(t);
	return 0;
}

static struct transfer *find(const struct transfer_list *list, const struct lk_op *op)
{
	struct transfer *t = list->first;

	while (t && t->request->op != op)
		t = t->next;
	return t;
}

void link_cancel(void *conn, struct lk_op *op)
{
	struct webhook_link *l = conn;
	struct transfer *t = find(&l->running, op);

	if (t)
		pump_stop(&l->multi, t->easy);
	else
		t = find(&l->pending, op);
	if (!t)
		return;
	result_unsent(t, LK_RETRY, LK_CANCELLED, REASON_CANCELLED, "the host gave it up");
	link_reuse(t);
}

void link_stats(void *conn, struct lk_stats *ret_stats)
{
	struct webhook_link *l = conn;

	ret_stats->waiting = l->pending.count;
	ret_stats->open = l->multi.sockets;
	ret_stats->idle =
		l->multi.sockets > l->running.count ? l->multi.sockets - l->running.count : 0;
	ret_stats->opened = l->opened;
	ret_stats->reused = l->reused;
}

const struct webhook_method *webhook_method(const char *name)
{
	static const struct webhook_method methods[] = {
		/* RFC 9110, section 9.2.2 */
		{"GET", true, true},    {"POST", false, true},  {"PUT", true, true},
		{"DELETE", true, true}, {"HEAD", true, false},  {"OPTIONS", true, true},
		{"PATCH", false, true}, {"TRACE", true, false},
	};
	size_t i = 0;

	while (strcmp(methods[i].name, name) != 0)
		i++;
	return &methods[i];
}

static void read_values(struct webhook_link *l)
{
	l->method = webhook_method(link_value(l, PARAM_METHOD)->u.s);
	l->connection_timeout_ms = link_value(l, PARAM_CONNECTION_TIMEOUT_MS)->u.i;
	l->request_timeout_ms = link_value(l, PARAM_REQUEST_TIMEOUT_MS)->u.i;
	l->idle_timeout_ms = link_value(l, PARAM_IDLE_TIMEOUT_S)->u.i * 1000;
}

static int open_tls(struct webhook_link *l)
{
	const struct lk_value *const *tls = link_value(l, PARAM_TLS)->u.v;
	char text[320];

	if (!l->target.https || !tls[TLS_VERIFY]->u.i)
		return 0;
	int rc =
		tls_roots_get(&l->state->tls, tls[TLS_CA_FILE]->u.s, &l->roots, text, sizeof(text));
	if (rc == LK_EINVAL)
		l->state->host->log(l->host_link, LK_LOG_ERROR, text);
	return rc;
}

/* A URL without variables is expanded and parsed here, once. */
static int open_constant_url(struct webhook_link *l)
{
	struct uri_args none = {0};
	struct text text;
	char why[320];

	text_init(&text, TARGET_URL_MAX_BYTES);
	int rc = target_expand(&l->target, &none, &text, why, sizeof(why));
	l->url = rc == 0 ? curl_url() : NULL;
	if (rc == 0 && (!l->url || curl_url_set(l->url, CURLUPART_URL, text_str(&text),
	                                        CURLU_PATH_AS_IS) != CURLUE_OK))
		rc = LK_ENOMEM;
	text_finish(&text);
	return rc;
}

static int open_url(struct webhook_link *l)
{
	const char *message = "out of memory";

	int rc = target_parse(link_value(l, PARAM_URL)->u.s, &l->target, &message);
	if (rc < 0)
		l->state->host->log(l->host_link, LK_LOG_ERROR, message);
	else if (uritemplate_variables(l->target.url) == 0)
		rc = open_constant_url(l);
	return rc;
}

int link_open(void *state, struct lk_link *link, const struct lk_settings *settings,
              void **ret_conn)
{
	struct webhook_link *l = wh_array(1, sizeof(*l));
	const char *message = NULL;

	if (!l)
		return LK_ENOMEM;
	l->state = state;
	l->host_link = link;
	l->settings = settings;
	for (int i = 0; i < CONSTANTS; i++)
		header_block_init(&l->constant[i]);
	text_init(&l->type, HEADER_VALUE_MAX_BYTES + 1);
	read_values(l);
	int rc = open_url(l);
	if (rc == 0)
		rc = status_set_parse(link_value(l, PARAM_SUCCESS_STATUS)->u.s, &l->success,
		                      &message);
	if (rc == 0)
		rc = open_tls(l);
	if (rc == 0) {
		l->share = curl_share_init();
		if (!l->share || curl_share_setopt(l->share, CURLSHOPT_SHARE,
		                                   CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
			rc = LK_ENOMEM;
	}
	if (rc == 0)
		resolve_init(&l->resolve, l->state->host, l->state->resolve, link, l->target.host,
		             l->target.port, on_addresses);
	if (rc < 0) {
		link_close(l);
		return rc;
	}
	*ret_conn = l;
	return 0;
}

void link_close(void *conn)
{
	struct webhook_link *l = conn;

	wh_timer_stop(&l->state->pump.timers, &l->idle);
	drop_free(l);
	pump_close(&l->multi);
	curl_share_cleanup(l->share);
	resolve_finish(&l->resolve);
	for (int i = 0; i < CONSTANTS; i++)
		header_block_finish(&l->constant[i]);
	text_finish(&l->type);
	tls_roots_drop(&l->state->tls, l->roots);
	curl_url_cleanup(l->url);
	target_finish(&l->target);
	wh_free(l);
}
