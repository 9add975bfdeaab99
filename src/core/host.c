/* A host: its lanes, its register of open links, and the way in for direct calls. */
#include "core/host.h"

#include <search.h>
#include <strings.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"
#include "conf/conf.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/link.h"
#include "core/message.h"
#include "crypto/random.h"
#include "plug/hostapi.h"

enum { LANES_BY_DEFAULT = 4, LANES_MOST = 32 };

/* Something another thread waits for. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool open;
};

static void gate_init(struct gate *g)
{
	*g = (struct gate){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER,
	};
}

static void gate_open(void *arg)
{
	struct gate *g = arg;

	pthread_mutex_lock(&g->lock);
	g->open = true;
	pthread_cond_signal(&g->wake);
	pthread_mutex_unlock(&g->lock);
}

static void gate_wait(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	while (!g->open)
		pthread_cond_wait(&g->wake, &g->lock);
	pthread_mutex_unlock(&g->lock);
	pthread_cond_destroy(&g->wake);
	pthread_mutex_destroy(&g->lock);
}

/* Links in the register are ordered by their settings' names; names compare case-folded. */
static int compare(const void *a, const void *b)
{
	const struct lk_settings *x = *(const struct lk_settings *const *)a;
	const struct lk_settings *y = *(const struct lk_settings *const *)b;
	int order = strcasecmp(x->connection, y->connection);

	if (order == 0)
		order = strcmp(x->environment, y->environment);
	return order != 0 ? order : strcmp(x->project, y->project);
}

/* What the tree holds; the first member is what compare() looks at. */
struct opened {
	const struct lk_settings *key;
	struct lk_link *link;
};

static unsigned lane_count(const struct host_options *options)
{
	unsigned cpus = (unsigned)thread_cpus();

	if (options->lanes)
		return options->lanes < LANES_MOST ? options->lanes : LANES_MOST;
	return cpus < LANES_BY_DEFAULT ? cpus : LANES_BY_DEFAULT;
}

int host_create(const struct host_options *options, struct host **ret, struct err *e)
{
	struct host *host = mem_zalloc(sizeof(*host));
	unsigned wanted = lane_count(options);
	int rc = crypto_init(e);

	if (!host || rc < 0) {
		mem_free(host);
		return rc < 0 ? rc : err_no_memory(e);
	}
	pthread_mutex_init(&host->lock, NULL);
	host->plugins = options->plugins;
	host->clock = options->clock ? options->clock : &clock_system;
	host->lookup = options->lookup ? options->lookup : lookup_system;
	host_face_clock(host->clock);

	host->lanes = mem_array(wanted, sizeof(*host->lanes));
	rc = host->lanes ? errands_start(&host->errands, e) : err_no_memory(e);
	if (rc < 0) {
		pthread_mutex_destroy(&host->lock);
		mem_free(host->lanes);
		mem_free(host);
		return rc;
	}
	while (rc == 0 && host->lane_count < wanted) {
		rc = lane_start(&host->lanes[host->lane_count], host, host->lane_count, e);
		if (rc == 0)
			host->lane_count++;
	}
	if (rc < 0) {
		host_destroy(host);
		return rc;
	}
	*ret = host;
	return 0;
}

void host_destroy(struct host *host)
{
	if (!host)
		return;
	for (unsigned i = 0; i < host->lane_count; i++)
		lane_stop(&host->lanes[i]);
	errands_stop(&host->errands);
	tdestroy(host->links, mem_free);
	pthread_mutex_destroy(&host->lock);
	mem_free(host->lanes);
	mem_free(host);
}

/* With host->lock held. */
static struct opened *find(const struct host *host, const struct lk_settings *key)
{
	struct opened **place = tfind(&key, &host->links, compare);

	return place ? *place : NULL;
}

static int enter(struct host *host, struct lk_link *link, struct err *e)
{
	const struct lk_settings *key = &link->deployment->settings;
	struct opened *entry = mem_zalloc(sizeof(*entry));

	if (!entry)
		return err_no_memory(e);
	entry->key = key;
	entry->link = link;

	pthread_mutex_lock(&host->lock);
	struct opened **place = tsearch(entry, &host->links, compare);
	bool entered = place && *place == entry;
	pthread_mutex_unlock(&host->lock);
	if (entered)
		return 0;
	mem_free(entry);
	if (!place)
		return err_no_memory(e);
	return err_set(e, ERR_CONFLICT, "\"%s\" is deployed in %s already", key->connection,
	               key->environment);
}

