/* The daemon's start and end. */
#include "linkspand/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "core/catalog.h"
#include "core/event.h"
#include "core/host.h"
#include "linkspand/definitions.h"
#include "linkspand/local_socket.h"
#include "linkspand/notify.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "transform/transform.h"

enum {
	STATE_MODE = 0700,
	ANSWER_MS = 2000, /* for answers to leave, at the end */
	DRAIN_MS = 15000,
};

/* On the store's thread. */
static void on_failed(void *arg, const char *why)
{
	struct daemon *d = arg;

	snprintf(d->why, sizeof(d->why), "%s", why);
	eventfd_write(d->failed_fd, 1);
}

/* On the store's thread. */
static void on_full(void *arg, int is_full)
{
	struct daemon *d = arg;
	struct host *host = atomic_load(&d->host);

	if (host)
		event_emit(host, is_full ? EVENT_DISK_FULL : EVENT_DISK_FREE, d->conf.host.state);
}

static int open_store(struct daemon *d, struct err *e)
{
	const struct sqlite_options options = {
		.folder = d->conf.host.state,
		.state_max_bytes = d->conf.host.state_max_bytes,
		.failed = on_failed,
		.full = on_full,
		.arg = d,
	};

	if (mkdir(options.folder, STATE_MODE) < 0 && errno != EEXIST)
		return err_set_errno(e, ERR_IO, "cannot make the folder %s", options.folder);
	return sqlite_store_open(&options, &d->store, e);
}

static int open_host(struct daemon *d, struct err *e)
{
	char flight[1024];
	struct host *host = NULL;
	const struct host_options options = {
		.plugins = &d->plugins,
		.transforms = d->transforms,
		.lanes = (unsigned)d->conf.host.lanes,
		.store = d->store,
		.flight_file = flight,
		.state_max_bytes = d->conf.host.state_max_bytes,
	};

	snprintf(flight, sizeof(flight), "%s/flight", d->conf.host.state);
	int rc = host_create(&options, &host, e);
	atomic_store(&d->host, host);
	return rc;
}

static struct admin_configuration configuration(const struct daemon *d, const char *problem)
{
	return (struct admin_configuration){
		.name = d->conf.host.name,
		.environments = d->environments,
		.file = d->conf.host.file,
		.loaded_ms = d->loaded_ms,
		.connections = d->connections,
		.problem = problem,
		.body_max_bytes = (size_t)d->conf.host.api_body_max_bytes,
	};
}

void daemon_configure(struct daemon *d, const char *problem)
{
	const struct admin_configuration c = configuration(d, problem);

	if (admin_configure(d->admin, &c) < 0)
		log_event(LOG_LEVEL_ERROR, "no memory to say what is configured", NULL);
}

static int open_api(struct daemon *d, struct err *e)
{
	const struct admin_configuration c = configuration(d, NULL);
	struct admin_options options = {
		.host = d->host, .catalog = d->catalog, .configuration = &c};

	/* The listener first: where it cannot be had, no local socket is left behind. */
	if (d->conf.host.listen) {
		int rc = listening_open(&d->listening, &d->conf.host, e);
		if (rc < 0)
			return rc;
		options.listener = &d->listening.listener;
	}
	options.local_fd = local_socket_open(d->conf.host.socket, e);
	if (options.local_fd < 0) {
		if (options.listener)
			close(options.listener->fd);
		return options.local_fd;
	}
	return admin_start(&options, &d->admin, e);
}

/* Copies what is served, as another reload may replace it. */
static void take_served(void *arg, const struct conf *conf)
{
	struct daemon *d = arg;
	const char *const *served = conf->host.environments;
	size_t count = 0;
	struct arena arena;

	while (served[count])
		count++;
	arena_init(&arena);
	const char **copy = arena_array(&arena, count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = arena_strdup(&arena, served[i]);
		copy = copy[i] ? copy : NULL;
	}
	if (!copy) {
		arena_finish(&arena);
		return;
	}
	arena_finish(&d->served);
	d->served = arena;
	d->environments = copy;
	d->loaded_ms = clock_system.unix_ms();
}

int daemon_adopt(struct daemon *d)
{
	const char *const *before = d->environments;

	catalog_with_conf(d->catalog, take_served, d);
	d->connections = catalog_count(d->catalog);
	return d->environments == before ? ERR_NO_MEMORY : 0;
}

