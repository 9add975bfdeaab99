/* The fake host itself: its making, its plugins, its surroundings, its end. */
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"
#include "schema/report.h"
#include "testhost/inside.h"
#include "json/json.h"

/* Where a fake clock begins: any moment would do, but zero hides mistakes. */
#define FAKE_MONO_MS INT64_C(1000000)
#define FAKE_UNIX_MS INT64_C(1735689600000) /* 2025-01-01T00:00:00Z */

struct lk_test_host *testhost_current;

static int64_t now_mono_ms(void)
{
	return testhost_current->clock->mono_ms();
}

static int64_t now_unix_ms(void)
{
	return testhost_current->clock->unix_ms();
}

static int json_table_valid(const void *text, size_t bytes)
{
	return json_valid(text, bytes);
}

static const struct lk_ext_json json_table = {
	.size = sizeof(json_table),
	.valid = json_table_valid,
};

static struct extension *find_extension(const struct lk_test_host *host, const char *id)
{
	list_each(node, &host->extensions) {
		struct extension *x = container_of(node, struct extension, node);
		if (strcmp(x->id, id) == 0)
			return x;
	}
	return NULL;
}

static const void *give_extension(const char *id)
{
	const struct extension *x = find_extension(testhost_current, id);

	return x ? x->table : NULL;
}

int lk_test_set_extension(struct lk_test_host *host, const char *id, const void *table)
{
	struct extension *x = find_extension(host, id);

	if (!x) {
		x = mem_zalloc(sizeof(*x));
		char *copy = x ? mem_strdup(id) : NULL;
		if (!copy) {
			mem_free(x);
			return testhost_fail(host, LK_ENOMEM, "out of memory");
		}
		x->id = copy;
		list_append(&host->extensions, &x->node);
	}
	x->table = table;
	return 0;
}

static int allow(void *arg, const struct sockaddr *address, socklen_t address_bytes)
{
	(void)arg, (void)address, (void)address_bytes;
	return 0;
}

static int deny(void *arg, const struct sockaddr *address, socklen_t address_bytes)
{
	(void)arg, (void)address, (void)address_bytes;
	return LK_EDENIED;
}

static int ask_permit(struct lk_link *link, const struct sockaddr *address, socklen_t address_bytes)
{
	struct lk_test_host *host = link->host;

	testhost_lock(host);
	host->permits++;
	testhost_unlock(host);
	return host->permit(host->permit_arg, address, address_bytes);
}

void lk_test_set_permit(struct lk_test_host *host,
                        int (*rule)(void *, const struct sockaddr *, socklen_t), void *arg)
{
	host->permit = rule;
	host->permit_arg = arg;
}

void lk_test_permit_all(struct lk_test_host *host)
{
	lk_test_set_permit(host, allow, NULL);
}

void lk_test_deny_all(struct lk_test_host *host)
{
	lk_test_set_permit(host, deny, NULL);
}

uint64_t lk_test_permits(const struct lk_test_host *host)
{
	testhost_lock(host);
	uint64_t permits = host->permits;
	testhost_unlock(host);
	return permits;
}

int64_t lk_test_now_ms(const struct lk_test_host *host)
{
	return host->clock->mono_ms();
}

static const struct lk_host api_table = {
	.size = sizeof(api_table),
	.abi_minor = LK_ABI_MINOR,
	.complete = testhost_complete,
	.log = testhost_log,
	.mono_ms = now_mono_ms,
	.unix_ms = now_unix_ms,
	.secret = testhost_secret,
	.permit = ask_permit,
	.count = testhost_count,
	.observe = testhost_observe,
	.extension = give_extension,
};

static void init_lists(struct lk_test_host *host)
{
	struct list *lists[] = {&host->instances, &host->links,     &host->ops,
	                        &host->lookups,   &host->secrets,   &host->metrics,
	                        &host->answers,   &host->extensions};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		list_init(lists[i]);
}

struct lk_test_host *lk_test_create(int clock)
{
	struct lk_test_host *host = testhost_current ? NULL : mem_zalloc(sizeof(*host));

	if (!host)
		return NULL;
	host->api = api_table;
	host->clock = clock == LK_TEST_FAKE_CLOCK ? &clock_fake : &clock_system;
	host->lane = pthread_self();
	pthread_mutex_init(&host->lock, NULL);
	buf_init(&host->error, BUF_MAX_LINE);
	init_lists(host);
	lk_test_permit_all(host);
	lk_test_set_names(host, "global", "test", "Testing");
	lk_test_set_limits(host, 16, 64 * 1024);
	testhost_current = host;
	clock_fake_set(FAKE_MONO_MS, FAKE_UNIX_MS);

	host->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (host->wake_fd < 0 ||
	    lk_test_set_extension(host, LK_EXT_RESOLVE, &testhost_resolve) < 0 ||
	    lk_test_set_extension(host, LK_EXT_JSON, &json_table) < 0) {
		lk_test_destroy(host);
		return NULL;
	}
	return host;
}

