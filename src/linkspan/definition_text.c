/* A definition as people write it, and as the API takes it. */
#include "linkspan/definition_text.h"

#include <stdbool.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/definition.h"
#include "conf/read.h"
#include "schema/node.h"
#include "schema/report.h"
#include "json/json.h"

struct json *definition_part(const struct json *document)
{
	static const char *const keys[] = {"name",    "type",     "description",
	                                   "enabled", "settings", "environments"};
	struct json *part = json_object();
	bool failed = !part;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct json *value = json_get(document, keys[i]);
		if (value && json_kind(value) != JSON_NULL)
			failed |= json_set(part, keys[i], json_copy(value)) < 0;
	}
	if (!failed)
		return part;
	json_free(part);
	return NULL;
}

int definition_text(const struct json *document, const char *head, struct buf *b, struct err *e)
{
	struct json *part = definition_part(document);
	struct node *group = NULL;
	bool comments_lost;
	struct arena arena;

	arena_init(&arena);
	int rc = part ? definition_node(&arena, part, conf_kind_connection.key, NULL, &group, e)
	              : ERR_NO_MEMORY;
	buf_add_str(b, head);
	if (rc == 0)
		rc = definition_write(group, NULL, 0, b, &comments_lost);
	if (rc == 0 && buf_failed(b))
		rc = ERR_NO_MEMORY;
	if (rc == ERR_NO_MEMORY)
		err_no_memory(e);
	else if (rc < 0)
		err_set(e, rc, "the definition is too long for a file");
	json_free(part);
	arena_finish(&arena);
	return rc;
}

int definition_of_root(const struct node *root, struct report *report, struct json **ret,
                       const struct node **ret_group)
{
	const char *key = conf_kind_connection.key;
	const struct node *group = node_get(root, key);

	if (!group)
		return ERR_NOT_FOUND;
	if (group->kind != NODE_GROUP) {
		report_add(report, LK_FAULT_ERROR, group, "wrong_type",
		           "is %s; what is allowed: a group", node_kind_name(group->kind));
		return ERR_INVALID;
	}
	if (root->count != 1) {
		report_add(report, LK_FAULT_ERROR, root->first == group ? group->next : root->first,
		           "unknown_key", "is not expected here; what is allowed: one group `%s`",
		           key);
		return ERR_INVALID;
	}
	struct json *document = definition_json(group);
	if (!document)
		return ERR_NO_MEMORY;
	*ret = document;
	*ret_group = group;
	return 0;
}

int definition_parse(struct arena *a, const char *file, const char *text, size_t bytes,
                     struct report *report, struct json **ret, const struct node **ret_group)
{
	struct node *root;

	int rc = read_text(a, file, text, bytes, report, &root);
	if (rc == 0)
		rc = definition_of_root(root, report, ret, ret_group);
	if (rc != ERR_NOT_FOUND)
		return rc;
	report_add_at(report, LK_FAULT_ERROR, file, root->first ? root->first->line : 1,
	              root->first ? root->first->name : "", "unknown_key",
	              "is no connection; what is allowed: one group `%s`",
	              conf_kind_connection.key);
	return ERR_INVALID;
}
