/* Undeploying, switching on and off, comparing, and drafts to be tested. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/name.h"
#include "conf/read.h"
#include "core/catalog_check.h"
#include "core/catalog_impl.h"
#include "core/deployment.h"
#include "core/deployment_check.h"
#include "core/host.h"
#include "core/literal.h"
#include "core/snapshot.h"
#include "schema/node.h"
#include "json/json.h"

/*
 * Ending
 */

int deploy_end(struct catalog *c, const struct store_place *place, const struct catalog_word *word,
               const char *action, struct err *e)
{
	struct json *detail = json_object();
	struct record record;
	struct err why = {0};

	json_set(detail, "environment", json_string(place->environment));
	if (record_init(&record, c, word, action, place->project, place->connection, detail) < 0) {
		record_finish(&record);
		return err_no_memory(e);
	}
	struct store_change op = {
		.op = {.kind = STORE_CHANGE, .audit = &record.audit},
		.undeployments = place,
		.undeployment_count = 1,
	};
	int rc = store_post_wait(c->store, &op.op);
	record_finish(&record);
	if (rc < 0)
		return err_set(e, rc, "the store cannot keep that \"%s\" is undeployed",
		               place->connection);
	rc = host_close(c->host, place->project, place->connection, place->environment, &why);
	pthread_rwlock_wrlock(&c->lock);
	actives_take_out(c, place);
	pthread_rwlock_unlock(&c->lock);
	return rc == ERR_NOT_FOUND || rc == 0 ? 0 : err_set(e, rc, "%s", why.text);
}

/* Whether an environment that follows the files has lost the connection. */
static bool is_gone(const struct catalog *c, const struct store_place *place)
{
	const struct conf_environment *environment =
		conf_environment(&c->base->conf, place->environment);
	const struct entry *entry = entries_find(c, place->project, place->connection, NULL);

	return environment && environment->auto_deploy &&
	       (!entry || !connection_names(entry->face.definition, place->environment));
}

unsigned deploy_end_gone(struct catalog *c, const struct entry *entry,
                         const struct catalog_word *word)
{
	size_t first = 0, count = c->active_count;
	unsigned ended = 0;

	if (entry)
		count = actives_of(c, entry->face.project, entry->face.name, &first);
	for (size_t i = first + count; i-- > first;) {
		const struct store_place *place = &c->actives[i]->place;
		struct err e = {0};
		if (!is_gone(c, place))
			continue;
		if (deploy_end(c, place, word, "connection.undeploy", &e) == 0)
			ended++;
		else
			log_event(LOG_LEVEL_ERROR, "a link was not closed", "problem", e.text,
			          NULL);
	}
	return ended;
}

/*
 * On somebody's word
 */

/* The active deployment of a call, if it may be changed on this word.  Its connection may be gone. */
static int find_active(struct catalog *c, const struct deploy_call *call, struct active **ret,
                       struct catalog_answer *a, struct err *e)
{
	const struct store_place place = {call->project, call->name, call->environment};
	const struct conf_environment *environment =
		conf_environment(&c->base->conf, call->environment);
	struct active *active = actives_find(c, &place);

	if (!active)
		return answer_code(a, e, ERR_NOT_FOUND, "not_deployed", NULL,
		                   "\"%s\" is not deployed in %s", call->name, call->environment);
	int rc = catalog_check_confirmed(environment, call, a, e);
	if (rc < 0)
		return rc;
	*ret = active;
	return 0;
}

static int tell(struct catalog_answer *a, const struct active *active, const char *member, bool is)
{
	a->result = json_object();
	json_set(a->result, "project", json_string(active->place.project));
	json_set(a->result, "name", json_string(active->place.connection));
	json_set(a->result, "environment", json_string(active->place.environment));
	json_set(a->result, "number", json_int(active->number));
	return json_set(a->result, member, json_bool(is));
}

