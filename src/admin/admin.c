/* The API: starting and stopping it, and what it knows of the configuration. */
#include "admin/admin.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/host.h"
#include "httpd/request.h"
#include "httpd/server.h"

enum {
	API_THREADS = 4,
	API_CONNECTIONS = 2 * FOLLOWERS_MAX, /* the others find half of it free */
	API_CONNECTIONS_PER_IP = 1536,
	API_TIMEOUT_MS = 30000,
	UNKNOWN_BODY_BYTES = 4096,
	SENDINGS_MS = 2000, /* that a stop waits for them */
};

/* Of every answer: what a browser that shows it may do, which is next to nothing. */
static const struct http_pair headers[] = {
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
         "img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
         "frame-ancestors 'none'"},
};

struct settings *settings_hold(struct admin *admin)
{
	pthread_mutex_lock(&admin->lock);
	struct settings *s = admin->settings;
	atomic_fetch_add(&s->holders, 1);
	pthread_mutex_unlock(&admin->lock);
	return s;
}

void settings_release(struct settings *s)
{
	if (!s || atomic_fetch_sub(&s->holders, 1) > 1)
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
	atomic_store(&s->holders, 1);
	s->c = *c;
	s->c.name = arena_strdup(&s->arena, c->name);
	s->c.file = arena_strdup(&s->arena, c->file);
	s->c.problem = arena_strdup(&s->arena, c->problem);
	s->c.environments = copy_list(&s->arena, c->environments);
	if (s->c.name && s->c.file && s->c.environments && (s->c.problem || !c->problem))
		return s;
	settings_release(s);
	return NULL;
}

int admin_configure(struct admin *admin, const struct admin_configuration *configuration)
{
	struct settings *after = settings_create(configuration);

	if (!after)
		return ERR_NO_MEMORY;
	pthread_mutex_lock(&admin->lock);
	struct settings *before = admin->settings;
	admin->settings = after;
	pthread_mutex_unlock(&admin->lock);
	settings_release(before);
	return 0;
}

static void handle(void *arg, struct http_request *request)
{
	route_dispatch(arg, request);
}

static void answered(void *arg, const struct http_request *request, unsigned status)
{
	struct admin *admin = arg;

	answers_count(&admin->answers, request->note, status);
}

static void destroy(struct admin *admin)
{
	tokens_close(admin->tokens);
	sessions_finish(&admin->sessions);
	throttle_finish(&admin->throttle);
	answers_finish(&admin->answers);
	names_finish(&admin->names);
	settings_release(admin->settings);
	pthread_mutex_destroy(&admin->lock);
	mem_free(admin);
}

static int create(const struct admin_options *options, struct admin **ret, struct err *e)
{
	struct admin *admin = mem_zalloc(sizeof(*admin));

	if (!admin)
		return err_no_memory(e);
	admin->host = options->host;
	admin->catalog = options->catalog;
	pthread_mutex_init(&admin->lock, NULL);
	names_init(&admin->names);
	sessions_init(&admin->sessions);
	throttle_init(&admin->throttle);
	int rc = 0;
	if (answers_init(&admin->answers) < 0 || admin_configure(admin, options->configuration) < 0)
		rc = err_no_memory(e);
	if (rc == 0)
		rc = tokens_open(host_store(options->host), &admin->tokens, e);
	if (rc == 0)
		*ret = admin;
	else
		destroy(admin);
	return rc;
}

static int start_threads(struct admin *admin, struct err *e)
{
	int rc = waits_start(&admin->waits, e);

	if (rc < 0)
		return rc;
	rc = works_start(&admin->works, e);
	if (rc < 0) {
		waits_stop(&admin->waits);
		return rc;
	}
	rc = followers_start(&admin->followers, admin, e);
	if (rc < 0) {
		works_stop(&admin->works);
		works_finish(&admin->works);
		waits_stop(&admin->waits);
	}
	return rc;
}

