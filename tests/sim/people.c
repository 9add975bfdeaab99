/* What people do in a world: they send, call, operate and deploy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "core/deployment.h"
#include "core/host.h"
#include "core/message.h"
#include "core/outbox.h"
#include "plug/hostapi.h"
#include "world.h"
#include "world_conf.h"

enum { SEND_MOST = 1000 };

static const char environment[] = "Test";

void world_key(int key, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes, "k%d", key);
}

/* FNV-1a */
uint64_t world_hash(const void *body, size_t bytes)
{
	const unsigned char *p = body;
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

/* A message with a body of its own, and its tale. */
static struct message *write_message(unsigned link, size_t body_bytes, struct tale **ret_tale)
{
	struct message_parts parts = {.unix_ms = clock_fake.unix_ms()};
	char *body = calloc(1, body_bytes + 64);
	struct message *message = NULL;
	uint64_t seq, salt;

	int length = snprintf(body, 64, "message %llu", (unsigned long long)++world->bodies);
	parts.body = body;
	parts.body_bytes = body_bytes > (size_t)length ? body_bytes : (size_t)length;
	world_expect(message_create(&parts, &message, NULL) == 0, "no memory");
	world_expect(message_id_parse(message_get(message)->id, &seq, &salt) == 0,
	             "\"%s\" is no id", message_get(message)->id);
	struct tale *tale = tale_begin(&world->tales, seq, salt);
	tale->link = link;
	tale->asked_ms = clock_fake.unix_ms();
	tale->hash = world_hash(body, parts.body_bytes);
	free(body);
	*ret_tale = tale;
	return message;
}

/*
 * Durable
 */

/* What one call of outbox_accept() is about; of this process. */
struct batch {
	size_t count;
	struct tale *tales[];
};

static void note_answer(struct tale *tale, const struct outbox_answer *answer)
{
	history_note(&world->history, HAPPENED_ANSWERED, (int)tale->link, tale->seq, answer->rc, 0,
	             answer->rc == 0 ? answer->held : answer->reason);
	if (answer->rc == 0)
		world->counts.accepted++;
	else if (answer->rc == ERR_IO)
		world->counts.unknown++;
	else
		world->counts.refused++;
}

/* Nothing new was kept: the first one must be there, and this one not. */
static void check_repeated(struct tale *tale, const struct outbox_answer *answer)
{
	uint64_t seq = 0, salt;

	message_id_parse(answer->id, &seq, &salt);
	if (!tale_find(&world->tales, seq) || tale->state != STORE_STATES)
		world_violation("a repeated request names the first", tale, (int)tale->link,
		                "%s is not the first one, or this one was kept", answer->id);
	tale_end(&world->tales, tale);
}

static void answered(void *arg, const struct outbox_answer *answers, size_t count)
{
	struct batch *batch = arg;

	world_expect(count == batch->count, "%zu answers came for %zu messages", count,
	             batch->count);
	for (size_t i = 0; i < count; i++) {
		struct tale *tale = batch->tales[i];
		note_answer(tale, &answers[i]);
		if (answers[i].rc == 0 && answers[i].repeated)
			check_repeated(tale, &answers[i]);
		else
			guard_answered(tale, answers[i].rc);
	}
	world->counts.batches_open--;
	free(batch);
}

void world_send(const struct sending *what)
{
	static struct outbox_call calls[SEND_MOST];
	struct batch *batch = calloc(1, sizeof(*batch) + what->count * sizeof(batch->tales[0]));
	char key[16];

	world_key(what->key, key, sizeof(key));
	batch->count = what->count;
	for (size_t i = 0; i < what->count; i++) {
		struct tale *tale;
		calls[i] = (struct outbox_call){
			.connection = world->links[what->link].name,
			.environment = environment,
			.message = write_message(what->link, what->body_bytes, &tale),
			.ordering_key = what->key == NO_KEY ? NULL : key,
			.idempotency_key = what->idempotency_key,
		};
		tale->key = what->key;
		tale->fate = what->fate;
		batch->tales[i] = tale;
		history_note(&world->history, HAPPENED_ASKED, (int)what->link, tale->seq, tale->key,
		             (int64_t)tale->fate, "stored");
	}
	world->counts.asked += what->count;
	world->counts.batches_open++;
	size_t count = what->count;
	outbox_accept(world_host, calls, count, answered, batch);
	for (size_t i = 0; i < count; i++)
		message_unref(calls[i].message);
}

/*
 * Direct
 */
static void call_answered(void *arg, const struct send_answer *answer)
{
	struct tale *tale = arg;

	if (tale->answer != TALE_ASKED)
		world_violation("a call is answered once", tale, (int)tale->link, "%s",
		                answer->outcome->reason);
	history_note(&world->history, HAPPENED_ANSWERED, (int)tale->link, tale->seq,
	             answer->attempts, answer->duration_ms, NULL);
	if (answer->outcome->result == LK_DONE && !tale->welcomed)
		world_violation("done is what was delivered", tale, (int)tale->link,
		                "no receiver has taken it");
	tale->answer = TALE_ACCEPTED;
	world->counts.calls_open--;
	world->counts.direct_ok += answer->outcome->result == LK_DONE;
	outcome_destroy(answer->outcome);
}

void world_call(unsigned link)
{
	struct tale *tale;
	struct send_call call = {
		.connection = world->links[link].name,
		.environment = environment,
		.kind = LK_OP_SEND,
		.message = write_message(link, 0, &tale),
	};

	tale->direct = true;
	world->counts.direct++;
	history_note(&world->history, HAPPENED_ASKED, (int)link, tale->seq, 0, 0, "direct");
	world->counts.calls_open++;
	if (host_send(world_host, &call, call_answered, tale, NULL) < 0) {
		world->counts.calls_open--;
		tale->answer = TALE_REFUSED;
	}
	message_unref(call.message);
}

/*
 * Operators
 */
static void check_operation(const char *what, unsigned link, const struct tale *tale, int rc,
                            const struct err *e)
{
	if (rc < 0)
		world_violation("operators are obeyed", tale, (int)link, "%s: %s", what, e->text);
}

void world_pause(unsigned number)
{
	struct world_link *link = &world->links[number];
	struct err e = {0};

	history_note(&world->history, HAPPENED_PAUSE, (int)number, 0, 0, 0, NULL);
	int rc = outbox_pause(world_host, NULL, link->name, environment, "an operator", NULL, &e);
	check_operation("pause", number, NULL, rc, &e);
	link->paused = true;
}

void world_resume(unsigned number)
{
	struct world_link *link = &world->links[number];
	struct err e = {0};

	history_note(&world->history, HAPPENED_RESUME, (int)number, 0, 0, 0, NULL);
	link->paused = false;
	link->ready_ms = clock_fake.unix_ms();
	int rc = outbox_resume(world_host, NULL, link->name, environment, NULL, &e);
	check_operation("resume", number, NULL, rc, &e);
}

static void id_of(const struct tale *tale, char *id)
{
	message_id_write(tale->seq, tale->salt, id);
}

void world_cancel(struct tale *tale)
{
	char id[MESSAGE_ID_BYTES];
	struct err e = {0};

	id_of(tale, id);
	history_note(&world->history, HAPPENED_CANCEL, (int)tale->link, tale->seq, 0, 0, NULL);
	tale->cancelled = true;
	int rc = outbox_cancel(world_host, id, NULL, &e);
	if (rc < 0 && rc != ERR_CONFLICT && rc != ERR_BUSY)
		check_operation("cancel", tale->link, tale, rc, &e);
}

void world_retry(struct tale *tale)
{
	char id[MESSAGE_ID_BYTES];
	struct err e = {0};

	id_of(tale, id);
	history_note(&world->history, HAPPENED_RETRY, (int)tale->link, tale->seq, 0, 0, NULL);
	tale->hurried = true;
	int rc = outbox_retry(world_host, id, NULL, &e);
	if (rc < 0 && rc != ERR_CONFLICT && rc != ERR_BUSY)
		check_operation("retry", tale->link, tale, rc, &e);
}

void world_replay(unsigned link)
{
	const struct store_filter filter = {
		.states = 1u << STORE_DEAD,
		.links = &world->links[link].id,
		.link_count = 1,
	};
	uint64_t after = 0, count;
	struct err e = {0};

	do {
		int rc = outbox_replay(world_host, &filter, after, STORE_GROUP_MAX, NULL, &count,
		                       &after, &e);
		check_operation("replay", link, NULL, rc, &e);
		history_note(&world->history, HAPPENED_REPLAY, (int)link, 0, (int64_t)count, 0,
		             NULL);
	} while (count == STORE_GROUP_MAX);
}

void world_deploy(unsigned number, unsigned variant)
{
	struct world_link *link = &world->links[number];
	struct err e = {0};

	history_note(&world->history, HAPPENED_DEPLOY, (int)number, 0, variant, 0, NULL);
	link->variant = variant;
	struct deployment *d = world_conf_deployment(link);
	guard_forget(&link->guard);
	link->deployed = true;
	link->ready_ms = clock_fake.unix_ms();
	int rc = host_replace(world_host, d, &e);
	check_operation("deploy", number, NULL, rc, &e);
}

void world_undeploy(unsigned number)
{
	struct world_link *link = &world->links[number];
	struct err e = {0};

	history_note(&world->history, HAPPENED_UNDEPLOY, (int)number, 0, 0, 0, NULL);
	if (!link->deployed)
		return;
	link->deployed = false;
	int rc = host_close(world_host, NULL, link->name, environment, &e);
	check_operation("undeploy", number, NULL, rc, &e);
}

void world_deploy_all(void)
{
	for (unsigned i = 0; i < world->link_count; i++) {
		struct err e = {0};
		if (!world->links[i].deployed)
			continue;
		int rc = host_open(world_host, world_conf_deployment(&world->links[i]), &e);
		check_operation("open", i, NULL, rc, &e);
	}
}

void world_stop_host(void)
{
	world->stop_host = true;
}

void world_heal(void)
{
	memory_store_set_room(world->store, MEMORY_ROOMY);
	world->armed = CRASH_NOW;
	for (unsigned i = 0; i < world->link_count; i++) {
		struct world_link *link = &world->links[i];
		link->endpoint.faults = link->endpoint.late = 0;
		endpoint_set_mood(&link->endpoint, MOOD_SERVES);
		if (!link->deployed || link->variants[link->variant].disabled)
			world_deploy(i, 0);
		if (link->paused)
			world_resume(i);
	}
}
