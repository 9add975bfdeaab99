/* The doctor's lines, and the order of its checks. */
#include "linkspan/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "linkspan/colour.h"
#include "linkspan/command.h"
#include "linkspan/moment.h"
#include "linkspan/output.h"
#include "json/json.h"

enum { TEXT_BYTES = 1024, QUEUE_AGE_MS = 3600 * 1000, STATE_CELLS = 4, CHECK_CELLS = 13 };

#define EXPIRY_MS (30LL * 86400 * 1000)

static const struct check_row {
	void (*run)(struct doctor *d);
	bool needs_files;
} checks[] = {
	{doctor_configuration, true}, {doctor_plugins, true},  {doctor_permissions, true},
	{doctor_daemon, false},       {doctor_database, true}, {doctor_disk, true},
	{doctor_clock, false},        {doctor_zones, false},   {doctor_resolver, false},
	{doctor_proxy, false},        {doctor_ca, false},      {doctor_certificates, true},
	{doctor_secrets, true},       {doctor_queues, false},
};

void doctor_say(struct doctor *d, enum doctor_state state, const char *check, const char *format,
                ...)
{
	struct json *item = json_object();
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->counts[state]++;
	json_set(item, "check", json_string(check));
	json_set(item, "state", json_string(doctor_state_names[state]));
	json_set(item, "text", json_string(text));
	d->out_of_memory = json_push(d->items, item) < 0 || d->out_of_memory;
	d->last = d->out_of_memory ? NULL : item;
}

void doctor_mend(struct doctor *d, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (d->last && json_set(d->last, "mend", json_string(text)) < 0)
		d->out_of_memory = true;
}

void doctor_need(struct doctor *d, struct doctor_needs *needs, const struct doctor_need *need)
{
	for (size_t i = 0; i < needs->count; i++)
		if (strcmp(needs->items[i].what, need->what) == 0)
			return;
	if (needs->count == needs->cap) {
		size_t cap = needs->cap ? 2 * needs->cap : 16;
		struct doctor_need *bigger = mem_resize(needs->items, cap, sizeof(*bigger));
		d->out_of_memory = d->out_of_memory || !bigger;
		if (!bigger)
			return;
		needs->items = bigger;
		needs->cap = cap;
	}
	struct doctor_need *copy = &needs->items[needs->count];
	*copy = (struct doctor_need){
		.what = arena_strdup(&d->arena, need->what),
		.connection = arena_strdup(&d->arena, need->connection),
		.environment = arena_strdup(&d->arena, need->environment),
		.is_ca = need->is_ca,
	};
	if (copy->what)
		needs->count++;
	else
		d->out_of_memory = true;
}

static const char *text_of(const struct json *object, const char *key)
{
	const char *text = json_as_string(json_get(object, key));

	return text ? text : "";
}

static long long count_of(const struct json *document, const char *key)
{
	return json_as_int(json_get(document, key));
}

static void show(const struct cli *cli, const struct json *document, struct buf *b)
{
	const struct json *items = json_get(document, "items");
	bool coloured = colour_wanted(cli);

	for (size_t i = 0; i < json_count(items); i++) {
		const struct json *item = json_at(items, i);
		const char *mend = text_of(item, "mend");
		colour_state(coloured, text_of(item, "state"), STATE_CELLS, b);
		buf_printf(b, "  %-*s  %s\n", CHECK_CELLS, text_of(item, "check"),
		           text_of(item, "text"));
		if (mend[0])
			buf_printf(b, "%*s%s\n", STATE_CELLS + CHECK_CELLS + 4, "→ ", mend);
	}
	buf_printf(b, "%lld ok, %lld to look at, %lld to mend\n", count_of(document, "ok"),
	           count_of(document, "warn"), count_of(document, "fail"));
}

/* The document; takes the lines. */
static struct json *document_of(struct doctor *d)
{
	struct json *document = json_object(), *items = d->items;

	d->items = NULL;
	d->last = NULL;
	for (size_t i = 0; i < DOCTOR_STATES; i++)
		json_set(document, doctor_state_names[i], json_int((int64_t)d->counts[i]));
	if (json_set(document, "items", items) < 0 || d->out_of_memory) {
		json_free(document);
		return NULL;
	}
	return document;
}

static int examine(struct doctor *d, struct err *e)
{
	static const struct list_column columns[] = {
		{"STATE", "state", LIST_STATE, false}, {"CHECK", "check", LIST_TEXT, false},
		{"TEXT", "text", LIST_TEXT, false},    {"MEND", "mend", LIST_TEXT, false},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {columns, "check", "items", show};

	doctor_ask(d);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i].needs_files || config_is_here(d->cli))
			checks[i].run(d);
	if (d->counts[DOCTOR_FAIL] > 0)
		d->cli->exit_status = err_exit_status(ERR_FAILED);
	return output_show(d->cli, &shape, document_of(d), e);
}

static int read_options(struct doctor *d, struct err *e)
{
	const char *age = cli_option(d->cli, "queue-age"), *expiry = cli_option(d->cli, "expiry");
	int rc = age ? moment_parse_length("queue-age", age, &d->queue_age_ms, e) : 0;

	return rc == 0 && expiry ? moment_parse_length("expiry", expiry, &d->expiry_ms, e) : rc;
}

int cmd_doctor(struct cli *cli, struct err *e)
{
	struct doctor d = {
		.cli = cli,
		.items = json_array(),
		.queue_age_ms = QUEUE_AGE_MS,
		.expiry_ms = EXPIRY_MS,
		.now_ms = clock_system.unix_ms(),
		.daemon_ms = -1,
	};

	session_init(&d.session);
	arena_init(&d.arena);
	int rc = read_options(&d, e);
	if (rc == 0)
		rc = examine(&d, e);
	json_free(d.items);
	json_free(d.status);
	mem_free(d.certificates.items);
	mem_free(d.secrets.items);
	arena_finish(&d.arena);
	session_finish(&d.session);
	return rc;
}
