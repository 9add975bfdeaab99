/* Counting attempts. */
#include "core/measure.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "core/host_impl.h"
#include "core/link.h"
#include "plug/hostapi.h"

static const char *const outcomes[MEASURE_OUTCOMES] = {
	[LK_DONE] = "delivered",
	[LK_RETRY] = "failed",
	[LK_REJECT] = "rejected",
	[LK_BLOCKED] = "blocked",
};
static const char *const codes[MEASURE_CODES] = {"none", "1xx", "2xx",  "3xx",
                                                 "4xx",  "5xx", "other"};
static const char *const tries[MEASURE_TRIES] = {"first", "retry", "replay"};

/* What the plugin calls the end of a phase, behind "time.", in the order of the phases. */
static const struct phase_row {
	const char *name, *attr;
} rows[MEASURE_PHASES] = {
	[MEASURE_RESOLVE] = {"resolve", "resolve_us"},
	[MEASURE_CONNECT] = {"connect", "connect_us"},
	[MEASURE_TLS] = {"tls", "tls_us"},
	[MEASURE_FIRST_BYTE] = {"first_byte", "first_byte_us"},
	[MEASURE_TRANSFER] = {"transfer", "total_us"},
};

static const char prefix[] = "time.";

const char *measure_outcome_name(int result)
{
	return outcomes[result];
}

const char *measure_code_name(unsigned code)
{
	return codes[code];
}

const char *measure_try_name(enum measure_try try)
{
	return tries[try];
}

const char *measure_phase_name(enum measure_phase phase)
{
	return rows[phase].name;
}

static unsigned code_of(unsigned status)
{
	if (status == 0)
		return MEASURE_CODE_NONE;
	return status >= 100 && status < 600 ? status / 100 : MEASURE_CODE_OTHER;
}

static enum measure_try try_of(const struct send *send)
{
	if (send->attempt > 1)
		return MEASURE_RETRY;
	return send->is_replay ? MEASURE_REPLAY : MEASURE_FIRST;
}

/* Decimal microseconds; -1: they are none. */
static int64_t read_us(const char *text)
{
	int64_t us = 0;

	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || at - text > 15)
			return -1;
		us = us * 10 + (*at - '0');
	}
	return *text ? us : -1;
}

/* When each phase ended, in one walk over the attributes; -1: it did not happen. */
static void read_ends(const struct outcome *o, int64_t ends_us[MEASURE_PHASES])
{
	for (size_t i = 0; i < MEASURE_PHASES; i++)
		ends_us[i] = -1;
	for (uint32_t k = 0; k < o->attr_count; k++) {
		const char *key = o->attrs[2 * k];
		if (key[0] != prefix[0] || strncmp(key, prefix, sizeof(prefix) - 1) != 0)
			continue;
		key += sizeof(prefix) - 1;
		for (size_t i = 0; i < MEASURE_PHASES; i++)
			if (strcmp(key, rows[i].attr) == 0)
				ends_us[i] = read_us(o->attrs[2 * k + 1]);
	}
}

static void add_phases(struct measure_phases *phases, const int64_t ends_us[MEASURE_PHASES])
{
	int64_t before_us = 0;

	for (size_t i = 0; i < MEASURE_PHASES; i++) {
		if (ends_us[i] < 0)
			continue;
		/* A plugin may have looked at its clock in another order. */
		if (ends_us[i] > before_us) {
			histogram_add(&phases->of[i], &histogram_requests,
			              (uint64_t)(ends_us[i] - before_us));
			before_us = ends_us[i];
		} else {
			histogram_add(&phases->of[i], &histogram_requests, 0);
		}
	}
}

void measure_attempt(struct measure *m, struct measure_phases *phases, const struct send *send,
                     const struct outcome *outcome, int64_t now_ms)
{
	int64_t ends_us[MEASURE_PHASES];

	if (send->kind != LK_OP_SEND)
		return;
	atomic_fetch_add_explicit(
		&m->attempts[outcome->result][code_of(outcome->status)][try_of(send)], 1,
		memory_order_relaxed);
	read_ends(outcome, ends_us);
	add_phases(phases, ends_us);
	/* The plugin's own time is finer than the lane's clock. */
	int64_t total_us = ends_us[MEASURE_TRANSFER];
	if (total_us < 0)
		total_us = (now_ms - send->submitted_ms) * 1000;
	histogram_add(&m->durations, &histogram_requests, total_us > 0 ? (uint64_t)total_us : 0);
}

void measure_phase(const struct host *host, enum measure_phase phase, struct histogram_view *ret)
{
	*ret = (struct histogram_view){0};
	for (unsigned i = 0; i < host->lane_count; i++)
		histogram_gather(&host->lanes[i].phases.of[phase], ret);
}
