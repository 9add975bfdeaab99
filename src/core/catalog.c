/* The catalogue's entries: keeping, finding, listing. */
#include "core/catalog.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/name.h"
#include "core/catalog_impl.h"
#include "crypto/random.h"
#include "plug/load.h"
#include "json/json.h"

/*
 * Configurations
 */

struct held *held_create(void)
{
	struct held *h = mem_zalloc(sizeof(*h));

	if (h)
		atomic_store(&h->holders, 1);
	return h;
}

struct held *held_keep(struct held *h)
{
	atomic_fetch_add(&h->holders, 1);
	return h;
}

void held_release(struct held *h)
{
	if (!h || atomic_fetch_sub(&h->holders, 1) > 1)
		return;
	conf_finish(&h->conf);
	mem_free(h);
}

/*
 * Entries
 */

static struct entry *entry_of(const struct catalog_entry *face)
{
	return (struct entry *)(uintptr_t)face;
}

int entry_create(struct held *held, const struct conf_connection *definition, struct entry **ret)
{
	struct entry *entry = mem_zalloc(sizeof(*entry));

	if (!entry || definition_revision(definition->root, entry->face.revision) < 0) {
		mem_free(entry);
		return ERR_NO_MEMORY;
	}
	entry->face.project = definition->project;
	entry->face.name = definition->name;
	entry->face.type = definition->type;
	entry->face.description = definition->description;
	entry->face.file = definition->file;
	entry->face.uid = entry->uid;
	entry->face.enabled = definition->enabled;
	entry->face.definition = definition;
	entry->held = held_keep(held);
	atomic_store(&entry->holders, 1);
	*ret = entry;
	return 0;
}

void entry_set_uid(struct entry *entry, const char *uid)
{
	snprintf(entry->uid, sizeof(entry->uid), "%s", uid);
}

void uid_make(char uid[UID_BYTES])
{
	uint8_t random[(UID_BYTES - 1) / 2];

	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(uid + 2 * i, 3, "%02x", random[i]);
}

const struct catalog_entry *entry_keep(struct entry *entry)
{
	if (!entry)
		return NULL;
	atomic_fetch_add(&entry->holders, 1);
	return &entry->face;
}

void catalog_release(const struct catalog_entry *face)
{
	struct entry *entry = entry_of(face);

	if (!entry || atomic_fetch_sub(&entry->holders, 1) > 1)
		return;
	held_release(entry->held);
	mem_free(entry);
}

/* Global ones first. */
int catalog_order(const char *project_a, const char *name_a, const char *project_b,
                  const char *name_b)
{
	bool global_a = name_compare(project_a, CONF_GLOBAL) == 0;
	bool global_b = name_compare(project_b, CONF_GLOBAL) == 0;

	if (global_a != global_b)
		return global_a ? -1 : 1;
	int order = name_compare(project_a, project_b);
	return order ? order : name_compare(name_a, name_b);
}

