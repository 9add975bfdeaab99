/* Deploying: from what is saved to what runs. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "core/catalog_check.h"
#include "core/catalog_impl.h"
#include "core/deployment.h"
#include "core/host.h"
#include "core/ready.h"
#include "core/snapshot.h"
#include "core/template.h"
#include "schema/node.h"
#include "json/json.h"

/*
 * Texts
 */

struct taking {
	char *text;
	char revision[REVISION_BYTES];
	bool failed;
};

static void take_text(void *arg, const struct store_deployment *d)
{
	struct taking *t = arg;

	t->text = mem_strdup(d->snapshot ? d->snapshot : "");
	t->failed = !t->text;
	snprintf(t->revision, sizeof(t->revision), "%s", d->revision);
}

int deploy_text(struct catalog *c, const struct store_place *place, uint32_t number, char **ret,
                char ret_revision[REVISION_BYTES], struct err *e)
{
	struct taking t = {0};
	struct err why = {0};

	int rc = store_deployment(c->store, place, number, take_text, &t, &why);
	if (rc == ERR_NOT_FOUND)
		return number ? err_set(e, rc, "\"%s\" was never deployed in %s as number %u",
		                        place->connection, place->environment, number)
		              : err_set(e, rc, "\"%s\" is not deployed in %s", place->connection,
		                        place->environment);
	if (rc < 0)
		return err_set(e, rc, "%s", why.text);
	if (t.failed)
		return err_no_memory(e);
	*ret = t.text;
	if (ret_revision)
		memcpy(ret_revision, t.revision, REVISION_BYTES);
	return 0;
}

/* What would be deployed of what is saved. */
static int saved_text(const struct catalog *c, const struct catalog_entry *entry,
                      const struct conf_environment *environment, struct buf *ret, struct err *e)
{
	int rc = snapshot_write(&c->base->conf, entry->definition, environment, ret);

	return rc < 0 || buf_failed(ret) ? err_no_memory(e) : 0;
}

/*
 * What runs
 */

static struct store_place place_of(const struct catalog_entry *entry, const char *environment)
{
	return (struct store_place){entry->project, entry->name, environment};
}

/* Whether a deployment of that place is to send; own: what the deployment itself says. */
static bool is_on(const struct catalog *c, const struct store_place *place, bool own)
{
	const struct entry *entry = entries_find(c, place->project, place->connection, NULL);

	return own && (!entry || entry->face.enabled);
}

static int make(struct catalog *c, const char *text, const struct store_place *place, bool enabled,
                struct deployment **ret, struct report *report, struct err *e)
{
	struct conf_host host = c->base->conf.host;

	host.listen = c->fixed.listen; /* as it is until a restart */
	return snapshot_deploy(text, &host, c->plugins, place, enabled, ret, report, e);
}

int deploy_make(struct catalog *c, const struct active *active, const char *text,
                struct deployment **ret, struct err *e)
{
	struct report report;

	report_init(&report);
	int rc = make(c, text, &active->place, is_on(c, &active->place, active->enabled), ret,
	              &report, e);
	report_finish(&report);
	return rc;
}

int deploy_as(struct catalog *c, const struct active *active, const struct store_place *place,
              bool enabled, struct err *e)
{
	struct deployment *deployment = NULL;
	struct report report;
	char *text = NULL;

	report_init(&report);
	int rc = deploy_text(c, &active->place, 0, &text, NULL, e);
	if (rc == 0)
		rc = make(c, text, place, enabled, &deployment, &report, e);
	if (rc == 0)
		rc = host_replace(c->host, deployment, e);
	mem_free(text);
	report_finish(&report);
	return rc;
}

int deploy_again(struct catalog *c, const struct active *active, struct err *e)
{
	return deploy_as(c, active, &active->place, is_on(c, &active->place, active->enabled), e);
}

/*
 * Making a revision live
 */

