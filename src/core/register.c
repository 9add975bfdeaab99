/* The register of queues, and what is deployed in them. */
#include <search.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/queue.h"
#include "plug/hostapi.h"

/* Names and projects compare case-folded, as they do in the store; environments do not. */
static int compare_names(const void *a, const void *b)
{
	const struct queue *x = a, *y = b;
	int order = strcasecmp(x->connection, y->connection);

	if (order == 0)
		order = strcmp(x->environment, y->environment);
	return order != 0 ? order : strcasecmp(x->project, y->project);
}

static int compare_ids(const void *a, const void *b)
{
	const struct queue *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct queue *find(const struct host *host, const char *project, const char *connection,
                          const char *environment)
{
	const struct queue key = {
		.project = project, .connection = connection, .environment = environment};
	struct queue **place = tfind(&key, &host->queues, compare_names);

	return place ? *place : NULL;
}

struct queue *host_queue(struct host *host, const char *project, const char *connection,
                         const char *environment)
{
	struct queue *q = NULL;

	pthread_rwlock_rdlock(&host->lock);
	if (project && strcmp(project, CONF_GLOBAL) != 0)
		q = find(host, project, connection, environment);
	if (!q)
		q = find(host, CONF_GLOBAL, connection, environment);
	pthread_rwlock_unlock(&host->lock);
	return q;
}

struct queue *host_queue_by_id(struct host *host, int64_t id)
{
	const struct queue key = {.id = id};

	pthread_rwlock_rdlock(&host->lock);
	struct queue **place = tfind(&key, &host->queue_ids, compare_ids);
	struct queue *q = place ? *place : NULL;
	pthread_rwlock_unlock(&host->lock);
	return q;
}

struct gathering {
	struct queue **queues;
	size_t count, cap;
};

static void gather(const void *node, VISIT visit, void *arg)
{
	struct gathering *g = arg;

	if ((visit == postorder || visit == leaf) && g->count < g->cap)
		g->queues[g->count++] = *(struct queue *const *)node;
}

static void count(const void *node, VISIT visit, void *arg)
{
	(void)node;
	if (visit == postorder || visit == leaf)
		++*(size_t *)arg;
}

struct queue **host_queues(struct host *host, size_t *ret_count)
{
	struct gathering g = {0};

	pthread_rwlock_rdlock(&host->lock);
	twalk_r(host->queues, count, &g.cap);
	g.queues = mem_array(g.cap + 1, sizeof(struct queue *));
	if (g.queues)
		twalk_r(host->queues, gather, &g);
	pthread_rwlock_unlock(&host->lock);
	*ret_count = g.count;
	return g.queues;
}

static int enter(struct host *host, struct queue *q, struct err *e)
{
	pthread_rwlock_wrlock(&host->lock);
	bool entered = tsearch(q, &host->queues, compare_names) != NULL;
	if (entered && q->id && !tsearch(q, &host->queue_ids, compare_ids)) {
		tdelete(q, &host->queues, compare_names);
		entered = false;
	}
	pthread_rwlock_unlock(&host->lock);
	if (entered)
		return 0;
	queue_destroy(q);
	return err_no_memory(e);
}

static int add(struct host *host, const struct store_link *stored, const char *project,
               const char *connection, const char *environment, struct err *e)
{
	struct lane *lane = &host->lanes[host->next_lane++ % host->lane_count];
	struct queue *q = queue_create(host, lane, project, connection, environment, stored);

	return q ? enter(host, q, e) : err_no_memory(e);
}

struct loading {
	struct host *host;
	struct err *e;
	int rc;
};

static void add_stored(void *arg, const struct store_link *stored)
{
	struct loading *l = arg;

	if (l->rc == 0 && !stored->deleted)
		l->rc = add(l->host, stored, stored->project, stored->connection,
		            stored->environment, l->e);
}

int register_stored(struct host *host, struct err *e)
{
	struct loading l = {.host = host, .e = e};
	int rc = store_links(host->store, add_stored, &l, e);

	return rc < 0 ? rc : l.rc;
}

static void destroy(void *queue)
{
	queue_destroy(queue);
}

static void keep(void *queue)
{
	(void)queue;
}

void register_finish(struct host *host)
{
	tdestroy(host->queue_ids, keep);
	tdestroy(host->queues, destroy);
	for (struct queue *next; host->forgotten; host->forgotten = next) {
		next = host->forgotten->forgotten;
		queue_destroy(host->forgotten);
	}
	for (size_t i = 0; i < host->old_name_count; i++)
		mem_free(host->old_names[i]);
	mem_free(host->old_names);
}

/*
 * Names
 */

/* With the lock held for writing. */
static void forget(struct host *host, struct queue *q)
{
	tdelete(q, &host->queues, compare_names);
	q->forgotten = host->forgotten;
	host->forgotten = q;
}

static bool is_of(const struct queue *q, const char *project, const char *connection)
{
	return strcasecmp(q->project, project) == 0 && strcasecmp(q->connection, connection) == 0;
}

void host_forget(struct host *host, const char *project, const char *connection)
{
	size_t count;
	struct queue **queues = host_queues(host, &count);

	pthread_rwlock_wrlock(&host->lock);
	for (size_t i = 0; queues && i < count; i++)
		if (is_of(queues[i], project, connection))
			forget(host, queues[i]);
	pthread_rwlock_unlock(&host->lock);
	mem_free(queues);
}

/* The names that a queue is to get. */
struct new_name {
	char *project, *name;
};

static void finish_names(struct new_name *names, size_t count)
{
	for (size_t i = 0; names && i < count; i++) {
		mem_free(names[i].project);
		mem_free(names[i].name);
	}
	mem_free(names);
}

/* For each of the queues, with room for their former names. */
static struct new_name *make_names(struct host *host, const char *project, const char *name,
                                   size_t count)
{
	struct new_name *names = mem_array(count + 1, sizeof(*names));
	char **bigger = mem_resize(host->old_names, host->old_name_count + 2 * count + 1,
	                           sizeof(*host->old_names));
	bool whole = names && bigger;

	if (bigger)
		host->old_names = bigger;
	for (size_t i = 0; whole && i < count; i++) {
		names[i] = (struct new_name){mem_strdup(project), mem_strdup(name)};
		whole = names[i].project && names[i].name;
	}
	if (whole)
		return names;
	finish_names(names, count);
	return NULL;
}

/* With the lock held for writing.  Takes the names. */
static int rename_one(struct host *host, struct queue *q, struct new_name *names)
{
	struct queue *other;

	tdelete(q, &host->queues, compare_names);
	other = find(host, names->project, names->name, q->environment);
	if (other) /* of a connection that is gone */
		forget(host, other);
	host->old_names[host->old_name_count++] = (char *)(uintptr_t)q->project;
	host->old_names[host->old_name_count++] = (char *)(uintptr_t)q->connection;
	q->project = names->project;
	q->connection = names->name;
	*names = (struct new_name){0};
	if (tsearch(q, &host->queues, compare_names))
		return 0;
	forget(host, q);
	return ERR_NO_MEMORY;
}

int host_rename(struct host *host, const char *from_project, const char *from_name,
                const char *to_project, const char *to_name, struct err *e)
{
	int rc = 0;
	size_t all, count = 0;
	struct queue **queues = host_queues(host, &all);

	for (size_t i = 0; queues && i < all; i++)
		if (is_of(queues[i], from_project, from_name))
			queues[count++] = queues[i];
	struct new_name *names = queues ? make_names(host, to_project, to_name, count) : NULL;
	if (!names) {
		mem_free(queues);
		return err_no_memory(e);
	}
	pthread_rwlock_wrlock(&host->lock);
	for (size_t i = 0; i < count; i++)
		if (rename_one(host, queues[i], &names[i]) < 0)
			rc = err_no_memory(e);
	pthread_rwlock_unlock(&host->lock);
	finish_names(names, count);
	mem_free(queues);
	return rc;
}

/* The queue of a deployment, made at its first one. */
static int queue_of(struct host *host, const struct lk_settings *s, struct queue **ret,
                    struct err *e)
{
	struct store_link_op op = {
		.op.kind = STORE_LINK,
		.project = s->project,
		.connection = s->connection,
		.environment = s->environment,
	};
	int rc = 0;

	pthread_rwlock_rdlock(&host->lock);
	struct queue *q = find(host, s->project, s->connection, s->environment);
	pthread_rwlock_unlock(&host->lock);
	if (!q) {
		if (host->store)
			rc = host_store_wait(host, &op.op);
		if (rc < 0)
			return err_set(e, rc, "the store cannot take the link of \"%s\"",
			               s->connection);
		const struct store_link stored = {
			.id = op.id, .paused = op.paused, .paused_reason = op.paused_reason};
		rc = add(host, host->store ? &stored : NULL, s->project, s->connection,
		         s->environment, e);
		if (rc < 0)
			return rc;
		pthread_rwlock_rdlock(&host->lock);
		q = find(host, s->project, s->connection, s->environment);
		pthread_rwlock_unlock(&host->lock);
	}
	*ret = q;
	return 0;
}

/* A change that a lane makes while the control thread waits for it. */
struct change {
	struct letter letter;
	struct queue *queue;
	struct deployment *deployment;
	int rc;
	struct gate gate;
};

static void deliver_deploy(struct letter *letter)
{
	struct change *c = container_of(letter, struct change, letter);

	c->rc = queue_deploy(c->queue, c->deployment);
	gate_open(&c->gate);
}

static void deliver_undeploy(struct letter *letter)
{
	struct change *c = container_of(letter, struct change, letter);

	queue_undeploy(c->queue, gate_open, &c->gate);
}

static int change(struct change *c, void (*deliver)(struct letter *))
{
	gate_init(&c->gate, c->queue->host);
	c->letter.deliver = deliver;
	mailbox_post(&c->queue->lane->mailbox, &c->letter);
	gate_wait(&c->gate);
	return c->rc;
}

static int deploy(struct queue *q, struct deployment *deployment, struct err *e)
{
	struct change c = {.queue = q, .deployment = deployment};
	int rc = change(&c, deliver_deploy);

	if (rc == LK_ENOMEM)
		return err_set(e, ERR_NO_MEMORY, "no memory to open \"%s\"", q->connection);
	if (rc < 0)
		return err_set(e, ERR_INVALID, "the connector cannot open \"%s\": %s",
		               q->connection, plugin_error_text(rc));
	return 0;
}

int host_replace(struct host *host, struct deployment *deployment, struct err *e)
{
	struct queue *q = NULL;
	int rc = queue_of(host, &deployment->settings, &q, e);

	if (rc < 0) {
		deployment_destroy(deployment);
		return rc;
	}
	return deploy(q, deployment, e);
}

int host_open(struct host *host, struct deployment *deployment, struct err *e)
{
	const struct lk_settings *s = &deployment->settings;

	pthread_rwlock_rdlock(&host->lock);
	struct queue *q = find(host, s->project, s->connection, s->environment);
	bool open = q && atomic_load(&q->deployed);
	pthread_rwlock_unlock(&host->lock);
	if (!open)
		return host_replace(host, deployment, e);
	int rc = err_set(e, ERR_CONFLICT, "\"%s\" is deployed in %s already", s->connection,
	                 s->environment);
	deployment_destroy(deployment);
	return rc;
}

static void deliver_nothing(struct letter *letter)
{
	gate_open(&container_of(letter, struct change, letter)->gate);
}

int host_close(struct host *host, const char *project, const char *connection,
               const char *environment, struct err *e)
{
	pthread_rwlock_rdlock(&host->lock);
	struct queue *q = find(host, project ? project : CONF_GLOBAL, connection, environment);
	pthread_rwlock_unlock(&host->lock);
	if (!q || !atomic_load(&q->deployed))
		return err_set(e, ERR_NOT_FOUND, "\"%s\" is not deployed in %s", connection,
		               environment);
	struct change c = {.queue = q};
	change(&c, deliver_undeploy);
	/* What ended in the turn of the lane that closed it goes to the store at the end of that turn. */
	return change(&c, deliver_nothing);
}

void host_deployments(struct host *host, void (*each)(void *arg, const struct deployment *),
                      void *arg)
{
	size_t count;
	struct queue **queues = host_queues(host, &count);

	/* Links change only on the control thread's word, and that is this one. */
	for (size_t i = 0; queues && i < count; i++)
		if (atomic_load(&queues[i]->deployed))
			each(arg, queues[i]->link->deployment);
	mem_free(queues);
}
