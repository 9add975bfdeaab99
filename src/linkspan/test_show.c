/* The answer of Test connection, for people. */
#include "linkspan/test_show.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/colour.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/output.h"
#include "json/json.h"

static double number_of(const struct json *v)
{
	return json_kind(v) == JSON_INT ? (double)json_as_int(v) : json_as_double(v);
}

static void show_head(const struct json *document, bool ok, bool colour, struct buf *b)
{
	long long status = json_as_int(json_get(document, "status"));

	buf_printf(b, "%s in %s: ", connection_text(document, "name"),
	           connection_text(document, "environment"));
	colour_state(colour, ok ? "ok" : "failed", 0, b);
	if (status)
		buf_printf(b, ", status %lld", status);
	buf_printf(b, ", %lld ms\n", (long long)json_as_int(json_get(document, "duration_ms")));
}

static void show_phases(const struct json *document, bool colour, struct buf *b)
{
	const struct json *phases = json_get(document, "phases");
	const char *failed = connection_text(document, "failed_phase");

	for (size_t i = 0; i < json_count(phases); i++) {
		const struct json *phase = json_at(phases, i), *ms = json_get(phase, "ms");
		const char *name = connection_text(phase, "name");
		bool done = json_as_bool(json_get(phase, "done"));
		buf_printf(b, "  %-10s  ", name);
		colour_state(colour,
		             done                        ? "ok"
		             : strcmp(name, failed) == 0 ? "failed"
		                                         : "-",
		             6, b);
		if (json_kind(ms) != JSON_NULL)
			buf_printf(b, "  %9.1f ms", number_of(ms));
		buf_add_char(b, '\n');
	}
}

static void show_certificate(const struct json *c, struct buf *b)
{
	const struct json *names = json_get(c, "san");
	long long days = json_as_int(json_get(c, "days_left"));

	buf_printf(b, "  %s\n    issued by %s\n", connection_text(c, "subject"),
	           connection_text(c, "issuer"));
	buf_printf(b, "    %s %.10s, ", days < 0 ? "ended" : "ends",
	           connection_text(c, "not_after"));
	if (days < 0)
		buf_printf(b, "%lld days ago\n", -days);
	else
		buf_printf(b, "%lld days left\n", days);
	for (size_t i = 0; i < json_count(names); i++)
		buf_printf(b, "%s%s", i ? ", " : "    for ", json_as_string(json_at(names, i)));
	if (json_count(names) > 0)
		buf_add_char(b, '\n');
}

static void show_peer(const struct json *document, struct buf *b)
{
	const struct json *tls = json_get(document, "tls"), *chain = json_get(tls, "chain");
	const char *peer = connection_text(document, "peer");

	if (peer[0])
		buf_printf(b, "peer %s\n", peer);
	if (json_kind(tls) != JSON_OBJECT)
		return;
	buf_printf(b, "%s, %s\n", connection_text(tls, "version"), connection_text(tls, "cipher"));
	for (size_t i = 0; i < json_count(chain); i++)
		show_certificate(json_at(chain, i), b);
}

static void show_failure(const struct json *document, struct buf *b)
{
	const struct json *evidence = json_get(document, "evidence");
	const char *body = connection_text(json_get(document, "response"), "body");

	buf_printf(b, "failed in phase %s: %s\n", connection_text(document, "failed_phase"),
	           connection_text(document, "reason"));
	for (size_t i = 0; i < json_count(evidence); i++)
		buf_printf(b, "  %s\n", json_as_string(json_at(evidence, i)));
	if (body[0])
		buf_printf(b, "the receiver says:\n%s%s", body,
		           body[strlen(body) - 1] == '\n' ? "" : "\n");
	buf_printf(b, "%s\n", connection_text(document, "hint"));
}

static void show_text(const struct cli *cli, const struct json *document, struct buf *b)
{
	bool ok = json_as_bool(json_get(document, "ok")), colour = colour_wanted(cli);

	show_head(document, ok, colour, b);
	show_phases(document, colour, b);
	show_peer(document, b);
	if (!ok)
		show_failure(document, b);
}

int test_show(struct cli *cli, struct json *answer, struct err *e)
{
	static const struct list_column columns[] = {
		{"NAME", "name", LIST_TEXT, false},
		{"ENVIRONMENT", "environment", LIST_TEXT, false},
		{"OK", "ok", LIST_TEXT, false},
		{"STATUS", "status", LIST_NUMBER, false},
		{"MS", "duration_ms", LIST_NUMBER, false},
		{"REASON", "reason", LIST_TEXT, false},
		{"FAILED PHASE", "failed_phase", LIST_TEXT, false},
		{"HINT", "hint", LIST_TEXT, true},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {columns, "name", NULL, show_text};

	if (answer && !json_as_bool(json_get(answer, "ok")))
		cli->exit_status = err_exit_status(ERR_FAILED);
	return output_show(cli, &shape, answer, e);
}
