/* Connections: a list, one, and who uses it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/catalogue.h"
#include "admin/connection.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "conf/url_host.h"
#include "core/catalog.h"
#include "core/monitor.h"
#include "schema/node.h"
#include "json/json.h"

enum { HOST_BYTES = 300, CURSOR_BYTES = 2 * API_ARG_BYTES };

const struct query_row api_connection_rows[CONNECTION_ROWS] = {
	[CONNECTION_Q] = {.name = "q",
                          .kind = QUERY_TEXT,
                          .max = 100,
                          .help = "What the name begins with."},
	[CONNECTION_ENV] = {.name = "env",
                            .kind = QUERY_TEXT,
                            .min = 1,
                            .max = 64,
                            .help = "An environment that the definition names."},
	[CONNECTION_LIMIT] = {.name = "limit",
                              .kind = QUERY_INT,
                              .min = 1,
                              .max = 1000,
                              .otherwise = 100,
                              .help = "How many at most."},
	[CONNECTION_CURSOR] = {.name = "cursor",
                               .kind = QUERY_TEXT,
                               .min = 3,
                               .max = CURSOR_BYTES - 1,
                               .help = "Where the page before has ended."},
};

/*
 * Which ones
 */

/* A page: entries that fit, in the order of the catalogue. */
struct page {
	const struct api_call *call;
	const struct catalog_entry **all;
	size_t all_count;
	const struct catalog_entry **items; /* borrowed from `all` */
	size_t count;
	bool more;
	struct monitor_link *links; /* of the items, by project, name and environment */
	size_t link_count;
};

static void page_finish(struct page *p)
{
	for (size_t i = 0; i < p->all_count; i++)
		catalog_release(p->all[i]);
	mem_free(p->all);
	mem_free(p->items);
	mem_free(p->links);
}

static bool fits(const struct api_call *call, const struct catalog_entry *entry)
{
	const char *q = call->query[CONNECTION_Q].text, *env = call->query[CONNECTION_ENV].text;
	const struct node *environments = entry->definition->environments;

	if (strcmp(call->args[0], API_ALL_PROJECTS) != 0 &&
	    name_compare(entry->project, call->args[0]) != 0)
		return false;
	if (q && strncasecmp(entry->name, q, strlen(q)) != 0)
		return false;
	if (env && !(environments && node_get(environments, env)))
		return false;
	return authorize(&call->asker.who, ACTION_READ, entry->project, NULL, NULL) == 0;
}

/* "project/name" of the last one that is known; a project has no slash. */
static int read_cursor(const struct api_call *call, char *project, const char **ret_name,
                       struct problem *p)
{
	const struct query_value *cursor = &call->query[CONNECTION_CURSOR];
	const char *slash = cursor->given ? strchr(cursor->text, '/') : NULL;

	*ret_name = NULL;
	if (!cursor->given)
		return 0;
	if (!slash || slash - cursor->text >= API_ARG_BYTES) {
		problem_fault(p, "cursor", "invalid_parameter", "is none that a list has answered");
		return ERR_USAGE;
	}
	snprintf(project, API_ARG_BYTES, "%.*s", (int)(slash - cursor->text), cursor->text);
	*ret_name = slash + 1;
	return 0;
}

static int select_items(struct page *p, struct catalog *c, const char *project, const char *name)
{
	size_t limit = (size_t)p->call->query[CONNECTION_LIMIT].number;

	if (catalog_list(c, &p->all, &p->all_count) < 0)
		return ERR_NO_MEMORY;
	p->items = mem_array(limit, sizeof(*p->items));
	if (!p->items)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < p->all_count && !p->more; i++) {
		const struct catalog_entry *entry = p->all[i];
		if ((name && catalog_order(entry->project, entry->name, project, name) <= 0) ||
		    !fits(p->call, entry))
			continue;
		p->more = p->count == limit;
		if (!p->more)
			p->items[p->count++] = entry;
	}
	return 0;
}

/*
 * How they are
 */

static int compare_link(const void *a, const void *b)
{
	const struct monitor_link *x = a, *y = b;
	int order = catalog_order(x->project, x->connection, y->project, y->connection);

	return order ? order : strcmp(x->environment, y->environment);
}

