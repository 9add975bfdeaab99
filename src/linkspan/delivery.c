/* How stored messages look. */
#include "linkspan/delivery.h"

#include <stddef.h>

#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/moment.h"
#include "json/json.h"

/* The states in the words of people. */
static const struct state_row {
	const char *state;
	const char *words;
	bool has_ended, is_done;
} states[] = {
	{"ready", "waiting", false, false},          {"leased", "being sent", false, false},
	{"done", "delivered", true, true},           {"dead", "given up", true, false},
	{"quarantined", "quarantined", true, false}, {"cancelled", "cancelled", true, false},
};

static const struct state_row *row_of(const struct json *delivery)
{
	static const struct state_row unknown = {"", "in an unknown state", false, false};
	const char *state = json_as_string(json_get(delivery, "state"));

	for (size_t i = 0; state && i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].state, state) == 0)
			return &states[i];
	return &unknown;
}

static const char *text_of(const struct json *object, const char *key)
{
	const char *text = json_as_string(json_get(object, key));

	return text ? text : "";
}

static long long number_of(const struct json *object, const char *key)
{
	return json_as_int(json_get(object, key));
}

bool delivery_has_ended(const struct json *delivery)
{
	return row_of(delivery)->has_ended;
}

bool delivery_is_done(const struct json *delivery)
{
	return row_of(delivery)->is_done;
}

void delivery_show_when(const struct json *delivery, int64_t now_ms, struct buf *b)
{
	bool ended = delivery_has_ended(delivery);
	int64_t at_ms = moment_read(text_of(delivery, ended ? "ended" : "due"));

	if (at_ms < 0)
		return;
	if (ended) {
		moment_show_length(now_ms - at_ms, b);
		buf_add_str(b, " ago");
	} else if (text_of(delivery, "held")[0]) {
		buf_printf(b, "held: %s", text_of(delivery, "held"));
	} else if (at_ms > now_ms) {
		buf_add_str(b, "next in ");
		moment_show_length(at_ms - now_ms, b);
	} else {
		buf_add_str(b, "due");
	}
}

static void show_attempts(const struct json *delivery, struct buf *b)
{
	long long attempts = number_of(delivery, "attempts");

	buf_printf(b, "%lld attempt%s", attempts, attempts == 1 ? "" : "s");
}

void delivery_show_state(const struct json *delivery, int64_t now_ms, struct buf *b)
{
	buf_printf(b, "%s, ", row_of(delivery)->words);
	show_attempts(delivery, b);
	size_t before = b->len_bytes;
	buf_add_str(b, ", ");
	delivery_show_when(delivery, now_ms, b);
	if (b->len_bytes == before + 2)
		buf_cut(b, before);
	if (text_of(delivery, "reason")[0] && !delivery_is_done(delivery))
		buf_printf(b, " (%s)", text_of(delivery, "reason"));
}

void delivery_show_line(const struct json *delivery, struct buf *b)
{
	buf_add_str(b, row_of(delivery)->words);
	if (number_of(delivery, "status"))
		buf_printf(b, ", status %lld", number_of(delivery, "status"));
	buf_add_str(b, ", ");
	show_attempts(delivery, b);
	buf_printf(b, ", %s\n", text_of(delivery, "id"));
	if (!delivery_is_done(delivery) && text_of(delivery, "reason")[0])
		buf_printf(b, "%s\n", text_of(delivery, "reason"));
}

static void show_row(struct buf *b, const char *label, const char *text)
{
	if (text[0])
		buf_printf(b, "%-14s %s\n", label, text);
}

static void show_number(struct buf *b, const char *label, long long number)
{
	if (number)
		buf_printf(b, "%-14s %lld\n", label, number);
}

/* One line of the timeline; a replay begins a new count. */
static void show_attempt(const struct json *attempt, struct buf *b)
{
	const char *detail = text_of(attempt, "detail"), *excerpt = text_of(attempt, "excerpt");

	buf_printf(b, "  %s  ", text_of(attempt, "at"));
	if (number_of(attempt, "replay"))
		buf_printf(b, "replay %lld, ", number_of(attempt, "replay"));
	buf_printf(b, "attempt %lld: %s", number_of(attempt, "number"),
	           text_of(attempt, "outcome"));
	if (number_of(attempt, "status"))
		buf_printf(b, ", status %lld", number_of(attempt, "status"));
	buf_printf(b, ", %lld ms", number_of(attempt, "duration_ms"));
	if (text_of(attempt, "reason")[0])
		buf_printf(b, ", %s", text_of(attempt, "reason"));
	buf_printf(b, "%s%s\n", detail[0] ? ": " : "", detail);
	if (excerpt[0])
		buf_printf(b, "    %s%s", excerpt,
		           excerpt[strlen(excerpt) - 1] == '\n' ? "" : "\n");
}

static void show_attributes(const struct json *attributes, struct buf *b)
{
	for (size_t i = 0; i < json_count(attributes); i++) {
		const char *key;
		const struct json *values = json_member(attributes, i, &key);
		for (size_t j = 0; j < json_count(values); j++) {
			const char *value = json_as_string(json_at(values, j));
			show_row(b, key, value ? value : "");
		}
	}
}

void delivery_show(const struct json *delivery, int64_t now_ms, struct buf *b)
{
	const struct json *log = json_get(delivery, "log");

	buf_printf(b, "%-14s %s\n%-14s ", "id", text_of(delivery, "id"), "state");
	delivery_show_state(delivery, now_ms, b);
	buf_add_char(b, '\n');
	show_row(b, "project", text_of(delivery, "project"));
	show_row(b, "connection", text_of(delivery, "connection"));
	show_row(b, "environment", text_of(delivery, "environment"));
	show_row(b, "held", text_of(delivery, "held"));
	show_row(b, "accepted", text_of(delivery, "accepted"));
	show_row(b, "due", delivery_has_ended(delivery) ? "" : text_of(delivery, "due"));
	show_row(b, "ended", text_of(delivery, "ended"));
	show_number(b, "status", number_of(delivery, "status"));
	show_row(b, "reason", text_of(delivery, "reason"));
	show_number(b, "duration (ms)", number_of(delivery, "duration_ms"));
	show_row(b, "ordering key", text_of(delivery, "ordering_key"));
	show_number(b, "replays", number_of(delivery, "replay"));
	show_number(b, "crashes", number_of(delivery, "suspect"));
	show_row(b, "content type", text_of(delivery, "content_type"));
	show_attributes(json_get(delivery, "attributes"), b);
	if (json_count(log) > 0)
		buf_add_str(b, "attempts\n");
	for (size_t i = 0; i < json_count(log); i++)
		show_attempt(json_at(log, i), b);
	if (text_of(delivery, "body")[0])
		buf_printf(b, "\n%s\n", text_of(delivery, "body"));
	else if (text_of(delivery, "body_base64")[0])
		buf_add_str(b, "\n(the body is no text; -o json has it in base64)\n");
}
