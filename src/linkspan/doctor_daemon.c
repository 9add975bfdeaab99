/* What the doctor hears from the daemon: whether it serves, and what its links wait for. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/doctor.h"
#include "linkspan/moment.h"
#include "json/json.h"

static const char *text_of(const struct json *object, const char *key)
{
	const char *text = json_as_string(json_get(object, key));

	return text ? text : "";
}

static long long count_of(const struct json *object, const char *key)
{
	return json_as_int(json_get(object, key));
}

void doctor_ask(struct doctor *d)
{
	struct client c;

	if (cli_has(d->cli, "standalone")) {
		err_set(&d->silence, ERR_UNREACHABLE, "it was not asked (--standalone)");
		return;
	}
	int rc = client_open_quietly(&c, d->cli, &d->silence);
	if (rc == 0)
		rc = client_get(&c, "/api/v1/status", &d->status, &d->silence);
	d->answered_ms = clock_system.unix_ms();
	int64_t started_ms = moment_read(text_of(d->status, "started"));
	if (rc == 0 && started_ms >= 0)
		d->daemon_ms = started_ms + count_of(d->status, "uptime_s") * 1000;
	client_close(&c);
}

static void say_silence(struct doctor *d)
{
	bool asked = !cli_has(d->cli, "standalone");

	doctor_say(d, asked ? DOCTOR_FAIL : DOCTOR_WARN, "daemon", "%s", d->silence.text);
	if (!asked)
		doctor_mend(d, "ask without --standalone");
	else if (d->silence.code == ERR_DENIED)
		doctor_mend(d, "become a member of the group of the socket");
	else if (d->has_host)
		doctor_mend(d, "linkspand --config %s, or systemctl start linkspand",
		            d->session.conf.host.file);
	else
		doctor_mend(d,
		            "look at the context (linkspan context list) and at the daemon's log");
}

void doctor_daemon(struct doctor *d)
{
	const struct json *configuration = json_get(d->status, "configuration");
	const char *version = text_of(d->status, "version");

	if (!d->status) {
		say_silence(d);
		return;
	}
	if (text_of(configuration, "problem")[0]) {
		doctor_say(d, DOCTOR_FAIL, "daemon",
		           "the last reload failed, the old definitions stay: %s",
		           text_of(configuration, "problem"));
		doctor_mend(d,
		            "mend the definitions (linkspan validate), then reload: kill -HUP %lld",
		            count_of(d->status, "pid"));
	} else if (!json_as_bool(json_get(d->status, "ready"))) {
		doctor_say(d, DOCTOR_FAIL, "daemon", "it answers, but is not ready");
		doctor_mend(d, "look at what else is said here, and at its log");
	} else if (strcmp(version, LINKSPAN_VERSION) != 0) {
		doctor_say(d, DOCTOR_WARN, "daemon", "it is linkspand %s, this is linkspan %s",
		           version, LINKSPAN_VERSION);
		doctor_mend(d, "restart the daemon after an update");
	} else
		doctor_say(d, DOCTOR_OK, "daemon", "%s, process %lld, ready",
		           text_of(d->status, "name"), count_of(d->status, "pid"));
}

/* A link that lets nothing through; pausing and disabling are somebody's will. */
static void check_state(struct doctor *d, const struct json *link)
{
	const char *state = text_of(link, "state"), *name = text_of(link, "connection");
	bool blocked = strcmp(state, "blocked") == 0;

	if (!blocked && strcmp(state, "breaker_open") != 0)
		return;
	doctor_say(d, blocked ? DOCTOR_FAIL : DOCTOR_WARN, "queues", "%s in %s: %s: %s", name,
	           text_of(link, "environment"), state, text_of(link, "detail"));
	doctor_mend(d, "linkspan connection status '%s' says more", name);
}

static void check_age(struct doctor *d, const struct json *link)
{
	int64_t oldest_ms = moment_read(text_of(link, "oldest"));
	struct buf age;

	if (oldest_ms < 0 || d->now_ms - oldest_ms <= d->queue_age_ms)
		return;
	buf_init(&age, BUF_MAX_LINE);
	moment_show_length(d->now_ms - oldest_ms, &age);
	doctor_say(d, DOCTOR_WARN, "queues", "%s in %s: %lld messages wait, the oldest for %s%s",
	           text_of(link, "connection"), text_of(link, "environment"),
	           count_of(link, "waiting"), buf_str(&age),
	           json_as_bool(json_get(link, "paused")) ? "; it is paused" : "");
	buf_finish(&age);
	doctor_mend(d,
	            json_as_bool(json_get(link, "paused"))
	                    ? "linkspan connection resume '%s'"
	                    : "linkspan connection status '%s' says why",
	            text_of(link, "connection"));
}

static void check_dead(struct doctor *d, const struct json *link)
{
	const char *name = text_of(link, "connection");

	if (count_of(link, "dead") == 0)
		return;
	doctor_say(d, DOCTOR_WARN, "queues", "%s in %s: %lld messages were given up", name,
	           text_of(link, "environment"), count_of(link, "dead"));
	doctor_mend(d,
	            "linkspan delivery list --state dead --connection '%s', then delivery replay",
	            name);
}

void doctor_queues(struct doctor *d)
{
	const struct json *links = json_get(d->status, "links");
	size_t bad = d->counts[DOCTOR_WARN] + d->counts[DOCTOR_FAIL];

	if (!d->status)
		return;
	for (size_t i = 0; i < json_count(links); i++) {
		check_state(d, json_at(links, i));
		check_age(d, json_at(links, i));
		check_dead(d, json_at(links, i));
	}
	if (d->counts[DOCTOR_WARN] + d->counts[DOCTOR_FAIL] == bad)
		doctor_say(d, DOCTOR_OK, "queues", "%zu link%s, nothing stuck", json_count(links),
		           json_count(links) == 1 ? "" : "s");
}
