/* A deployment: from a definition and an environment to checked values and the plugin's view. */
#include "core/deployment.h"

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/secret.h"
#include "core/fingerprint.h"
#include "core/limiter.h"
#include "plug/load.h"
#include "schema/common.h"
#include "schema/node.h"
#include "schema/report.h"

enum {
	PART_TYPE,
	PART_COMMON,
	DEFAULT_CONNECTION_TIMEOUT_MS = 2000,
	DEFAULT_REQUEST_TIMEOUT_MS = 30000,
};

const struct lk_value *deployment_common(const struct deployment *d, int common_row)
{
	return d->parts[PART_COMMON].values[common_row];
}

const struct lk_value *deployment_value(const struct deployment *d, const char *name)
{
	const struct schema_part *part = &d->parts[PART_TYPE];
	int row = schema_row(part->rows, part->count, name);

	return row < 0 ? NULL : part->values[row];
}

static int64_t timeout_of(const struct deployment *d, const char *name, int64_t otherwise)
{
	const struct lk_value *value = deployment_value(d, name);

	return value ? value->u.i : otherwise;
}

/* Whatever an environment allows: a message that comes back to this host's own API is never meant. */
static int deny_own(struct deployment *d, const struct conf *conf, struct report *report)
{
	struct sockaddr_storage address;
	struct err e = {0};
	socklen_t bytes;

	if (!conf->host.listen || conf_listen_address(conf->host.listen, &address, &bytes) < 0)
		return 0;
	int rc = network_policy_deny_own(&d->network, (const struct sockaddr *)&address, bytes, &e);
	if (rc < 0 && rc != ERR_NO_MEMORY)
		report_add(report, LK_FAULT_ERROR, NULL, "bad_network", "%s", e.text);
	return rc;
}

static int read_network(struct deployment *d, const struct conf *conf,
                        const struct conf_environment *environment, struct report *report)
{
	int rc = deny_own(d, conf, report);

	if (rc < 0 || !environment->network_allow)
		return rc;
	for (const struct node *n = environment->network_allow->first; n; n = n->next) {
		struct err e = {0};
		if (network_policy_add(&d->network, n->u.s, &e) < 0) {
			report_add(report, LK_FAULT_ERROR, n, "bad_network", "%s", e.text);
			rc = e.code == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_INVALID;
		}
	}
	return rc;
}

/* References are checked for their form here; whether they resolve is seen at use. */
static int check_secrets(const struct deployment *d, struct report *report)
{
	int rc = 0;

	for (size_t i = 0; i < d->values.secret_count; i++) {
		const struct secret_text *secret = &d->values.secrets[i];
		for (size_t k = 0; k < secret->part_count; k++) {
			struct err e = {0};
			if (secret->parts[k].kind != TEXT_SECRET ||
			    secret_check_reference(secret->parts[k].text, &e) == 0)
				continue;
			report_add(report, LK_FAULT_ERROR, secret->node, "bad_secret", "%s",
			           e.text);
			rc = ERR_INVALID;
		}
	}
	return rc;
}

/* What it makes is shown, and a secret is not to be. */
static void check_template(const struct deployment *d, struct report *report)
{
	const char *name = common_rows[COMMON_BODY_TEMPLATE].name;

	if (deployment_common(d, COMMON_BODY_TEMPLATE)->secret)
		report_add(report, LK_FAULT_ERROR, node_get(d->tree, name), "secret_in_template",
		           "a body must not hold a secret, for bodies are kept and shown; give the "
		           "secret in a header");
}

static void fill_settings(struct deployment *d, const struct conf_connection *connection,
                          const struct conf_environment *environment)
{
	int64_t pool = deployment_common(d, COMMON_POOL_SIZE)->u.i;

	d->enabled = connection->enabled;
	d->connection_timeout_ms =
		timeout_of(d, "connection_timeout_ms", DEFAULT_CONNECTION_TIMEOUT_MS);
	d->request_timeout_ms = timeout_of(d, "request_timeout_ms", DEFAULT_REQUEST_TIMEOUT_MS);
	d->retry_inline = (uint32_t)deployment_common(d, COMMON_RETRY_INLINE)->u.i;
	d->settings = (struct lk_settings){
		.size = sizeof(d->settings),
		.flags = environment && environment->is_protected ? LK_SETTINGS_PROTECTED : 0,
		.project = connection->project,
		.connection = connection->name,
		.environment = environment ? environment->name : "",
		.values = d->parts[PART_TYPE].values,
		.max_in_flight = (uint32_t)(pool ? pool : LIMITER_MOST),
		.keep_bytes = (uint32_t)deployment_common(d, COMMON_RESPONSE_KEEP_BYTES)->u.i,
	};
}

