/*
 * Metrics in the text format of Prometheus (version 0.0.4): what one scrape is written from, and how a
 * sample is written.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "admin/admin.h"
#include "base/buf.h"
#include "base/histogram.h"
#include "base/mem.h"
#include "core/monitor.h"
#include "store/store.h"

struct answers;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A link in a scrape: its labels are written once. */
struct sheet_link {
	const struct monitor_link *link;
	const char *labels;
};

struct sheet {
	struct buf text;
	const char *name; /* of the metric that is being written */

	/* What it tells; borrowed. */
	const struct admin_configuration *configuration;
	const struct answers *answers;
	const struct host *core;
	struct monitor_host host;
	struct store_stats store;
	int64_t now_ms; /* Unix time */
	int ready;
	struct sheet_link *links;
	size_t link_count;

	struct monitor_link *rows;
	struct arena arena;
};

/* 0 or ERR_NO_MEMORY, then there is nothing to finish.  Links that are not deployed and hold no message
 * are left out.  What else it tells is the caller's to fill in. */
int sheet_init(struct sheet *s, struct host *host, struct err *e);
void sheet_finish(struct sheet *s);

/* Begins a metric: "# HELP" and "# TYPE".  name is borrowed until the next one. */
void sheet_begin(struct sheet *s, const char *name, enum metric_kind kind, const char *help);

/* One sample of it.  labels: `a="b",c="d"` as they are to be written, or ""; own: more of them. */
void sheet_count(struct sheet *s, const char *labels, const char *own, uint64_t value);
void sheet_number(struct sheet *s, const char *labels, const char *own, double value);
void sheet_histogram(struct sheet *s, const char *labels, const char *own,
                     const struct histogram_scale *scale, const struct histogram_view *v);

/* Adds a label, its value escaped. */
void sheet_label(struct buf *labels, const char *name, const char *value);

const char *sheet_kind_name(enum metric_kind kind);
