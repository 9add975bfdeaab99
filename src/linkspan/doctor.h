/*
 * linkspan doctor: one line for each thing that sending depends on, and how to mend it.
 *
 * A check looks, says one or more lines, and changes nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "linkspan/doctor_judge.h"
#include "linkspan/session.h"

struct cli;
struct json;

enum {
	DOCTOR_RESERVE_BYTES = 16 * 1024 * 1024, /* what the store keeps for a full disk */
};

/* A file or a secret that a deployment needs. */
struct doctor_need {
	const char *what; /* the path, or "provider/path" */
	const char *connection,
		*environment; /* one of those that need it; environment may be NULL */
	bool is_ca;
};

struct doctor_needs {
	struct doctor_need *items;
	size_t count, cap;
};

struct doctor {
	struct cli *cli;
	struct json *items;
	struct json *last; /* the line said last; NULL: none */
	size_t counts[DOCTOR_STATES];
	bool out_of_memory;
	int64_t queue_age_ms, expiry_ms;
	int64_t now_ms;
	/* The files of the host; config_is_here() may be false. */
	struct session session;
	bool has_host; /* session.conf.host can be used */
	struct arena arena;
	struct doctor_needs certificates, secrets;
	/* The daemon; asked before the checks. */
	struct json *status; /* NULL: it did not answer */
	struct err silence;  /* why */
	int64_t daemon_ms;   /* its time when it answered; -1: not known */
	int64_t answered_ms; /* ours */
};

/* A line; then, for warnings and failures, what to do about it. */
void doctor_say(struct doctor *d, enum doctor_state state, const char *check, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
void doctor_mend(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Notes what a deployment needs, once. */
void doctor_need(struct doctor *d, struct doctor_needs *needs, const struct doctor_need *need);

/* doctor_definitions.c */
void doctor_configuration(struct doctor *d);
void doctor_plugins(struct doctor *d);
void doctor_secrets(struct doctor *d);
/* doctor_files.c */
void doctor_permissions(struct doctor *d);
void doctor_database(struct doctor *d);
void doctor_disk(struct doctor *d);
/* doctor_certificates.c */
void doctor_ca(struct doctor *d);
void doctor_certificates(struct doctor *d);
/* doctor_system.c */
void doctor_clock(struct doctor *d);
void doctor_zones(struct doctor *d);
void doctor_resolver(struct doctor *d);
void doctor_proxy(struct doctor *d);
/* doctor_daemon.c */
void doctor_ask(struct doctor *d); /* before the checks */
void doctor_daemon(struct doctor *d);
void doctor_queues(struct doctor *d);