static void log_ready(const struct daemon *d, size_t deployed)
{
	char connections[24], links[24], status[96];
	struct buf served;

	buf_init(&served, BUF_MAX_LINE);
	for (size_t i = 0; d->environments[i]; i++)
		buf_printf(&served, "%s%s", i ? "," : "", d->environments[i]);
	snprintf(connections, sizeof(connections), "%zu", d->connections);
	snprintf(links, sizeof(links), "%zu", deployed);
	snprintf(status, sizeof(status), "%s connections, %s deployed", connections, links);
	notify_ready(status);
	log_event(LOG_LEVEL_INFO, "ready", "host", d->conf.host.name, "socket", d->conf.host.socket,
	          "listen", d->conf.host.listen, "connections", connections, "deployed", links,
	          "environments", buf_str(&served), "version", LINKSPAN_VERSION, NULL);
	buf_finish(&served);
}

/* Over the local socket nobody needs one; everywhere else nobody gets in without. */
static void log_first_token(const struct daemon *d)
{
	char how[1200];

	if (admin_token_count(d->admin) > 0)
		return;
	snprintf(how, sizeof(how), "linkspan --config %s token create NAME --role admin",
	         d->conf.host.file);
	log_event(LOG_LEVEL_INFO, "there is no API token yet", "command", how, NULL);
}

/* The definitions; what is deployed runs when this returns. */
static int open_catalog(struct daemon *d, struct err *e)
{
	const struct catalog_options options = {
		.file = d->config,
		.plugins = &d->plugins,
		.store = d->store,
		.transforms = d->transforms,
	};
	struct report report;

	report_init(&report);
	int rc = catalog_open(&options, &report, &d->catalog, e);
	faults_log(&report);
	report_finish(&report);
	if (rc == 0)
		rc = open_host(d, e);
	if (rc == 0)
		rc = catalog_start(d->catalog, d->host, e);
	if (rc == 0)
		rc = daemon_adopt(d) < 0 ? err_no_memory(e) : 0;
	return rc;
}

static void count_link(void *arg, const struct deployment *deployment)
{
	(void)deployment;
	++*(size_t *)arg;
}

static int open_all(struct daemon *d, struct err *e)
{
	size_t deployed = 0;

	int rc = open_store(d, e);
	if (rc == 0)
		rc = transforms_create(NULL, &d->transforms, e);
	if (rc == 0)
		rc = open_catalog(d, e);
	if (rc == 0)
		rc = open_api(d, e);
	if (rc < 0)
		return rc;
	host_deployments(d->host, count_link, &deployed);
	log_ready(d, deployed);
	log_first_token(d);
	return 0;
}

/* linkspan.conf alone: what is needed before the definitions can be read. */
static int read_host(struct daemon *d, struct err *e)
{
	struct report report;

	report_init(&report);
	int rc = conf_load_host(&d->conf, d->config, &report);
	if (rc == 0)
		rc = plugins_load(&d->plugins, d->conf.host.plugins, &report, e);
	else if (rc == ERR_NO_MEMORY)
		err_no_memory(e);
	else
		rc = err_set(e, ERR_NOT_FOUND, "no host can be read from %s", d->config);
	faults_log(&report);
	report_finish(&report);
	return rc;
}

int daemon_start(struct daemon *d, const char *config, struct err *e)
{
	*d = (struct daemon){.config = config};
	listening_init(&d->listening);
	plugins_init(&d->plugins);
	arena_init(&d->served);
	arena_init(&d->conf.arena);
	d->failed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->failed_fd < 0)
		return err_set_errno(e, ERR_IO, "cannot make an event descriptor");
	int rc = read_host(d, e);
	return rc < 0 ? rc : open_all(d, e);
}

static void close_host(struct daemon *d)
{
	struct host *host = atomic_exchange(&d->host, NULL);

	host_destroy(host);
	catalog_close(d->catalog);
	d->catalog = NULL;
	transforms_destroy(d->transforms);
	d->transforms = NULL;
}

/* The API stays until what is in flight has ended: direct calls get their answers, the status can be
 * seen, and the host itself refuses what is new. */
void daemon_stop(struct daemon *d, const bool *cut)
{
	notify_stopping();
	host_drain(d->host, DRAIN_MS, cut);
	admin_stop(d->admin, ANSWER_MS);
	d->admin = NULL;
	unlink(d->conf.host.socket);
	close_host(d);
	store_close(d->store);
	d->store = NULL;
}

void daemon_abandon(struct daemon *d)
{
	admin_stop(d->admin, ANSWER_MS);
	d->admin = NULL;
	unlink(d->conf.host.socket);
}

void daemon_finish(struct daemon *d)
{
	close_host(d);
	store_close(d->store);
	listening_finish(&d->listening);
	plugins_finish(&d->plugins);
	conf_finish(&d->conf);
	arena_finish(&d->served);
	if (d->failed_fd >= 0)
		close(d->failed_fd);
}
