/* The webhook connector plugin: what it offers, and its instance on a lane. */
#include <curl/curl.h>
#include <linkspan/connector.h>
#include <pthread.h>

#include "link.h"

/* Once in a process: libcurl's own guard against two threads at a time is not in every version. */
static void start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int webhook_init(const struct lk_host *host, void **ret_state)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct webhook_state *s = wh_array(1, sizeof(*s));

	if (!s)
		return LK_ENOMEM;
	pthread_once(&once, start_curl);
	s->host = host;
	s->resolve = host->extension(LK_EXT_RESOLVE);
	s->json = host->extension(LK_EXT_JSON);
	int rc = pump_init(&s->pump, host);
	if (rc < 0) {
		wh_free(s);
		return rc;
	}
	*ret_state = s;
	return 0;
}

static void webhook_fini(void *state)
{
	struct webhook_state *s = state;

	pump_finish(&s->pump);
	tls_cache_finish(&s->tls);
	wh_free(s);
}

static int webhook_fd(void *state)
{
	return pump_fd(&((struct webhook_state *)state)->pump);
}

static int64_t webhook_next_ms(void *state)
{
	return pump_next_ms(&((struct webhook_state *)state)->pump);
}

static int webhook_run(void *state)
{
	pump_run(&((struct webhook_state *)state)->pump);
	return 0;
}

static const struct lk_type webhook_type = {
	.size = sizeof(webhook_type),
	.id = "webhook",
	.label = "Webhook",
	.help = "Delivers messages to an HTTP or HTTPS endpoint.",
	.params = webhook_params,
	.param_count = PARAMS,
	.param_size = sizeof(webhook_params[0]),
	.check = webhook_check,
	.open = link_open,
	.close = link_close,
	.submit = link_submit,
	.cancel = link_cancel,
	.stats = link_stats,
};

static const struct lk_type *const types[] = {&webhook_type, NULL};

static const struct lk_plugin plugin = {
	.size = sizeof(plugin),
	.abi_minor = LK_ABI_MINOR,
	.id = "webhook",
	.version = LINKSPAN_VERSION,
	.vendor = "Linkspan",
	.license = "Apache-2.0",
	.types = types,
	.init = webhook_init,
	.fini = webhook_fini,
	.fd = webhook_fd,
	.next_ms = webhook_next_ms,
	.run = webhook_run,
};

const struct lk_plugin *lk_plugin_v1(void)
{
	return &plugin;
}