int catalog_undeploy(struct catalog *c, const struct deploy_call *call,
                     const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	struct active *active = NULL;

	pthread_mutex_lock(&c->changing);
	int rc = find_active(c, call, &active, a, e);
	if (rc == 0 && tell(a, active, "deployed", word->dry_run) < 0)
		rc = err_no_memory(e);
	if (rc == 0 && !word->dry_run)
		rc = deploy_end(c, &active->place, word, "connection.undeploy", e);
	pthread_mutex_unlock(&c->changing);
	return rc;
}

static int keep_toggle(struct catalog *c, const struct store_toggle *change,
                       const struct catalog_word *word, struct err *e)
{
	const struct store_place *place = &change->place;
	struct json *detail = json_object();
	struct record record;

	json_set(detail, "environment", json_string(place->environment));
	int rc = record_init(&record, c, word,
	                     change->enabled ? "connection.enable" : "connection.disable",
	                     place->project, place->connection, detail);
	struct store_change op = {
		.op = {.kind = STORE_CHANGE, .audit = &record.audit},
		.toggles = change,
		.toggle_count = 1,
	};
	if (rc == 0)
		rc = store_post_wait(c->store, &op.op);
	record_finish(&record);
	return rc < 0 ? err_set(e, rc, "the store cannot keep that the deployment is %s",
	                        change->enabled ? "enabled" : "disabled")
	              : 0;
}

static void set_enabled(struct catalog *c, struct active *active, bool enabled)
{
	pthread_rwlock_wrlock(&c->lock);
	active->enabled = enabled;
	pthread_rwlock_unlock(&c->lock);
}

static int run_if_served(struct catalog *c, const struct active *active, struct err *e)
{
	return catalog_serves(c, active->place.environment) ? deploy_again(c, active, e) : 0;
}

/* As with a deployment: it runs first, then it is kept. */
static int toggle(struct catalog *c, struct active *active, bool enabled,
                  const struct catalog_word *word, struct err *e)
{
	const struct store_toggle change = {.place = active->place, .enabled = enabled};

	set_enabled(c, active, enabled);
	int rc = run_if_served(c, active, e);
	bool runs = rc == 0;
	if (rc == 0)
		rc = keep_toggle(c, &change, word, e);
	if (rc == 0)
		return 0;
	set_enabled(c, active, !enabled);
	if (runs && run_if_served(c, active, NULL) < 0)
		log_event(LOG_LEVEL_ERROR, "a deployment does not run as it did before",
		          "connection", active->place.connection, "environment",
		          active->place.environment, NULL);
	return rc;
}

int catalog_toggle(struct catalog *c, const struct deploy_call *call, bool enabled,
                   const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	struct active *active = NULL;

	pthread_mutex_lock(&c->changing);
	int rc = find_active(c, call, &active, a, e);
	if (rc == 0 && tell(a, active, "enabled", enabled) < 0)
		rc = err_no_memory(e);
	if (rc == 0 && !word->dry_run && active->enabled != enabled)
		rc = toggle(c, active, enabled, word, e);
	pthread_mutex_unlock(&c->changing);
	return rc;
}

/*
 * Comparing
 */

static struct json *difference_json(struct catalog *c, const char *environment, uint32_t number,
                                    const char *before, const char *after)
{
	struct json *changes = snapshot_changes(c->plugins, before, after);
	struct json *object = json_object();

	json_set(object, "environment", json_string(environment));
	json_set(object, "deployed", number ? json_int(number) : json_null());
	json_set(object, "same", json_bool(before && strcmp(before, after) == 0));
	if (json_set(object, "changes", changes) == 0)
		return object;
	json_free(object);
	return NULL;
}

static int compare(struct catalog *c, const struct catalog_entry *entry,
                   const struct conf_environment *environment, struct json **ret, struct err *e)
{
	const struct store_place place = {entry->project, entry->name, environment->name};
	const struct active *active = actives_find(c, &place);
	uint32_t number = active ? active->number : 0;
	char *before = NULL;
	struct buf after;

	buf_init(&after, BUF_MAX_TEXT);
	int rc = active ? deploy_text(c, &place, 0, &before, NULL, e) : 0;
	if (rc == 0 && snapshot_write(&c->base->conf, entry->definition, environment, &after) < 0)
		rc = err_no_memory(e);
	if (rc == 0) {
		*ret = difference_json(c, environment->name, number, before, buf_str(&after));
		rc = *ret ? 0 : err_no_memory(e);
	}
	buf_finish(&after);
	mem_free(before);
	return rc;
}