/* A deployment on its way: what it is to be, and on whose word. */
struct launch {
	struct catalog *catalog;
	struct store_place place;
	const char *text, *revision;
	const char *action;
	const struct deploying *how;
	struct deployment *deployment; /* taken by the host */
	struct consent consent;
	bool enabled; /* on its own account */
};

/* What runs there now; NULL: it can no longer be made. */
static struct deployment *present(struct catalog *c, const struct active *active)
{
	struct deployment *d = NULL;
	char *text = NULL;

	if (deploy_text(c, &active->place, 0, &text, NULL, NULL) == 0)
		deploy_make(c, active, text, &d, NULL);
	mem_free(text);
	return d;
}

/* A secret may go where it has gone before; if it never went anywhere, anywhere, but not to another place
 * than the secrets of what runs here now. */
static int check_consent(struct launch *l, struct catalog_answer *a, struct err *e)
{
	struct catalog *c = l->catalog;
	const struct active *active = actives_find(c, &l->place);
	struct deployment *before = active ? present(c, active) : NULL;

	int rc = consent_read(&l->consent, c->store, l->deployment, before, NULL, e);
	deployment_destroy(before);
	if (rc < 0 || json_count(l->consent.refused) == 0 || l->how->confirms_secrets)
		return rc;
	/* A new file is its author's word: whoever may write it may read the secret's file too. */
	if (l->how->by_file && !active)
		return 0;
	const struct json *first = json_at(l->consent.refused, 0);
	struct json *detail = json_object();
	char secret[160], origin[300];
	snprintf(secret, sizeof(secret), "%s", json_as_string(json_get(first, "secret")));
	snprintf(origin, sizeof(origin), "%s", json_as_string(json_get(first, "origin")));
	json_set(detail, "pairs", l->consent.refused);
	l->consent.refused = NULL;
	return answer_code(
		a, e, ERR_CONFLICT, "secret_origin", detail,
		"the secret %s would be sent to %s, where it has never gone; confirm that "
		"(--confirm-secrets) if it is meant",
		secret, origin);
}

static struct json *launch_detail(const struct launch *l, uint32_t before)
{
	struct json *detail = json_object(), *secrets = json_array();

	json_set(detail, "environment", json_string(l->place.environment));
	json_set(detail, "revision", json_string(l->revision));
	json_set(detail, "instead_of", before ? json_int(before) : json_null());
	if (l->how->note)
		json_set(detail, "note", json_string(l->how->note));
	for (size_t i = 0; i < l->consent.fresh_count; i++) {
		struct json *pair = json_object();
		json_set(pair, "secret", json_string(l->consent.fresh[i].secret));
		json_set(pair, "origin", json_string(l->consent.fresh[i].origin));
		json_push(secrets, pair);
	}
	json_set(detail, "approved", secrets);
	return detail;
}

static int commit(struct launch *l, uint32_t *ret_number, struct err *e)
{
	struct catalog *c = l->catalog;
	const struct active *before = actives_find(c, &l->place);
	struct active *fresh = NULL;
	uint8_t digest[HASH_BYTES];
	struct record record;

	if (record_init(&record, c, l->how->word, l->action, l->place.project, l->place.connection,
	                launch_detail(l, before ? before->number : 0)) < 0) {
		record_finish(&record);
		return err_no_memory(e);
	}
	struct store_deployment row = {
		.place = l->place,
		.revision = l->revision,
		.snapshot = l->text,
		.note = l->how->note,
		.actor = l->how->word->actor,
		.at_ms = record.audit.at_ms,
		.active = true,
		.enabled = l->enabled,
	};
	struct store_change op = {
		.op = {.kind = STORE_CHANGE, .audit = &record.audit},
		.deployments = &row,
		.deployment_count = 1,
		.approvals = l->consent.fresh,
		.approval_count = l->consent.fresh_count,
	};
	snapshot_digest(l->text, digest);
	int rc = actives_prepare(c, &row, digest, &fresh) < 0 ? err_no_memory(e)
	                                                      : store_post_wait(c->store, &op.op);
	record_finish(&record);
	if (rc < 0) {
		active_destroy(fresh);
		return err_set(e, rc, "the store cannot keep the deployment%s",
		               rc == ERR_BUSY ? ": there is no room on the disk" : "");
	}
	fresh->number = row.number;
	pthread_rwlock_wrlock(&c->lock);
	actives_put(c, fresh);
	pthread_rwlock_unlock(&c->lock);
	*ret_number = row.number;
	return 0;
}

