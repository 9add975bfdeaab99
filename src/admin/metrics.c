/* The table of metrics, and what each of them tells. */
#include "admin/metrics.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

#include "admin/answers.h"
#include "base/banned.h"
#include "core/measure.h"
#include "core/meter.h"

/*
 * Of the host
 */

static void write_build(struct sheet *s)
{
	char labels[96];

	snprintf(labels, sizeof(labels), "version=\"%s\",abi=\"%d.%d\"", LINKSPAN_VERSION,
	         LK_ABI_MAJOR, LK_ABI_MINOR);
	sheet_count(s, labels, "", 1);
}

static void write_ready(struct sheet *s)
{
	sheet_count(s, "", "", s->ready != 0);
}

static void write_start(struct sheet *s)
{
	sheet_number(s, "", "", (double)s->host.started_ms / 1e3);
}

static void write_reload(struct sheet *s)
{
	sheet_count(s, "", "", !s->configuration->problem);
}

static void write_reload_time(struct sheet *s)
{
	sheet_number(s, "", "", (double)s->configuration->loaded_ms / 1e3);
}

static void write_answers(struct sheet *s)
{
	answers_write(s->answers, s);
}

static void write_phases(struct sheet *s)
{
	struct histogram_view v;
	char labels[48];

	for (enum measure_phase phase = 0; phase < MEASURE_PHASES; phase++) {
		measure_phase(s->core, phase, &v);
		snprintf(labels, sizeof(labels), "phase=\"%s\"", measure_phase_name(phase));
		sheet_histogram(s, "", labels, &histogram_requests, &v);
	}
}

static void write_dropped(struct sheet *s)
{
	sheet_count(s, "", "", s->host.meters_dropped);
}

/*
 * Of the store
 */

static void write_commits(struct sheet *s)
{
	sheet_histogram(s, "", "", &histogram_commits, &s->store.commit_times);
}

static void write_operations(struct sheet *s)
{
	sheet_count(s, "", "", s->store.operations);
}

static void write_queued(struct sheet *s)
{
	sheet_count(s, "", "", s->store.queued);
}

static void write_size(struct sheet *s)
{
	sheet_count(s, "", "", s->store.size_bytes);
}

static void write_size_limit(struct sheet *s)
{
	sheet_count(s, "", "", (uint64_t)s->host.state_max_bytes);
}

static void write_disk_free(struct sheet *s)
{
	sheet_count(s, "", "", s->store.disk_free_bytes);
}

static void write_full(struct sheet *s)
{
	sheet_count(s, "", "", s->store.full);
}

/*
 * Of the links
 */

static void write_attempts_of(struct sheet *s, const struct sheet_link *l, int outcome,
                              unsigned code)
{
	char own[96];

	for (enum measure_try try = 0; try < MEASURE_TRIES; try++) {
		uint64_t count = atomic_load_explicit(
			&l->link->measure->attempts[outcome][code][try], memory_order_relaxed);
		if (count == 0)
			continue;
		snprintf(own, sizeof(own), "outcome=\"%s\",code_class=\"%s\",try=\"%s\"",
		         measure_outcome_name(outcome), measure_code_name(code),
		         measure_try_name(try));
		sheet_count(s, l->labels, own, count);
	}
}

/* Only what has happened: all that could would be 84 for each link. */
static void write_attempts(struct sheet *s)
{
	for (size_t i = 0; i < s->link_count; i++)
		for (int outcome = 0; outcome < MEASURE_OUTCOMES; outcome++)
			for (unsigned code = 0; code < MEASURE_CODES; code++)
				write_attempts_of(s, &s->links[i], outcome, code);
}

static void write_durations(struct sheet *s)
{
	for (size_t i = 0; i < s->link_count; i++) {
		struct histogram_view v = {0};
		histogram_gather(&s->links[i].link->measure->durations, &v);
		if (histogram_count(&v) > 0)
			sheet_histogram(s, s->links[i].labels, "", &histogram_requests, &v);
	}
}

/* Delivery states as delivery.md has them: HELD is READY behind a link that lets nothing out. */
static void write_messages(struct sheet *s)
{
	for (size_t i = 0; i < s->link_count; i++) {
		const struct monitor_link *l = s->links[i].link;
		uint64_t leased = l->in_memory < l->waiting ? l->in_memory : l->waiting;
		uint64_t rest = l->waiting - leased;
		int held = !l->deployed || !l->enabled || l->paused;
		sheet_count(s, s->links[i].labels, "state=\"ready\"", held ? 0 : rest);
		sheet_count(s, s->links[i].labels, "state=\"leased\"", leased);
		sheet_count(s, s->links[i].labels, "state=\"held\"", held ? rest : 0);
	}
}

static void write_pool(struct sheet *s)
{
	for (size_t i = 0; i < s->link_count; i++) {
		const struct monitor_link *l = s->links[i].link;
		uint32_t idle = l->pool_idle < l->pool_open ? l->pool_idle : l->pool_open;
		sheet_count(s, s->links[i].labels, "state=\"active\"", l->pool_open - idle);
		sheet_count(s, s->links[i].labels, "state=\"idle\"", idle);
	}
}

