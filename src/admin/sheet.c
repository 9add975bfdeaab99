/* Writing metrics. */
#include "admin/sheet.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"

/* Ten thousand links with all they can have are 50 MB. */
#define SHEET_MAX_BYTES (256u * 1024u * 1024u)

enum { LABELS_MAX_BYTES = 2048 };

const char *sheet_kind_name(enum metric_kind kind)
{
	static const char *const names[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	return names[kind];
}

static const char *keep_labels(struct sheet *s, struct buf *labels, const struct monitor_link *l)
{
	buf_clear(labels);
	sheet_label(labels, "project", l->project);
	sheet_label(labels, "connection", l->connection);
	sheet_label(labels, "environment", l->environment);
	return buf_failed(labels) ? NULL : arena_strdup(&s->arena, buf_str(labels));
}

/* A link that was once deployed stays in the host; one that is gone for good tells nothing. */
static int is_told(const struct monitor_link *l)
{
	return l->deployed || l->waiting > 0 || l->dead > 0;
}

static int take_links(struct sheet *s, size_t count)
{
	struct buf labels;

	s->links = mem_array(count + 1, sizeof(*s->links));
	if (!s->links)
		return ERR_NO_MEMORY;
	buf_init(&labels, LABELS_MAX_BYTES);
	for (size_t i = 0; i < count; i++) {
		if (!is_told(&s->rows[i]))
			continue;
		struct sheet_link *link = &s->links[s->link_count++];
		link->link = &s->rows[i];
		link->labels = keep_labels(s, &labels, link->link);
		if (!link->labels)
			break;
	}
	int complete = s->link_count == 0 || s->links[s->link_count - 1].labels;
	buf_finish(&labels);
	return complete ? 0 : ERR_NO_MEMORY;
}

int sheet_init(struct sheet *s, struct host *host, struct err *e)
{
	size_t count = 0;

	*s = (struct sheet){.core = host};
	arena_init(&s->arena);
	buf_init(&s->text, SHEET_MAX_BYTES);
	int rc = monitor_read(host, NULL, NULL, NULL, &s->rows, &count, e);
	if (rc == 0 && take_links(s, count) < 0)
		rc = err_no_memory(e);
	if (rc < 0) {
		sheet_finish(s);
		return rc;
	}
	monitor_host(host, &s->host);
	if (host_store(host))
		store_stats(host_store(host), &s->store);
	return 0;
}

void sheet_finish(struct sheet *s)
{
	mem_free(s->rows);
	mem_free(s->links);
	arena_finish(&s->arena);
	buf_finish(&s->text);
}

void sheet_begin(struct sheet *s, const char *name, enum metric_kind kind, const char *help)
{
	s->name = name;
	buf_printf(&s->text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
	           sheet_kind_name(kind));
}

void sheet_label(struct buf *labels, const char *name, const char *value)
{
	buf_printf(labels, "%s%s=\"", labels->len_bytes ? "," : "", name);
	for (; *value; value++) {
		if (*value == '\n')
			buf_add_str(labels, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_printf(labels, "\\%c", *value);
		else
			buf_add_char(labels, *value);
	}
	buf_add_char(labels, '"');
}

/* What a scrape consists of: not by format strings, which would take most of its time. */
static void put(struct sheet *s, const char *suffix, const char *labels, const char *own,
                const char *le, const char *value)
{
	const struct {
		const char *before, *text;
	} parts[] = {{"", labels}, {"", own}, {"le=\"", le}};
	int some = 0;

	buf_add_str(&s->text, s->name);
	buf_add_str(&s->text, suffix);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].text[0])
			continue;
		buf_add_char(&s->text, some ? ',' : '{');
		buf_add_str(&s->text, parts[i].before);
		buf_add_str(&s->text, parts[i].text);
		some = 1;
	}
	buf_add_str(&s->text, le[0] ? "\"} " : some ? "} " : " ");
	buf_add_str(&s->text, value);
	buf_add_char(&s->text, '\n');
}

static const char *decimal(uint64_t value, char text[24])
{
	char *at = text + 23;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return at;
}

void sheet_count(struct sheet *s, const char *labels, const char *own, uint64_t value)
{
	char text[24];

	put(s, "", labels, own, "", decimal(value, text));
}

static void real(double value, char text[32])
{
	snprintf(text, 32, "%.15g", value);
}

void sheet_number(struct sheet *s, const char *labels, const char *own, double value)
{
	char text[32];

	real(value, text);
	put(s, "", labels, own, "", text);
}

void sheet_histogram(struct sheet *s, const char *labels, const char *own,
                     const struct histogram_scale *scale, const struct histogram_view *v)
{
	uint64_t count = 0;
	char le[32], text[32];

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += v->counts[i];
		if (i < HISTOGRAM_BOUNDS)
			real(scale->bounds_us[i] / 1e6, le);
		put(s, "_bucket", labels, own, i < HISTOGRAM_BOUNDS ? le : "+Inf",
		    decimal(count, text));
	}
	real((double)v->sum_us / 1e6, text);
	put(s, "_sum", labels, own, "", text);
	put(s, "_count", labels, own, "", decimal(count, text));
}
