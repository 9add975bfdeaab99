/*
 * What a host tells about itself: its links, one by one.
 *
 * Any thread but a lane's; the lanes are asked, and answer within a few turns, a portion of their links in
 * each, so that nothing waits for long.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/breaker.h"
#include "core/expiry.h"

struct err;
struct host;
struct measure;
struct meter_family;

/* Copied out: the pointers live as long as the host. */
struct monitor_link {
	int64_t id; /* in the store; 0: there is none */
	const char *project, *connection, *environment;
	bool deployed, enabled, paused;
	char paused_reason[128]; /* "" unless paused */
	/* "idle" "sending" "waiting" (for its time, a slot or a token) "disabled" "paused" "undeployed"
	 * "blocked" "breaker_open" "breaker_half_open" */
	const char *state;
	char state_detail[256]; /* one sentence: why nothing goes out; "" when it does */
	uint64_t waiting;       /* open deliveries, those in flight included */
	uint64_t dead;          /* dead letters, quarantined ones included */
	int64_t oldest_ms; /* acceptance of the oldest open one, as of the last look at the store; 0 none */
	int64_t next_retry_ms;  /* Unix time; 0: none is planned */
	uint32_t in_flight;     /* direct calls included */
	uint32_t calls_waiting; /* direct calls that wait for a slot */
	uint32_t in_memory;     /* open deliveries that are in memory */
	uint32_t concurrency_limit;
	enum breaker_state breaker;
	int64_t breaker_until_ms; /* Unix time; 0 unless open */
	/* Since the start of the host. */
	uint64_t delivered, failed, retried, dead_lettered;
	/* The last failure. */
	int64_t last_error_ms; /* 0: none */
	char last_reason[64], last_detail[256];
	/* Of the plugin's pool. */
	uint32_t pool_open, pool_idle;
	uint64_t pool_opened, pool_reused;
	/* The last periodic test. */
	int64_t test_ms; /* Unix time; 0: there was none */
	bool test_ok;
	unsigned test_status; /* 0: none */
	char test_reason[64];
	/* Certificates, by enum expiry_source. */
	struct monitor_certificate {
		int64_t ends_ms;                    /* Unix time; 0: there is none */
		char subject[EXPIRY_SUBJECT_BYTES]; /* "": not known */
	} certificates[EXPIRY_SOURCES];
	const struct measure *measure; /* goes on counting: core/measure.h */
};

/* Every link that fits (NULL: any) by project, name, environment.  each() is called on this thread. */
int monitor_links(struct host *host, const char *project, const char *connection,
                  const char *environment, void (*each)(void *arg, const struct monitor_link *),
                  void *arg, struct err *e);
/* The same, as an array that the caller frees (mem_free). */
int monitor_read(struct host *host, const char *project, const char *connection,
                 const char *environment, struct monitor_link **ret, size_t *ret_count,
                 struct err *e);

/* The rows of those links alone that are wanted, without what only the store knows (oldest_ms is 0): for a page
 * of a long list.  wanted() is called on this thread. */
int monitor_some(struct host *host,
                 bool (*wanted)(void *arg, const char *project, const char *connection,
                                const char *environment),
                 void *arg, struct monitor_link **ret, size_t *ret_count, struct err *e);

struct monitor_host {
	int64_t started_ms; /* Unix time */
	unsigned lanes;
	uint64_t active;       /* deliveries in memory */
	uint64_t active_bytes; /* and their bodies */
	bool stopping;
	int64_t state_max_bytes; /* 0: no bound */
	/* What plugins count: families that are there, and observations that were dropped. */
	const struct meter_family *families;
	size_t family_count;
	uint64_t meters_dropped;
};
void monitor_host(struct host *host, struct monitor_host *ret);