int catalog_diff(struct catalog *c, const char *project, const char *name, const char *environment,
                 struct json **ret, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&c->changing);
	const struct entry *entry = entries_find(c, project, name, NULL);
	const struct conf_environment *found = conf_environment(&c->base->conf, environment);
	if (!entry)
		rc = err_set(e, ERR_NOT_FOUND, "there is no connection \"%s\" in %s", name,
		             project);
	else if (!found || !connection_names(entry->face.definition, environment))
		rc = err_set(e, ERR_NOT_FOUND, "\"%s\" names no environment \"%s\"", name,
		             environment);
	else
		rc = compare(c, &entry->face, found, ret, e);
	pthread_mutex_unlock(&c->changing);
	return rc;
}

/*
 * Drafts
 */

/* The document as a connection that nobody saves. */
static int read_draft(struct catalog *c, const struct deploy_call *call,
                      const struct json *definition, const struct entry *saved, struct conf *conf,
                      struct report *report, struct err *e)
{
	struct json *document = json_copy(definition);
	struct json *present = saved ? definition_json(saved->face.definition->root) : NULL;
	struct node *group = NULL;
	struct arena arena;
	struct buf text;
	char file[4096];

	arena_init(&arena);
	buf_init(&text, READ_MAX_BYTES);
	if (saved) /* what it names relatively lies there */
		snprintf(file, sizeof(file), "%s", saved->face.file);
	else
		definition_path(c, call->project, call->name, file, sizeof(file));
	int rc = document ? json_set(document, "name", json_string(call->name)) : ERR_NO_MEMORY;
	if (rc == 0 && present)
		rc = literals_keep(c->plugins, present, document, e);
	if (rc == 0)
		rc = definition_node(&arena, document, "connection", file, &group, e);
	if (rc == 0)
		rc = definition_write(group, NULL, 0, &text, NULL);
	if (rc == 0)
		rc = conf_read_connection(conf, &c->base->conf, call->project, call->name, file,
		                          buf_str(&text), text.len_bytes, report);
	json_free(present);
	json_free(document);
	buf_wipe(&text);
	buf_finish(&text);
	arena_wipe(&arena);
	return rc == ERR_NO_MEMORY ? err_no_memory(e) : rc;
}

static int check_consent(struct catalog *c, const struct deploy_call *call,
                         const struct conf_connection *connection, const struct deployment *d,
                         const struct deployment *before, struct catalog_answer *a, struct err *e)
{
	struct json *document = definition_json(connection->root);
	const char *const *literals = NULL;
	struct consent consent;

	consent_init(&consent);
	int rc = document ? literals_find(c->plugins, document, &consent.arena, &literals, e)
	                  : err_no_memory(e);
	json_free(document);
	if (rc == 0)
		rc = consent_read(&consent, c->store, d, before, literals, e);
	if (rc == 0 && json_count(consent.refused) > 0 && !call->confirms_secrets) {
		struct json *detail = json_object();
		json_set(detail, "pairs", consent.refused);
		consent.refused = NULL;
		rc = answer_code(a, e, ERR_CONFLICT, "secret_origin", detail,
		                 "a secret would be sent where it has never gone; confirm that "
		                 "(--confirm-secrets) if it is meant");
	}
	consent_finish(&consent);
	return rc;
}

/* What a draft would take the place of; NULL: nothing that could be deployed. */
static struct deployment *saved_deployment(struct catalog *c, const struct conf_connection *saved,
                                           const struct conf_environment *environment)
{
	struct deployment *d = NULL;
	struct report report;

	if (!saved || !connection_names(saved, environment->name))
		return NULL;
	report_init(&report);
	deployment_create(&c->base->conf, c->plugins, saved, environment, &d, &report);
	report_finish(&report);
	return d;
}