static size_t position(const struct catalog *c, const char *project, const char *name)
{
	size_t low = 0, high = c->entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct catalog_entry *face = &c->entries[middle]->face;
		if (catalog_order(face->project, face->name, project, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct entry *entries_find(const struct catalog *c, const char *project, const char *name,
                           size_t *ret_at)
{
	size_t at = position(c, project, name);

	if (ret_at)
		*ret_at = at;
	if (at == c->entry_count)
		return NULL;
	const struct catalog_entry *face = &c->entries[at]->face;
	return catalog_order(face->project, face->name, project, name) == 0 ? c->entries[at] : NULL;
}

struct entry *entries_resolve(const struct catalog *c, const char *project, const char *name)
{
	struct entry *own = entries_find(c, project ? project : CONF_GLOBAL, name, NULL);

	return own ? own : entries_find(c, CONF_GLOBAL, name, NULL);
}

int entries_reserve(struct catalog *c, size_t more)
{
	size_t cap = c->entry_cap ? c->entry_cap : 64;

	while (cap < c->entry_count + more)
		cap *= 2;
	if (cap == c->entry_cap)
		return 0;
	pthread_rwlock_wrlock(&c->lock);
	struct entry **bigger = mem_resize(c->entries, cap, sizeof(*bigger));
	if (bigger) {
		c->entries = bigger;
		c->entry_cap = cap;
	}
	pthread_rwlock_unlock(&c->lock);
	return bigger ? 0 : ERR_NO_MEMORY;
}

void entries_put(struct catalog *c, struct entry *entry)
{
	size_t at;
	struct entry *before = entries_find(c, entry->face.project, entry->face.name, &at);

	if (before) {
		c->entries[at] = entry;
		catalog_release(&before->face);
		return;
	}
	memmove(&c->entries[at + 1], &c->entries[at],
	        (c->entry_count - at) * sizeof(struct entry *));
	c->entries[at] = entry;
	c->entry_count++;
}

void entries_take_out(struct catalog *c, const char *project, const char *name)
{
	size_t at;
	struct entry *entry = entries_find(c, project, name, &at);

	if (!entry)
		return;
	c->entry_count--;
	memmove(&c->entries[at], &c->entries[at + 1],
	        (c->entry_count - at) * sizeof(struct entry *));
	catalog_release(&entry->face);
}

/*
 * Looking
 */

const struct catalog_entry *catalog_find(struct catalog *c, const char *project, const char *name)
{
	pthread_rwlock_rdlock(&c->lock);
	const struct catalog_entry *found = entry_keep(entries_resolve(c, project, name));
	pthread_rwlock_unlock(&c->lock);
	return found;
}

const struct catalog_entry *catalog_find_exactly(struct catalog *c, const char *project,
                                                 const char *name)
{
	pthread_rwlock_rdlock(&c->lock);
	const struct catalog_entry *found = entry_keep(entries_find(c, project, name, NULL));
	pthread_rwlock_unlock(&c->lock);
	return found;
}

int catalog_list(struct catalog *c, const struct catalog_entry ***ret, size_t *ret_count)
{
	pthread_rwlock_rdlock(&c->lock);
	size_t count = c->entry_count;
	const struct catalog_entry **list = mem_array(count + 1, sizeof(*list));
	for (size_t i = 0; list && i < count; i++)
		list[i] = entry_keep(c->entries[i]);
	pthread_rwlock_unlock(&c->lock);
	if (!list)
		return ERR_NO_MEMORY;
	*ret = list;
	*ret_count = count;
	return 0;
}

size_t catalog_count(struct catalog *c)
{
	pthread_rwlock_rdlock(&c->lock);
	size_t count = c->entry_count;
	pthread_rwlock_unlock(&c->lock);
	return count;
}

const struct conf_host *catalog_host(const struct catalog *c)
{
	return &c->fixed;
}

const struct plugins *catalog_plugins(const struct catalog *c)
{
	return c->plugins;
}

void catalog_with_conf(struct catalog *c, void (*call)(void *arg, const struct conf *conf),
                       void *arg)
{
	pthread_rwlock_rdlock(&c->lock);
	struct held *base = held_keep(c->base);
	pthread_rwlock_unlock(&c->lock);
	call(arg, &base->conf);
	held_release(base);
}

bool catalog_nearest(struct catalog *c, const char *project, const char *name, char *ret,
                     size_t ret_bytes)
{
	bool found = false;

	pthread_rwlock_rdlock(&c->lock);
	const char **names = mem_array(c->entry_count + 1, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; names && i < c->entry_count; i++) {
		const struct catalog_entry *face = &c->entries[i]->face;
		if (name_compare(face->project, CONF_GLOBAL) == 0 ||
		    (project && name_compare(face->project, project) == 0))
			names[count++] = face->name;
	}
	const char *near = names ? report_nearest(name, names, count) : NULL;
	if (near) {
		snprintf(ret, ret_bytes, "%s", near);
		found = true;
	}
	mem_free(names);
	pthread_rwlock_unlock(&c->lock);
	return found;
}

/* Who has the name, or NULL: in the same scope; globally, for a project's; in any project, for a global
 * one. */
static const struct catalog_entry *rival(const struct catalog *c, const char *project,
                                         const char *name)
{
	const struct entry *other = entries_resolve(c, project, name);

	if (other || name_compare(project, CONF_GLOBAL) != 0)
		return other ? &other->face : NULL;
	for (size_t i = 0; i < c->entry_count; i++)
		if (name_compare(c->entries[i]->face.name, name) == 0)
			return &c->entries[i]->face;
	return NULL;
}

int catalog_name_free(struct catalog *c, const char *project, const char *name, struct err *e)
{
	const struct lk_value value = {.u.s = name};
	const char *message = NULL;
	int rc = 0;

	if (name_compare(project, CONF_GLOBAL) != 0 && !name_is_plain(project))
		return err_set(e, ERR_INVALID, "\"%.80s\" is no name of a project: it must be %s",
		               project, NAME_RULE);
	if (strlen(name) > 100)
		return err_set(e, ERR_INVALID, "a name has at most 100 characters");
	if (name_check_connection(&value, &message) < 0)
		return err_set(e, ERR_INVALID, "the name %s", message);
	pthread_rwlock_rdlock(&c->lock);
	const struct catalog_entry *other = rival(c, project, name);
	if (other)
		rc = err_set(e, ERR_CONFLICT, "the name is taken by \"%s\" in %s%s", other->name,
		             other->project,
		             name_compare(other->project, project) == 0
		                     ? ""
		                     : ", and a global name is the same in every project");
	pthread_rwlock_unlock(&c->lock);
	return rc;
}

void definition_path(const struct catalog *c, const char *project, const char *name, char *ret,
                     size_t ret_bytes)
{
	const char *folder = c->base->conf.host.definitions;

	if (!project || name_compare(project, CONF_GLOBAL) == 0)
		snprintf(ret, ret_bytes, "%s/connections/%s.conf", folder, name);
	else
		snprintf(ret, ret_bytes, "%s/projects/%s/connections/%s.conf", folder, project,
		         name);
}

bool catalog_serves(const struct catalog *c, const char *environment)
{
	return conf_serves(c->base->conf.host.environments, environment);
}

bool connection_names(const struct conf_connection *definition, const char *environment)
{
	return definition->environments && node_get(definition->environments, environment);
}

/*
 * Answers and records
 */

void catalog_answer_init(struct catalog_answer *a)
{
	*a = (struct catalog_answer){0};
	report_init(&a->report);
}

void catalog_answer_finish(struct catalog_answer *a)
{
	report_finish(&a->report);
	json_free(a->detail);
	json_free(a->result);
}

int answer_code(struct catalog_answer *a, struct err *e, int rc, const char *code,
                struct json *detail, const char *format, ...)
{
	va_list args;

	if (a) {
		a->code = code;
		json_free(a->detail);
		a->detail = detail;
	} else {
		json_free(detail);
	}
	va_start(args, format);
	err_vset(e, rc, format, args);
	va_end(args);
	return rc;
}

int record_init(struct record *r, struct catalog *c, const struct catalog_word *word,
                const char *action, const char *project, const char *subject, struct json *detail)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, BUF_MAX_TEXT);
	if (detail)
		rc = json_write(detail, 0, &text);
	json_free(detail);
	*r = (struct record){
		.audit =
			{
				.at_ms = store_now_ms(c->store),
				.actor = word->actor,
				.action = action,
				.project = project,
				.subject = subject,
			},
	};
	if (rc == 0 && text.len_bytes > 0) {
		r->detail = buf_take(&text);
		r->audit.detail = r->detail;
		rc = r->detail ? 0 : ERR_NO_MEMORY;
	}
	buf_finish(&text);
	return rc;
}

void record_finish(struct record *r)
{
	mem_free(r->detail);
}