static void stop_threads(struct admin *admin)
{
	followers_stop(&admin->followers);
	works_stop(&admin->works);
	works_finish(&admin->works);
	waits_stop(&admin->waits);
}

static size_t body_max(void *arg, const struct http_request *request)
{
	return api_import_body_max(arg, request);
}

static struct http_options common_options(struct admin *admin, const struct admin_options *options)
{
	return (struct http_options){
		.threads = API_THREADS,
		.connections_max = API_CONNECTIONS,
		.timeout_ms = API_TIMEOUT_MS,
		.body_max_bytes = options->configuration->body_max_bytes,
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(headers[0]),
		.body_max = body_max,
		.handle = handle,
		.answered = answered,
		.arg = admin,
	};
}

/* No page of a browser reaches a local socket, so that Host and Origin do not matter there. */
static int start_local(struct admin *admin, const struct admin_options *given, struct err *e)
{
	struct http_options options = common_options(admin, given);

	options.listen_fd = given->local_fd;
	options.guards.checks = HTTP_GUARD_FRAMING | HTTP_GUARD_TARGET;
	return http_server_start(&options, &admin->local, e);
}

/* Whoever is not known may not make the host keep more than it takes to sign in. */
static const struct http_refusal *admit(void *arg, const struct http_request *request)
{
	static const struct http_refusal refusal = {413, "too_large",
	                                            "a body like this needs a good token"};
	const char *length = http_request_header(request, "Content-Length");
	bool is_small = !http_request_header(request, "Transfer-Encoding") &&
	                (!length || strtoull(length, NULL, 10) <= UNKNOWN_BODY_BYTES);

	return is_small || identify_is_known(arg, request) ? NULL : &refusal;
}

static int start_listener(struct admin *admin, const struct admin_options *given, struct err *e)
{
	const struct admin_listener *listener = given->listener;
	struct http_options options = common_options(admin, given);

	options.listen_fd = listener->fd;
	options.certificate_pem = listener->certificate_pem;
	options.key_pem = listener->key_pem;
	options.connections_per_ip_max = API_CONNECTIONS_PER_IP;
	options.guards = (struct http_guards){.checks = HTTP_GUARD_ALL, .hosts = listener->hosts};
	options.admit = admit;
	return http_server_start(&options, &admin->listener, e);
}

static int start_servers(struct admin *admin, const struct admin_options *options, struct err *e)
{
	int rc = start_local(admin, options, e);

	if (!options->listener)
		return rc;
	if (rc == 0)
		return start_listener(admin, options, e);
	close(options->listener->fd);
	return rc;
}

static void close_all(const struct admin_options *options)
{
	close(options->local_fd);
	if (options->listener)
		close(options->listener->fd);
}

int admin_start(const struct admin_options *options, struct admin **ret, struct err *e)
{
	struct admin *admin = NULL;

	int rc = create(options, &admin, e);
	if (rc < 0) {
		close_all(options);
		return rc;
	}
	rc = start_threads(admin, e);
	if (rc < 0) {
		close_all(options);
		destroy(admin);
		return rc;
	}
	rc = start_servers(admin, options, e);
	if (rc < 0) {
		http_server_stop(admin->local, 0);
		stop_threads(admin);
		destroy(admin);
		return rc;
	}
	*ret = admin;
	return 0;
}

size_t admin_token_count(struct admin *admin)
{
	return tokens_count(admin->tokens);
}

void admin_identify(struct admin *admin, struct http_identity *identity)
{
	if (admin->listener)
		http_server_identify(admin->listener, identity);
	else
		http_identity_release(identity);
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
	/* What works ends, and is answered; then nothing does. */
	works_stop(&admin->works);
	/* The server first: it answers what waits; then the waitings find that done. */
	http_server_stop(admin->listener, grace_ms);
	http_server_stop(admin->local, grace_ms);
	stop_threads(admin);
	/* Whatever still holds a sending comes to an end with the process. */
	if (wait_for_sendings(admin))
		destroy(admin);
}
