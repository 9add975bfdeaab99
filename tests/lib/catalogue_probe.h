/* Handles to the catalogue of a store: changes in one line each, and what is there as text. */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "store_probe.h"

#define PROBE_PROJECT "global"

/*
 * Changing
 */
static inline int probe_change(struct store *s, struct store_change *c)
{
	c->op.kind = STORE_CHANGE;
	return probe_run(s, &c->op);
}

static inline struct store_deployment probe_deployment(const char *connection,
                                                       const char *environment,
                                                       const char *revision)
{
	return (struct store_deployment){.place = {PROBE_PROJECT, connection, environment},
	                                 .revision = revision,
	                                 .snapshot = "{\"a\": 1}",
	                                 .actor = "local:anna",
	                                 .at_ms = PROBE_START_MS,
	                                 .enabled = true};
}

/* Its number. */
static inline uint32_t probe_deploy(struct store *s, const char *connection,
                                    const char *environment, const char *revision)
{
	struct store_deployment d = probe_deployment(connection, environment, revision);
	struct store_change c = {.deployments = &d, .deployment_count = 1};

	ck_assert_int_eq(probe_change(s, &c), 0);
	return d.number;
}

static inline int probe_naming(struct store *s, const char *from, const char *to, const char *uid)
{
	const struct store_naming naming = {.from_project = from ? PROBE_PROJECT : NULL,
	                                    .from_name = from,
	                                    .to_project = to ? PROBE_PROJECT : NULL,
	                                    .to_name = to,
	                                    .uid = uid};
	struct store_change c = {.names = &naming, .name_count = 1};

	return probe_change(s, &c);
}

static inline int64_t probe_link_in(struct store *s, const char *connection,
                                    const char *environment)
{
	struct store_link_op op = {.op.kind = STORE_LINK,
	                           .project = PROBE_PROJECT,
	                           .connection = connection,
	                           .environment = environment};

	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_int_gt(op.id, 0);
	return op.id;
}

static inline uint32_t probe_drop(struct store *s, uint32_t most)
{
	struct store_drop op = {
		.op.kind = STORE_DROP, .now_ms = store_now_ms(s), .most = most, .count = 77};

	ck_assert_int_eq(probe_run(s, &op.op), 0);
	return op.count;
}

static inline int probe_journal_done(struct store *s, uint64_t journal)
{
	struct store_journal_done op = {.op.kind = STORE_JOURNAL_DONE, .journal = journal};

	return probe_run(s, &op.op);
}

/*
 * Reading, as text: good until the next call
 */
static struct {
	char text[8192];
	size_t length;
} probe_text;

__attribute__((format(printf, 1, 2))) static inline void probe_text_add(const char *format, ...)
{
	size_t room = sizeof(probe_text.text) - probe_text.length;
	va_list args;

	va_start(args, format);
	int length = vsnprintf(probe_text.text + probe_text.length, room, format, args);
	va_end(args);
	ck_assert_uint_lt((size_t)length, room);
	probe_text.length += (size_t)length;
}

static inline void probe_text_clear(void)
{
	probe_text.length = 0;
	probe_text.text[0] = '\0';
}

static inline void probe_text_deployment(void *arg, const struct store_deployment *d)
{
	(void)arg;
	probe_text_add("%s/%s/%s #%u %s%s%s%s%s\n", d->place.project, d->place.connection,
	               d->place.environment, d->number, d->revision, d->active ? " active" : "",
	               d->enabled ? "" : " disabled", d->snapshot ? " " : "",
	               d->snapshot ? d->snapshot : "");
}

static inline const char *probe_deployments(struct store *s, const struct store_place *place,
                                            bool active_only, bool with_snapshot)
{
	struct err e = {0};

	probe_text_clear();
	ck_assert_msg(store_deployments(s, place, active_only, with_snapshot, probe_text_deployment,
	                                NULL, &e) == 0,
	              "%s", e.text);
	return probe_text.text;
}

static inline const char *probe_all_deployments(struct store *s)
{
	return probe_deployments(s, NULL, false, false);
}

/* "none" when it is not there. */
static inline const char *probe_one_deployment(struct store *s, const char *connection,
                                               const char *environment, uint32_t number)
{
	const struct store_place place = {PROBE_PROJECT, connection, environment};
	struct err e = {0};

	probe_text_clear();
	int rc = store_deployment(s, &place, number, probe_text_deployment, NULL, &e);
	ck_assert_msg(rc == 0 || rc == ERR_NOT_FOUND, "%s", e.text);
	return rc == 0 ? probe_text.text : "none";
}

static inline void probe_text_identity(void *arg, const struct store_identity *i)
{
	(void)arg;
	probe_text_add("%s %s/%s\n", i->uid, i->project, i->name);
}

static inline const char *probe_identities(struct store *s)
{
	struct err e = {0};

	probe_text_clear();
	ck_assert_msg(store_identities(s, probe_text_identity, NULL, &e) == 0, "%s", e.text);
	return probe_text.text;
}

static inline void probe_text_approval(void *arg, const struct store_approval *a)
{
	(void)arg;
	probe_text_add("%s %s\n", a->secret, a->origin);
}

static inline const char *probe_approvals(struct store *s)
{
	struct err e = {0};

	probe_text_clear();
	ck_assert_msg(store_approvals(s, probe_text_approval, NULL, &e) == 0, "%s", e.text);
	return probe_text.text;
}

static inline void probe_text_journal(void *arg, uint64_t journal, const struct store_file *files,
                                      size_t count)
{
	(void)arg;
	probe_text_add("#%u\n", (unsigned)journal);
	for (size_t i = 0; i < count; i++)
		probe_text_add("%s %s %.*s %o\n", files[i].path,
		               files[i].before ? (const char *)files[i].before : "new",
		               files[i].bytes ? (int)files[i].size_bytes : 4,
		               files[i].bytes ? (const char *)files[i].bytes : "gone",
		               files[i].mode);
}

static inline const char *probe_journal(struct store *s)
{
	struct err e = {0};

	probe_text_clear();
	ck_assert_msg(store_journal(s, probe_text_journal, NULL, &e) == 0, "%s", e.text);
	return probe_text.text;
}