/* What is one number for each link. */
static void write_each(struct sheet *s,
                       double (*number)(const struct sheet *, const struct monitor_link *))
{
	for (size_t i = 0; i < s->link_count; i++)
		sheet_number(s, s->links[i].labels, "", number(s, s->links[i].link));
}

#define PER_LINK(name, expression)                                                                 \
	static double name##_of(const struct sheet *s, const struct monitor_link *l)               \
	{                                                                                          \
		(void)s;                                                                           \
		return (double)(expression);                                                       \
	}                                                                                          \
	static void write_##name(struct sheet *s)                                                  \
	{                                                                                          \
		write_each(s, name##_of);                                                          \
	}

static double age_s(const struct sheet *s, const struct monitor_link *l)
{
	if (l->oldest_ms == 0 || l->oldest_ms > s->now_ms)
		return 0;
	return (double)(s->now_ms - l->oldest_ms) / 1e3;
}

static int breaker_number(enum breaker_state state)
{
	static const int numbers[] = {
		[BREAKER_CLOSED] = 0,
		[BREAKER_HALF_OPEN] = 1,
		[BREAKER_OPEN] = 2,
	};

	return numbers[state];
}

PER_LINK(age, age_s(s, l))
PER_LINK(dead, l->dead)
PER_LINK(dead_lettered, l->dead_lettered)
PER_LINK(in_flight, l->in_flight)
PER_LINK(limit, l->concurrency_limit)
PER_LINK(blocked, strcmp(l->state, "blocked") == 0)
PER_LINK(paused, l->paused)
PER_LINK(reused, l->pool_reused)
PER_LINK(opened, l->pool_opened)
PER_LINK(breaker, breaker_number(l->breaker))

static void write_expiry(struct sheet *s)
{
	char labels[48];

	for (size_t i = 0; i < s->link_count; i++) {
		const struct sheet_link *l = &s->links[i];
		for (enum expiry_source source = 0; source < EXPIRY_SOURCES; source++) {
			int64_t ends_ms = l->link->certificates[source].ends_ms;
			if (ends_ms == 0)
				continue;
			snprintf(labels, sizeof(labels), "source=\"%s\"",
			         expiry_source_name(source));
			sheet_number(s, l->labels, labels, (double)(ends_ms - s->now_ms) / 1e3);
		}
	}
}

/*
 * The table
 */

#define LINK "project,connection,environment"

const struct metric metrics[] = {
	{"linkspan_build_info", METRIC_GAUGE, "version,abi",
         "Always 1; the version of the host and of the connector ABI are its labels.", write_build},
	{"linkspan_start_time_seconds", METRIC_GAUGE, "",
         "When the host was started, in Unix time.", write_start},
	{"linkspan_ready", METRIC_GAUGE, "",
         "Whether the store, the plugins and the definitions are good, as /readyz says.",
         write_ready},
	{"linkspan_config_last_reload_successful", METRIC_GAUGE, "",
         "Whether the configuration in force is the one that was read last.", write_reload},
	{"linkspan_config_last_reload_success_timestamp_seconds", METRIC_GAUGE, "",
         "When the configuration in force was read, in Unix time.", write_reload_time},

	{"linkspan_delivery_attempts_total", METRIC_COUNTER, LINK ",outcome,code_class,try",
         "Attempts that have ended, of stored messages and direct calls.", write_attempts},
	{"linkspan_http_client_request_duration_seconds", METRIC_HISTOGRAM, LINK,
         "How long an attempt took, from its hand-over to the connector to its end.",
         write_durations},
	{"linkspan_phase_duration_seconds", METRIC_HISTOGRAM, "phase",
         "How long each phase of an attempt took, over all links.", write_phases},

	{"linkspan_outbox_messages", METRIC_GAUGE, LINK ",state",
         "Accepted messages that have not ended.", write_messages},
	{"linkspan_outbox_oldest_age_seconds", METRIC_GAUGE, LINK,
         "Age of the oldest message that has not ended; 0 when there is none.", write_age},
	{"linkspan_dead_letters", METRIC_GAUGE, LINK,
         "Messages that were given up and are still kept, quarantined ones included.", write_dead},
	{"linkspan_dead_lettered_total", METRIC_COUNTER, LINK, "Messages that were given up.",
         write_dead_lettered},

	{"linkspan_link_in_flight", METRIC_GAUGE, LINK,
         "Attempts under way, those of direct calls included.", write_in_flight},
	{"linkspan_link_concurrency_limit", METRIC_GAUGE, LINK,
         "How many attempts may be under way at once.", write_limit},
	{"linkspan_link_blocked", METRIC_GAUGE, LINK,
         "1 while only a probe now and then goes out, until somebody mends the link.",
         write_blocked},
	{"linkspan_link_paused", METRIC_GAUGE, LINK, "1 while the connection is paused.",
         write_paused},
	{"linkspan_breaker_state", METRIC_GAUGE, LINK,
         "The circuit breaker: 0 closed, 1 half open, 2 open.", write_breaker},
	{"linkspan_pool_connections", METRIC_GAUGE, LINK ",state",
         "Connections of the connector's pool.", write_pool},
	{"linkspan_pool_reuse_total", METRIC_COUNTER, LINK,
         "How often a connection of the pool was used again, since the last deployment.",
         write_reused},
	{"linkspan_pool_opened_total", METRIC_COUNTER, LINK,
         "How many connections the pool has opened, since the last deployment.", write_opened},
	{"linkspan_certificate_expiry_seconds", METRIC_GAUGE, LINK ",source",
         "How long a certificate is still good; negative when it has ended.", write_expiry},

	{"linkspan_store_commit_seconds", METRIC_HISTOGRAM, "",
         "How long a commit to stable storage took.", write_commits},
	{"linkspan_store_operations_total", METRIC_COUNTER, "",
         "Operations that were committed, many in one commit.", write_operations},
	{"linkspan_store_queued_operations", METRIC_GAUGE, "",
         "Operations that wait for the next commit.", write_queued},
	{"linkspan_store_size_bytes", METRIC_GAUGE, "", "What the stored messages take.",
         write_size},
	{"linkspan_store_limit_bytes", METRIC_GAUGE, "",
         "What they may take (state_max_bytes); 0 when there is no bound.", write_size_limit},
	{"linkspan_store_disk_free_bytes", METRIC_GAUGE, "",
         "What is free on the disk of the state folder.", write_disk_free},
	{"linkspan_store_full", METRIC_GAUGE, "",
         "1 while nothing is accepted for want of room on the disk.", write_full},

	{"linkspan_api_requests_total", METRIC_COUNTER, "route,method,code",
         "Answers of the API; requests that fit no route have an empty one.", write_answers},
	{"linkspan_plugin_dropped_total", METRIC_COUNTER, "",
         "Observations of connectors that were dropped: a bad name, or too many.", write_dropped},
};

const size_t metric_count = sizeof(metrics) / sizeof(metrics[0]);

/*
 * Plugins
 */

/* The name that stands for a plugin's: with the prefix, and the unit or "_total" at its end. */
static void family_name(const struct meter_family *f, char *text, size_t bytes)
{
	const char *end = f->kind == METER_COUNT ? "_total" : "_seconds";
	size_t length = strlen(f->name), end_length = strlen(end);
	int has_end = length > end_length && strcmp(f->name + length - end_length, end) == 0;

	snprintf(text, bytes, "linkspan_plugin_%s%s", f->name, has_end ? "" : end);
}

static void write_meter(struct sheet *s, const char *labels, const struct meter *meter)
{
	struct histogram_view v = {0};

	if (meter->family->kind == METER_COUNT) {
		sheet_count(s, labels, "",
		            atomic_load_explicit(&meter->count, memory_order_relaxed));
		return;
	}
	histogram_gather(&meter->seconds, &v);
	sheet_histogram(s, labels, "", &histogram_requests, &v);
}

/* A name may be taken: by one of the host's own, or "a" and "a_total" of two plugins. */
static int is_taken(const struct sheet *s, size_t family, const char *name)
{
	char other[METER_NAME_BYTES + 32];

	for (size_t i = 0; i < metric_count; i++)
		if (strcmp(metrics[i].name, name) == 0)
			return 1;
	for (size_t i = 0; i < family; i++) {
		family_name(&s->host.families[i], other, sizeof(other));
		if (strcmp(other, name) == 0)
			return 1;
	}
	return 0;
}

static void write_family(struct sheet *s, size_t family)
{
	const struct meter_family *f = &s->host.families[family];
	char name[METER_NAME_BYTES + 32];

	family_name(f, name, sizeof(name));
	if (is_taken(s, family, name))
		return;
	sheet_begin(s, name, f->kind == METER_COUNT ? METRIC_COUNTER : METRIC_HISTOGRAM,
	            "What a connector counts; see its own documents.");
	for (size_t i = 0; i < s->link_count; i++) {
		const struct meter *meter = meter_find(s->links[i].link->measure, f);
		if (meter)
			write_meter(s, s->links[i].labels, meter);
	}
}

void metrics_write(struct sheet *s)
{
	for (size_t i = 0; i < metric_count; i++) {
		sheet_begin(s, metrics[i].name, metrics[i].kind, metrics[i].help);
		metrics[i].write(s);
	}
	for (size_t i = 0; i < s->host.family_count; i++)
		write_family(s, i);
}

void metrics_document(struct buf *text)
{
	buf_add_str(text, "| metric | kind | labels | |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < metric_count; i++) {
		buf_printf(text, "| `%s` | %s | ", metrics[i].name,
		           sheet_kind_name(metrics[i].kind));
		for (const char *c = metrics[i].labels; *c; c++)
			if (*c == ',')
				buf_add_str(text, ", ");
			else
				buf_add_char(text, *c);
		buf_printf(text, " | %s |\n", metrics[i].help);
	}
}