/* Back to what ran before. */
static void take_back(struct launch *l)
{
	struct catalog *c = l->catalog;
	const struct active *before = actives_find(c, &l->place);
	struct err e = {0};
	int rc = before ? deploy_again(c, before, &e)
	                : host_close(c->host, l->place.project, l->place.connection,
	                             l->place.environment, &e);

	if (rc < 0)
		log_event(LOG_LEVEL_ERROR, "the deployment before does not run again", "connection",
		          l->place.connection, "environment", l->place.environment, "problem",
		          e.text, NULL);
}

static void place_faults(const struct launch *l, struct report *report, size_t first)
{
	struct json *snapshot = NULL;

	if (report->count == first)
		return;
	json_read(l->text, strlen(l->text), &snapshot, NULL);
	faults_place(report, first, l->place.environment,
	             json_get(json_get(snapshot, "connection"), "part"));
	json_free(snapshot);
}

static int check_template(const struct launch *l, struct report *report, struct err *e)
{
	int rc = template_check(l->catalog->transforms, l->deployment, report);

	return rc < 0 ? report_verdict(report, e) : 0;
}

/* Everything that could be wrong is looked for first; then it runs; then it is kept.  In the other order a
 * revision that the connector cannot open would have to be taken out of the history again. */
static int launch(struct launch *l, bool dry_run, uint32_t *ret_number, struct catalog_answer *a,
                  struct err *e)
{
	struct catalog *c = l->catalog;
	bool enabled = is_on(c, &l->place, l->enabled);
	size_t first = a->report.count;

	consent_init(&l->consent);
	int rc = make(c, l->text, &l->place, enabled, &l->deployment, &a->report, e);
	if (rc == 0)
		rc = check_template(l, &a->report, e);
	if (rc == 0)
		rc = deployment_ready(l->deployment, &a->report, e);
	if (rc == ERR_INVALID)
		a->code = "invalid_definition";
	place_faults(l, &a->report, first);
	if (rc == 0)
		rc = check_consent(l, a, e);
	if (rc == 0 && !dry_run) {
		rc = host_replace(c->host, l->deployment, e);
		l->deployment = NULL;
		if (rc == 0) {
			rc = commit(l, ret_number, e);
			/* A full disk must not keep a host from serving what its files say; the
			 * next reload keeps what could not be kept now. */
			if (rc < 0 && !(rc == ERR_BUSY && l->how->by_file))
				take_back(l);
		}
	}
	deployment_destroy(l->deployment);
	consent_finish(&l->consent);
	return rc;
}

static bool is_same(const struct catalog *c, const struct store_place *place, const char *text)
{
	const struct active *active = actives_find(c, place);
	uint8_t digest[HASH_BYTES];

	if (!active)
		return false;
	snapshot_digest(text, digest);
	return memcmp(digest, active->digest, sizeof(digest)) == 0;
}

static bool own_enabled(const struct catalog *c, const struct store_place *place)
{
	const struct active *active = actives_find(c, place);

	return !active || active->enabled;
}

int deploy_saved(struct catalog *c, const struct entry *entry,
                 const struct conf_environment *environment, const struct deploying *how,
                 uint32_t *ret_number, struct catalog_answer *a, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	int rc = saved_text(c, &entry->face, environment, &text, e);
	struct launch l = {
		.catalog = c,
		.place = place_of(&entry->face, environment->name),
		.text = buf_str(&text),
		.revision = entry->face.revision,
		.action = "connection.deploy",
		.how = how,
		.enabled =
			own_enabled(c, &(struct store_place){entry->face.project, entry->face.name,
	                                                     environment->name}),
	};
	*ret_number = 0;
	if (rc == 0 && !is_same(c, &l.place, l.text))
		rc = launch(&l, how->word->dry_run, ret_number, a, e);
	buf_finish(&text);
	return rc;
}

