/* Links: settings read and checked, a connection opened with them, and closed again. */
#include "base/banned.h"
#include "schema/node.h"
#include "schema/report.h"
#include "testhost/inside.h"
#include "json/json.h"

void lk_test_set_names(struct lk_test_host *host, const char *project, const char *connection,
                       const char *environment)
{
	host->defaults.project = project;
	host->defaults.connection = connection;
	host->defaults.environment = environment;
}

void lk_test_set_flags(struct lk_test_host *host, uint32_t flags)
{
	host->defaults.flags = flags;
}

void lk_test_set_limits(struct lk_test_host *host, uint32_t max_in_flight, uint32_t keep_bytes)
{
	host->defaults.max_in_flight = max_in_flight;
	host->defaults.keep_bytes = keep_bytes;
}

static int find_type(struct lk_link *link, const char *id)
{
	list_each(node, &link->host->instances) {
		struct instance *instance = container_of(node, struct instance, node);
		for (size_t i = 0; i < instance->plugin->type_count; i++) {
			if (strcmp(instance->plugin->types[i].type.id, id) != 0)
				continue;
			link->instance = instance;
			link->type = &instance->plugin->types[i];
			return 0;
		}
	}
	return testhost_fail(link->host, LK_ENOENT, "no plugin offers the type %s", id);
}

/* The values in link->settings, or faults in the report. */
static int check_settings(struct lk_link *link, const struct json *v, struct report *report)
{
	struct schema_part part = {.rows = link->type->rows, .count = link->type->row_count};
	struct report_adapter adapter;

	struct node *root = testhost_settings(&link->arena, v, report);
	if (!root)
		return ERR_NO_MEMORY;
	if (root->kind != NODE_GROUP)
		report_add(report, LK_FAULT_ERROR, root, "wrong_type", "is %s; an object is needed",
		           node_kind_name(root->kind));
	if (report->errors > 0)
		return ERR_INVALID;
	int rc = schema_read(&link->values, root, &part, 1, 0, report);
	if (rc < 0)
		return rc;

	link->settings = link->host->defaults;
	link->settings.size = sizeof(link->settings);
	link->settings.values = part.values;
	if (link->type->type.check) {
		report_adapter_init(&adapter, report, root);
		link->type->type.check(&link->settings, &adapter.face);
	}
	return report_verdict(report, NULL);
}

static int read_settings(struct lk_link *link, const char *text)
{
	struct json *v;
	struct err e = {0};
	struct report report;

	if (json_read(text, strlen(text), &v, &e) < 0)
		return testhost_fail_err(link->host, &e);
	report_init(&report);
	int rc = check_settings(link, v, &report);
	if (rc == ERR_NO_MEMORY)
		rc = testhost_fail(link->host, LK_ENOMEM, "out of memory");
	else if (rc < 0)
		rc = testhost_fail_report(link->host, &report);
	report_finish(&report);
	json_free(v);
	return rc;
}

static int call_open(struct lk_link *link)
{
	const struct lk_type *type = &link->type->type;
	int rc = type->open(link->instance->state, link, &link->settings, &link->conn);

	if (rc > 0)
		testhost_violation(link->host, "open() gave %d, neither 0 nor negative", rc);
	if (rc < 0)
		return testhost_fail(link->host, rc, "open() of the type %s gave %d", type->id, rc);
	link->open = true;
	return 0;
}

/* What open() was given is over. */
static void forget_settings(struct lk_link *link)
{
	schema_values_finish(&link->values);
	arena_finish(&link->arena);
}

int lk_test_open(struct lk_test_host *host, const char *type, const char *settings_json,
                 struct lk_link **ret_link)
{
	struct lk_link *link = mem_zalloc(sizeof(*link));

	if (!link)
		return testhost_fail(host, LK_ENOMEM, "out of memory");
	link->host = host;
	arena_init(&link->arena);
	schema_values_init(&link->values);

	int rc = find_type(link, type);
	if (rc == 0)
		rc = read_settings(link, settings_json);
	if (rc == 0)
		rc = call_open(link);
	if (rc < 0) {
		forget_settings(link);
		mem_free(link);
		return rc;
	}
	list_append(&host->links, &link->node);
	*ret_link = link;
	return 0;
}

static void abandon(struct lk_link *link)
{
	struct lk_test_host *host = link->host;

	testhost_lock(host);
	list_each(node, &host->ops) {
		struct lk_op *op = container_of(node, struct lk_op, node);
		if (op->link != link || op->state != OP_SUBMITTED)
			continue;
		op->state = OP_ABANDONED;
		testhost_violation_locked(host, "%s was never completed", op->name);
	}
	link->in_flight = 0;
	testhost_unlock(host);
}

void lk_test_close(struct lk_link *link)
{
	struct lk_test_host *host = link->host;

	if (!link->open)
		return;
	list_each(node, &host->ops) {
		struct lk_op *op = container_of(node, struct lk_op, node);
		if (op->link == link)
			lk_test_cancel(op);
	}
	testhost_drive_idle(link);
	abandon(link);
	link->type->type.close(link->conn);
	link->open = false;
	testhost_resolve_leave(link);
	forget_settings(link);
}

int lk_test_stats(struct lk_link *link, struct lk_stats *ret_stats)
{
	struct lk_stats stats = {.size = sizeof(stats)};

	if (!link->open || !link->type->type.stats)
		return testhost_fail(link->host, LK_ENOENT, "no statistics");
	link->type->type.stats(link->conn, &stats);
	*ret_stats = stats;
	return 0;
}