/* saved: NULL: there is none. */
static int draft(struct catalog *c, const struct deploy_call *call,
                 const struct conf_connection *connection, const struct conf_connection *saved,
                 struct deployment **ret, struct catalog_answer *a, struct err *e)
{
	const struct conf_environment *environment =
		conf_environment(&c->base->conf, call->environment);
	const struct deployment_check check = {
		.conf = &c->base->conf,
		.plugins = c->plugins,
		.transforms = c->transforms,
		.report = &a->report,
	};
	struct conf_connection enabled = *connection;
	struct deployment *d = NULL;

	if (!environment)
		return err_set(e, ERR_NOT_FOUND, "there is no environment \"%s\"",
		               call->environment);
	if (!catalog_serves(c, call->environment))
		return answer_code(a, e, ERR_CONFLICT, "not_served", NULL,
		                   "this host does not serve the environment %s",
		                   call->environment);
	enabled.enabled = true; /* what is switched off can be tested all the same */
	size_t first = a->report.count;
	int rc = deployment_check_in(&check, &enabled, environment, &d);
	faults_place_in(&a->report, first, connection, environment->name);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	if (rc < 0)
		return answer_code(a, e, rc, "invalid_definition", NULL, "\"%s\" has faults",
		                   call->name);
	struct deployment *before = saved_deployment(c, saved, environment);
	rc = check_consent(c, call, connection, d, before, a, e);
	deployment_destroy(before);
	if (rc < 0)
		deployment_destroy(d);
	else
		*ret = d;
	return rc;
}

int catalog_draft(struct catalog *c, const struct deploy_call *call, const struct json *definition,
                  struct deployment **ret, struct catalog_answer *a, struct err *e)
{
	struct conf conf = {0};
	int rc = 0;

	arena_init(&conf.arena);
	pthread_mutex_lock(&c->changing);
	const struct entry *saved = entries_resolve(c, call->project, call->name);
	const struct conf_connection *connection = saved ? saved->face.definition : NULL;
	if (definition) {
		rc = read_draft(c, call, definition, saved, &conf, &a->report, e);
		if (rc == ERR_INVALID)
			rc = answer_code(a, e, rc, "invalid_definition", NULL,
			                 "the draft has faults");
		connection = conf.connections;
	} else if (!saved) {
		rc = err_set(e, ERR_NOT_FOUND, "there is no connection \"%s\" in %s", call->name,
		             call->project);
	}
	if (rc == 0)
		rc = draft(c, call, connection, saved ? saved->face.definition : NULL, ret, a, e);
	pthread_mutex_unlock(&c->changing);
	conf_finish(&conf);
	return rc;
}

int catalog_foresee(struct catalog *c, const struct deploy_call *call,
                    const struct json *definition, const struct catalog_word *word,
                    struct catalog_answer *a, struct err *e)
{
	struct catalog_word trying = *word;
	struct entry entry = {0};
	struct conf conf = {0};

	trying.dry_run = true;
	arena_init(&conf.arena);
	pthread_mutex_lock(&c->changing);
	const struct entry *saved = entries_find(c, call->project, call->name, NULL);
	int rc = read_draft(c, call, definition, saved, &conf, &a->report, e);
	if (rc == ERR_INVALID)
		rc = answer_code(a, e, rc, "invalid_definition", NULL, "the draft has faults");
	if (rc == 0 && definition_revision(conf.connections[0].root, entry.face.revision) < 0)
		rc = err_no_memory(e);
	if (rc == 0) {
		entry.face.project = call->project;
		entry.face.name = call->name;
		entry.face.definition = conf.connections;
		rc = deploy_entry(c, &entry, call, &trying, a, e);
	}
	pthread_mutex_unlock(&c->changing);
	conf_finish(&conf);
	return rc;
}