/*
 * By itself
 */

static void note_held(struct catalog *c, const struct store_place *place, const char *why)
{
	struct active *active = actives_find(c, place);

	if (!active)
		return;
	pthread_rwlock_wrlock(&c->lock);
	active->held_back = true;
	snprintf(active->why, sizeof(active->why), "%.*s", (int)sizeof(active->why) - 1, why);
	pthread_rwlock_unlock(&c->lock);
}

static void tell_held(struct json *item, const char *environment, const struct catalog_answer *a,
                      const struct err *why)
{
	struct json *held = json_object();

	json_set(held, "environment", json_string(environment));
	json_set(held, "code", json_string_or_null(a->code));
	json_set(held, "reason", json_string(why->text));
	json_push((struct json *)(uintptr_t)json_get(item, "held"), held);
}

static void deploy_one(struct catalog *c, const struct entry *entry,
                       const struct conf_environment *environment, struct deploying *how,
                       struct json *item)
{
	const struct store_place place = place_of(&entry->face, environment->name);
	struct catalog_answer a;
	struct err e = {0};
	bool is_new = !actives_find(c, &place);
	uint32_t number = 0;

	catalog_answer_init(&a);
	int rc = deploy_saved(c, entry, environment, how, &number, &a, &e);
	if (rc < 0) {
		note_held(c, &place, e.text);
		log_event(LOG_LEVEL_WARNING, "a connection was not deployed by itself",
		          "connection", place.connection, "environment", place.environment,
		          "problem", e.text, NULL);
		if (item)
			tell_held(item, environment->name, &a, &e);
	}
	how->opened += number && is_new;
	how->changed += number && !is_new;
	if (number && item) {
		struct json *done = json_object();
		json_set(done, "environment", json_string(environment->name));
		json_set(done, "number", json_int(number));
		json_push((struct json *)(uintptr_t)json_get(item, "deployed"), done);
	}
	catalog_answer_finish(&a);
}

void deploy_by_itself(struct catalog *c, const struct entry *entry, struct deploying *how,
                      struct json *item)
{
	const struct conf *conf = &c->base->conf;
	const struct node *parts = entry->face.definition->environments;

	for (const struct node *n = parts ? parts->first : NULL; n; n = n->next) {
		const struct conf_environment *environment = conf_environment(conf, n->name);
		if (environment && environment->auto_deploy && catalog_serves(c, n->name))
			deploy_one(c, entry, environment, how, item);
	}
}

/*
 * On somebody's word
 */

/* The environment of a call, if anything may be done in it on this word. */
static int find_environment(struct catalog *c, const struct deploy_call *call,
                            const struct conf_environment **ret, struct catalog_answer *a,
                            struct err *e)
{
	const struct conf_environment *environment =
		conf_environment(&c->base->conf, call->environment);

	if (!environment)
		return err_set(e, ERR_NOT_FOUND, "there is no environment \"%s\"",
		               call->environment);
	if (!catalog_serves(c, call->environment))
		return answer_code(
			a, e, ERR_CONFLICT, "not_served", NULL,
			"this host does not serve the environment %s: linkspan.conf names "
			"those that it does",
			call->environment);
	int rc = catalog_check_confirmed(environment, call, a, e);
	if (rc < 0)
		return rc;
	*ret = environment;
	return 0;
}

static int find_entry(struct catalog *c, const struct deploy_call *call, struct entry **ret,
                      struct err *e)
{
	struct entry *entry = entries_find(c, call->project, call->name, NULL);

	if (!entry)
		return err_set(e, ERR_NOT_FOUND, "there is no connection \"%s\" in %s", call->name,
		               call->project);
	*ret = entry;
	return 0;
}