size_t lk_test_finish(struct lk_test_host *host)
{
	list_each(node, &host->links)
		lk_test_close(container_of(node, struct lk_link, node));
	list_each(node, &host->instances) {
		struct instance *instance = container_of(node, struct instance, node);
		list_remove(&instance->node);
		host->instance_count--;
		instance->plugin->plugin.fini(instance->state);
		plugin_destroy(instance->plugin);
		mem_free(instance);
	}
	return lk_test_violations(host);
}

static void free_extensions(struct lk_test_host *host)
{
	for (struct list *node; (node = list_pop(&host->extensions));) {
		struct extension *x = container_of(node, struct extension, node);
		mem_free(x->id);
		mem_free(x);
	}
}

void lk_test_destroy(struct lk_test_host *host)
{
	if (!host)
		return;
	lk_test_finish(host);
	for (struct list *node; (node = list_pop(&host->ops));)
		testhost_op_destroy(container_of(node, struct lk_op, node));
	for (struct list *node; (node = list_pop(&host->links));)
		mem_free(container_of(node, struct lk_link, node));
	testhost_secrets_finish(host);
	testhost_resolve_finish(host);
	testhost_notes_finish(host);
	free_extensions(host);
	buf_finish(&host->error);
	pthread_mutex_destroy(&host->lock);
	if (host->wake_fd >= 0)
		close(host->wake_fd);
	mem_free(host);
	testhost_current = NULL;
}

const char *lk_test_error(const struct lk_test_host *host)
{
	return buf_failed(&host->error) ? "out of memory" : buf_str(&host->error);
}

int testhost_fail(struct lk_test_host *host, int code, const char *format, ...)
{
	va_list args;

	buf_clear(&host->error);
	va_start(args, format);
	buf_vprintf(&host->error, format, args);
	va_end(args);
	return code;
}

int testhost_fail_err(struct lk_test_host *host, const struct err *e)
{
	static const struct {
		int inside, abi;
	} codes[] = {
		{ERR_NO_MEMORY, LK_ENOMEM},
		{ERR_NOT_FOUND, LK_ENOENT},
		{ERR_DENIED, LK_EDENIED},
		{ERR_INVALID, LK_EINVAL},
	};
	int abi = LK_EFAIL;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].inside == e->code)
			abi = codes[i].abi;
	return testhost_fail(host, abi, "%s", e->text);
}

int testhost_fail_report(struct lk_test_host *host, const struct report *report)
{
	if (report->out_of_memory)
		return testhost_fail(host, LK_ENOMEM, "out of memory");
	buf_clear(&host->error);
	report_print(report, &host->error);
	return LK_EINVAL;
}

/* Takes the plugin. */
static int start(struct lk_test_host *host, struct plugin *p)
{
	struct instance *instance =
		host->instance_count < INSTANCES_MAX ? mem_zalloc(sizeof(*instance)) : NULL;

	if (!instance) {
		plugin_destroy(p);
		return testhost_fail(host, LK_ENOMEM, "out of memory, or too many plugins");
	}
	*instance = (struct instance){.plugin = p, .fd = -1};
	int rc = p->plugin.init(&host->api, &instance->state);
	if (rc < 0) {
		testhost_fail(host, rc, "init() of the plugin %s gave %d", p->plugin.id, rc);
		plugin_destroy(p);
		mem_free(instance);
		return rc;
	}
	list_append(&host->instances, &instance->node);
	host->instance_count++;
	if (p->plugin.fd)
		instance->fd = p->plugin.fd(instance->state);
	if (p->plugin.fd && instance->fd < 0)
		testhost_violation(host, "fd() of the plugin %s gave %d", p->plugin.id,
		                   instance->fd);
	return 0;
}

/* After loading: p, or what was wrong with it, the faults of its tables one by one. */
static int take(struct lk_test_host *host, int rc, struct plugin *p, struct report *report,
                const struct err *e)
{
	if (rc == 0)
		rc = start(host, p);
	else if (report->errors > 0)
		rc = testhost_fail_report(host, report);
	else
		rc = testhost_fail_err(host, e);
	report_finish(report);
	return rc;
}

int lk_test_load(struct lk_test_host *host, const char *path)
{
	char whole[PATH_MAX];
	struct plugin *p = NULL;
	struct report report;
	struct err e = {0};

	report_init(&report);
	int rc = realpath(path, whole) ? 0 : err_set_errno(&e, ERR_NOT_FOUND, "%s", path);
	if (rc == 0)
		rc = plugin_load_anywhere(whole, &p, &report, &e);
	return take(host, rc, p, &report, &e);
}

int lk_test_adopt(struct lk_test_host *host, const struct lk_plugin *plugin)
{
	struct plugin *p = NULL;
	struct report report;
	struct err e = {0};

	report_init(&report);
	int rc = plugin_adopt(plugin, "", &p, &report, &e);
	return take(host, rc, p, &report, &e);
}