/* The words that the plugin and the host use later, out of the configuration. */
static int keep_words(struct deployment *d, const struct conf *conf)
{
	struct lk_settings *s = &d->settings;

	d->host.secrets = arena_strdup(&d->arena, conf->host.secrets);
	d->host.state = arena_strdup(&d->arena, conf->host.state);
	s->project = arena_strdup(&d->arena, s->project);
	s->connection = arena_strdup(&d->arena, s->connection);
	s->environment = arena_strdup(&d->arena, s->environment);
	return s->project && s->connection && s->environment &&
	                       (d->host.secrets || !conf->host.secrets) &&
	                       (d->host.state || !conf->host.state)
	               ? 0
	               : ERR_NO_MEMORY;
}

static int read_all(struct deployment *d, const struct conf *conf, const struct plugins *plugins,
                    const struct conf_connection *connection,
                    const struct conf_environment *environment, struct report *report)
{
	const struct plugin_type *type = plugins_type(plugins, connection->type);
	if (!type) {
		const char *near = plugins_nearest_type(plugins, connection->type);
		report_add(report, LK_FAULT_ERROR, node_get(connection->root, "type"),
		           "unknown_type", "no plugin offers the connection type \"%s\"%s%s%s",
		           connection->type, near ? " (did you mean \"" : "", near ? near : "",
		           near ? "\"?)" : "");
		return ERR_INVALID;
	}
	d->type = type;
	d->parts[PART_TYPE] = (struct schema_part){.rows = type->rows, .count = type->row_count};
	d->parts[PART_COMMON] = (struct schema_part){.rows = common_rows, .count = COMMON_ROWS};

	bool takes_tls = schema_row(type->rows, type->row_count, "tls") >= 0;
	const struct node *settings =
		conf_resolve(conf, connection, environment, takes_tls, &d->arena, report);
	bool resolved = environment && settings;
	if (!settings && environment)
		/* A variable is missing: the rest is checked as far as it goes without. */
		settings = conf_resolve(conf, connection, NULL, takes_tls, &d->arena, report);
	if (!settings)
		return report->out_of_memory ? ERR_NO_MEMORY : ERR_INVALID;
	/* It outlives the configuration, and may have faults to tell then. */
	if (node_own_files(&d->arena, (struct node *)(uintptr_t)settings) < 0)
		return ERR_NO_MEMORY;

	int rc = schema_read(&d->values, settings, d->parts, 2,
	                     resolved ? 0 : SCHEMA_VARIABLES_UNKNOWN, report);
	if (rc < 0 || !environment)
		return rc;
	if (!resolved)
		return ERR_INVALID;
	fill_settings(d, connection, environment);
	d->tree = settings;
	rc = keep_words(d, conf);
	if (rc < 0)
		return rc;

	size_t errors_before = report->errors;
	if (type->type.check) {
		struct report_adapter adapter;
		report_adapter_init(&adapter, report, settings);
		type->type.check(&d->settings, &adapter.face);
	}
	check_secrets(d, report);
	check_template(d, report);
	rc = read_network(d, conf, environment, report);
	fingerprint(d, settings, environment->network_allow, d->fingerprint);
	return rc < 0 ? rc : report->errors > errors_before ? ERR_INVALID : 0;
}

bool deployment_same(const struct deployment *a, const struct deployment *b)
{
	return memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint)) == 0;
}

int deployment_create(const struct conf *conf, const struct plugins *plugins,
                      const struct conf_connection *connection,
                      const struct conf_environment *environment, struct deployment **ret,
                      struct report *report)
{
	struct deployment *d = mem_zalloc(sizeof(*d));

	if (!d)
		return ERR_NO_MEMORY;
	arena_init(&d->arena);
	schema_values_init(&d->values);
	network_policy_init(&d->network);

	int rc = read_all(d, conf, plugins, connection, environment, report);
	if (rc < 0 || !environment) {
		deployment_destroy(d);
		return rc;
	}
	*ret = d;
	return 0;
}

struct deployment *deployment_keep(struct deployment *d)
{
	atomic_fetch_add(&d->others, 1);
	return d;
}

void deployment_destroy(struct deployment *d)
{
	if (!d || atomic_fetch_sub(&d->others, 1) > 0)
		return;
	network_policy_finish(&d->network);
	schema_values_finish(&d->values);
	arena_wipe(&d->arena);
	mem_free(d);
}
