/* The API: starting and stopping it, and what it knows of the configuration. */
#include "admin/admin.h"

#include <time.h>
#include <unistd.h>

#include "admin/admin_impl.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "httpd/request.h"
#include "httpd/server.h"

enum {
	API_THREADS = 4,
	API_CONNECTIONS = 1024,
	API_TIMEOUT_MS = 30000,
	SENDINGS_MS = 2000, /* that a stop waits for them */
};

static void settings_destroy(struct settings *s)
{
	if (!s)
		return;
	arena_finish(&s->arena);
	mem_free(s);
}

static const char *const *copy_list(struct arena *a, const char *const *list)
{
	size_t count = 0;

	while (list[count])
		count++;
	const char **copy = arena_array(a, count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = arena_strdup(a, list[i]);
		if (!copy[i])
			return NULL;
	}
	return copy;
}

static struct settings *settings_create(const struct admin_configuration *c)
{
	struct settings *s = mem_zalloc(sizeof(*s));

	if (!s)
		return NULL;
	arena_init(&s->arena);
	s->c = *c;
	s->c.name = arena_strdup(&s->arena, c->name);
	s->c.file = arena_strdup(&s->arena, c->file);
	s->c.problem = arena_strdup(&s->arena, c->problem);
	s->c.environments = copy_list(&s->arena, c->environments);
	if (s->c.name && s->c.file && s->c.environments && (s->c.problem || !c->problem))
		return s;
	settings_destroy(s);
	return NULL;
}

int admin_configure(struct admin *admin, const struct admin_configuration *configuration)
{
	struct settings *after = settings_create(configuration);

	if (!after)
		return ERR_NO_MEMORY;
	pthread_rwlock_wrlock(&admin->lock);
	struct settings *before = admin->settings;
	admin->settings = after;
	pthread_rwlock_unlock(&admin->lock);
	settings_destroy(before);
	return 0;
}

static void handle(void *arg, struct http_request *request)
{
	struct admin *admin = arg;

	pthread_rwlock_rdlock(&admin->lock);
	route_dispatch(admin, request);
	pthread_rwlock_unlock(&admin->lock);
}

static void answered(void *arg, const struct http_request *request, unsigned status)
{
	struct admin *admin = arg;

	answers_count(&admin->answers, request->note, status);
}

static void destroy(struct admin *admin)
{
	answers_finish(&admin->answers);
	names_finish(&admin->names);
	settings_destroy(admin->settings);
	pthread_rwlock_destroy(&admin->lock);
	mem_free(admin);
}

static struct admin *create(struct host *host, const struct admin_configuration *configuration)
{
	struct admin *admin = mem_zalloc(sizeof(*admin));

	if (!admin)
		return NULL;
	admin->host = host;
	pthread_rwlock_init(&admin->lock, NULL);
	names_init(&admin->names);
	if (answers_init(&admin->answers) == 0 && admin_configure(admin, configuration) == 0)
		return admin;
	destroy(admin);
	return NULL;
}

int admin_start(struct host *host, int listen_fd, const struct admin_configuration *configuration,
                struct admin **ret, struct err *e)
{
	struct admin *admin = create(host, configuration);
	const struct http_options options = {
		.listen_fd = listen_fd,
		.threads = API_THREADS,
		.connections_max = API_CONNECTIONS,
		.timeout_ms = API_TIMEOUT_MS,
		/* Whoever reaches the socket may call everything: no page of a browser does. */
		.guards = {.checks = HTTP_GUARD_FRAMING | HTTP_GUARD_TARGET},
		.handle = handle,
		.answered = answered,
		.arg = admin,
	};

	if (!admin) {
		close(listen_fd);
		return err_no_memory(e);
	}
	int rc = waits_start(&admin->waits, e);
	if (rc < 0) {
		close(listen_fd);
		destroy(admin);
		return rc;
	}
	rc = http_server_start(&options, &admin->server, e);
	if (rc < 0) {
		waits_stop(&admin->waits);
		destroy(admin);
		return rc;
	}
	*ret = admin;
	return 0;
}

/* Whether all are answered in time: what the store or a lane has to say about them is on its way. */
static bool wait_for_sendings(struct admin *admin)
{
	const struct timespec step = {.tv_nsec = 5 * 1000 * 1000};
	int64_t until_ms = clock_system.mono_ms() + SENDINGS_MS;

	while (atomic_load(&admin->sendings) > 0 && clock_system.mono_ms() < until_ms)
		nanosleep(&step, NULL);
	return atomic_load(&admin->sendings) == 0;
}

void admin_stop(struct admin *admin, int64_t grace_ms)
{
	if (!admin)
		return;
	wait_for_sendings(admin);
	/* The server first: it answers what waits; then the waitings find that done. */
	http_server_stop(admin->server, grace_ms);
	waits_stop(&admin->waits);
	/* Whatever still holds a sending comes to an end with the process. */
	if (wait_for_sendings(admin))
		destroy(admin);
}