static int tell_deployed(struct catalog_answer *a, const struct store_place *place, uint32_t number,
                         const char *revision, bool changed, struct json *changes)
{
	a->result = json_object();
	json_set(a->result, "project", json_string(place->project));
	json_set(a->result, "name", json_string(place->connection));
	json_set(a->result, "environment", json_string(place->environment));
	json_set(a->result, "number", number ? json_int(number) : json_null());
	json_set(a->result, "revision", json_string(revision));
	json_set(a->result, "changed", json_bool(changed));
	return json_set(a->result, "changes", changes);
}

/* text: of what is to be deployed.  What there is to tell is gathered before anything happens. */
static int deploy_this(struct catalog *c, struct launch *l, const struct catalog_word *word,
                       struct catalog_answer *a, struct err *e)
{
	const struct active *active = actives_find(c, &l->place);
	uint32_t number = active ? active->number : 0;
	bool changed = !is_same(c, &l->place, l->text);
	struct json *changes = NULL;
	char *before = NULL;
	int rc = active ? deploy_text(c, &l->place, 0, &before, NULL, e) : 0;

	if (rc == 0) {
		changes = snapshot_changes(c->plugins, before, l->text);
		rc = changes ? 0 : err_no_memory(e);
	}
	mem_free(before);
	if (rc == 0 && changed)
		rc = launch(l, word->dry_run, &number, a, e);
	if (rc < 0)
		json_free(changes);
	else if (tell_deployed(a, &l->place, number, l->revision, changed, changes) < 0)
		rc = err_no_memory(e);
	return rc;
}

static int deploy_back(struct catalog *c, const struct deploy_call *call, struct launch *l,
                       const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	char revision[REVISION_BYTES];
	char *text = NULL;
	int rc = deploy_text(c, &l->place, call->number, &text, revision, e);

	l->text = text;
	l->revision = revision;
	l->action = "connection.rollback";
	if (rc == 0)
		rc = deploy_this(c, l, word, a, e);
	l->text = l->revision = NULL;
	mem_free(text);
	return rc;
}

static int deploy_forward(struct catalog *c, const struct entry *entry,
                          const struct conf_environment *environment, struct launch *l,
                          const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	struct buf text;

	if (!connection_names(entry->face.definition, environment->name))
		return answer_code(a, e, ERR_CONFLICT, "not_in_environment", NULL,
		                   "\"%s\" names no environment %s; add it to its `environments`",
		                   entry->face.name, environment->name);
	buf_init(&text, BUF_MAX_TEXT);
	int rc = saved_text(c, &entry->face, environment, &text, e);
	l->text = buf_str(&text);
	l->revision = entry->face.revision;
	l->action = "connection.deploy";
	if (rc == 0)
		rc = deploy_this(c, l, word, a, e);
	l->text = NULL;
	buf_finish(&text);
	return rc;
}

int deploy_entry(struct catalog *c, const struct entry *entry, const struct deploy_call *call,
                 const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	const struct conf_environment *environment = NULL;
	const struct deploying how = {
		.word = word, .note = call->note, .confirms_secrets = call->confirms_secrets};

	int rc = find_environment(c, call, &environment, a, e);
	if (rc < 0)
		return rc;
	struct launch l = {
		.catalog = c,
		.place = place_of(&entry->face, environment->name),
		.how = &how,
	};
	l.enabled = own_enabled(c, &l.place);
	return call->number ? deploy_back(c, call, &l, word, a, e)
	                    : deploy_forward(c, entry, environment, &l, word, a, e);
}

int catalog_deploy(struct catalog *c, const struct deploy_call *call,
                   const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	struct entry *entry = NULL;

	pthread_mutex_lock(&c->changing);
	int rc = find_entry(c, call, &entry, e);
	if (rc == 0)
		rc = deploy_entry(c, entry, call, word, a, e);
	pthread_mutex_unlock(&c->changing);
	return rc;
}