static struct lk_link *take_out(struct host *host, const struct lk_settings *key)
{
	pthread_mutex_lock(&host->lock);
	struct opened *entry = find(host, key);
	struct lk_link *link = entry ? entry->link : NULL;
	if (entry)
		tdelete(entry, &host->links, compare);
	pthread_mutex_unlock(&host->lock);
	mem_free(entry);
	return link;
}

static void deliver_open(struct letter *letter)
{
	struct lk_link *link = container_of(letter, struct lk_link, letter);

	link_open(link);
	gate_open(link->gate);
}

static void deliver_close(struct letter *letter)
{
	struct lk_link *link = container_of(letter, struct lk_link, letter);

	link_close(link, gate_open, link->gate);
}

static void post_and_wait(struct lk_link *link, void (*deliver)(struct letter *))
{
	struct gate gate;

	gate_init(&gate);
	link->gate = &gate;
	link->letter.deliver = deliver;
	mailbox_post(&link->lane->mailbox, &link->letter);
	gate_wait(&gate);
}

int host_open(struct host *host, struct deployment *deployment, struct err *e)
{
	struct lk_link *link = mem_zalloc(sizeof(*link));

	if (!link) {
		deployment_destroy(deployment);
		return err_no_memory(e);
	}
	link->deployment = deployment;
	link->lane = &host->lanes[host->next_lane++ % host->lane_count];

	/* Entered only after the plugin's open() succeeded: nobody can send into a link half open. */
	post_and_wait(link, deliver_open);
	int rc = link->open_rc;
	if (rc < 0)
		rc = err_set(e, ERR_INVALID, "the connector cannot open \"%s\": %s",
		             deployment->settings.connection, plugin_error_text(rc));
	else
		rc = enter(host, link, e);
	if (rc < 0)
		post_and_wait(link, deliver_close);
	return rc;
}

static struct lk_settings key_of(const char *project, const char *connection,
                                 const char *environment)
{
	return (struct lk_settings){
		.project = project ? project : CONF_GLOBAL,
		.connection = connection,
		.environment = environment,
	};
}

static int not_deployed(struct err *e, const struct lk_settings *key)
{
	return err_set(e, ERR_NOT_FOUND, "\"%s\" is not deployed in %s", key->connection,
	               key->environment);
}

int host_close(struct host *host, const char *project, const char *connection,
               const char *environment, struct err *e)
{
	struct lk_settings key = key_of(project, connection, environment);
	struct lk_link *link = take_out(host, &key);

	if (!link)
		return not_deployed(e, &key);
	post_and_wait(link, deliver_close);
	return 0;
}

static void deliver_send(struct letter *letter)
{
	link_send(container_of(letter, struct send, letter));
}

int host_send(struct host *host, const struct send_call *call,
              void (*done)(void *arg, const struct send_answer *answer), void *arg, struct err *e)
{
	struct lk_settings key = key_of(call->project, call->connection, call->environment);
	struct send *send = mem_zalloc(sizeof(*send));

	if (!send)
		return err_no_memory(e);
	send->kind = call->kind;
	send->message = message_ref(call->message);
	send->done = done;
	send->arg = arg;
	send->letter.deliver = deliver_send;

	/* Posted under the lock: a close that takes the link out comes after it in the mailbox. */
	pthread_mutex_lock(&host->lock);
	struct opened *entry = find(host, &key);
	if (entry) {
		send->link = entry->link;
		mailbox_post(&entry->link->lane->mailbox, &send->letter);
	}
	pthread_mutex_unlock(&host->lock);
	if (entry)
		return 0;
	message_unref(send->message);
	mem_free(send);
	return not_deployed(e, &key);
}

struct wait {
	struct gate gate;
	struct send_answer answer;
};

static void keep_answer(void *arg, const struct send_answer *answer)
{
	struct wait *w = arg;

	w->answer = *answer;
	gate_open(&w->gate);
}

int host_send_wait(struct host *host, const struct send_call *call, struct send_answer *ret,
                   struct err *e)
{
	struct wait w;

	gate_init(&w.gate);
	int rc = host_send(host, call, keep_answer, &w, e);
	if (rc < 0)
		return rc;
	gate_wait(&w.gate);
	*ret = w.answer;
	return 0;
}