static bool is_on_page(void *arg, const char *project, const char *connection,
                       const char *environment)
{
	const struct page *p = arg;
	size_t low = 0, high = p->count;

	(void)environment;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct catalog_entry *entry = p->items[middle];
		int order = catalog_order(entry->project, entry->name, project, connection);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int read_links(struct page *p, struct err *e)
{
	int rc = monitor_some(p->call->admin->host, is_on_page, p, &p->links, &p->link_count, e);

	if (rc == 0 && p->link_count > 0)
		qsort(p->links, p->link_count, sizeof(p->links[0]), compare_link);
	return rc;
}

/* The first link of an entry; there may be none. */
static size_t first_link(const struct page *p, const struct catalog_entry *entry)
{
	size_t low = 0, high = p->link_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct monitor_link *l = &p->links[middle];
		if (catalog_order(l->project, l->connection, entry->project, entry->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* From what needs somebody most to what needs nobody. */
static unsigned urgency(const char *state)
{
	static const char *const states[] = {"blocked", "breaker_open", "breaker_half_open",
	                                     "paused",  "waiting",      "sending",
	                                     "idle",    "disabled",     "undeployed"};
	unsigned i = 0;

	while (i < sizeof(states) / sizeof(states[0]) && strcmp(states[i], state) != 0)
		i++;
	return i;
}

/* In each environment that it is or could be deployed to; *ret_most is the state of the one that needs
 * somebody most. */
static struct json *states_json(const struct page *p, const struct catalog_entry *entry,
                                const char **ret_most)
{
	const struct node *environments = entry->definition->environments;
	struct json *states = json_object();

	*ret_most = "undeployed";
	for (const struct node *n = environments ? environments->first : NULL; n; n = n->next)
		json_set(states, n->name, json_string("undeployed"));
	for (size_t i = first_link(p, entry); i < p->link_count; i++) {
		const struct monitor_link *l = &p->links[i];
		if (catalog_order(l->project, l->connection, entry->project, entry->name) != 0)
			break;
		if (!l->deployed && !json_get(states, l->environment))
			continue;
		json_set(states, l->environment, json_string(l->state));
		if (urgency(l->state) < urgency(*ret_most))
			*ret_most = l->state;
	}
	return states;
}

/*
 * The list
 */

static struct json *environments_json(const struct catalog_entry *entry)
{
	const struct node *all = entry->definition->environments;
	struct json *list = json_array();

	for (const struct node *n = all ? all->first : NULL; n; n = n->next)
		json_push(list, json_string(n->name));
	return list;
}

static void set_url_host(struct json *item, const struct catalog_entry *entry)
{
	const struct node *settings = entry->definition->settings;
	const struct node *n = settings ? node_get(settings, "url") : NULL;
	char host[HOST_BYTES];

	url_host(n && n->kind == NODE_STRING ? n->u.s : NULL, host, sizeof(host));
	json_set(item, "url_host", show_text(host));
}

static struct json *item_json(const struct page *p, struct catalog *c,
                              const struct catalog_entry *entry)
{
	struct json *item = json_object();
	const char *state;

	json_set(item, "name", json_string(entry->name));
	json_set(item, "project", json_string(entry->project));
	json_set(item, "type", json_string(entry->type));
	json_set(item, "description", json_string(entry->description));
	json_set(item, "enabled", json_bool(entry->enabled));
	json_set(item, "environments", environments_json(entry));
	set_url_host(item, entry);
	json_set(item, "revision", json_string(entry->revision));
	json_set(item, "uid", json_string(entry->uid));
	json_set(item, "file", json_string(entry->file));
	struct json *states = states_json(p, entry, &state);
	json_set(item, "state", json_string(state));
	json_set(item, "states", states);
	json_set(item, "deployments", catalog_deployments_json(c, entry));
	return item;
}

static struct json *page_json(const struct page *p, struct catalog *c)
{
	struct json *object = json_object(), *items = json_array();
	char next[CURSOR_BYTES] = "";

	for (size_t i = 0; i < p->count; i++)
		json_push(items, item_json(p, c, p->items[i]));
	if (p->more)
		snprintf(next, sizeof(next), "%s/%s", p->items[p->count - 1]->project,
		         p->items[p->count - 1]->name);
	json_set(object, "items", items);
	json_set(object, "next", show_text(next));
	return object;
}

void api_connection_list(struct api_call *call)
{
	struct catalog *c = catalogue_of(call);
	struct page page = {.call = call};
	char project[API_ARG_BYTES];
	struct problem p = {0};
	struct err e = {0};
	const char *name;

	if (!c)
		return;
	if (read_cursor(call, project, &name, &p) < 0) {
		problem_reply(call->request, &p);
		return;
	}
	int rc = select_items(&page, c, project, name) < 0 ? err_no_memory(&e) : 0;
	if (rc == 0)
		rc = read_links(&page, &e);
	if (rc < 0)
		problem_answer_err(call->request, NULL, &e);
	else
		reply_json(call->request, 200, page_json(&page, c));
	page_finish(&page);
}

/*
 * One
 */

void api_connection_get(struct api_call *call)
{
	struct catalog *c = catalogue_of(call);
	const struct catalog_entry *entry = c ? connection_find(call, c) : NULL;

	if (entry)
		connection_reply(call, 200, c, entry, NULL);
	catalog_release(entry);
}

void api_connection_usage(struct api_call *call)
{
	struct catalog *c = catalogue_of(call);
	const struct catalog_entry *entry = c ? connection_find(call, c) : NULL;

	if (entry) {
		struct json *all = catalog_users(c, entry), *object = json_object();
		json_set(object, "items", catalogue_users(call, json_get(all, "items")));
		json_free(all);
		reply_json(call->request, 200, object);
	}
	catalog_release(entry);
}
