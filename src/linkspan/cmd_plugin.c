/* linkspan plugin: the connectors, and checking one. */
#include <stdio.h>

#include "base/banned.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/faults_show.h"
#include "linkspan/output.h"
#include "linkspan/session.h"
#include "json/json.h"

static const struct list_column columns[] = {
	{"TYPE", "type", LIST_TEXT, false},      {"LABEL", "label", LIST_TEXT, false},
	{"PLUGIN", "plugin", LIST_TEXT, false},  {"VERSION", "version", LIST_TEXT, false},
	{"ABI", "abi", LIST_TEXT, true},         {"VENDOR", "vendor", LIST_TEXT, true},
	{"LICENSE", "license", LIST_TEXT, true}, {"PATH", "path", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};

static struct json *type_json(const struct plugin *p, const struct plugin_type *type)
{
	struct json *object = json_object();
	char abi[32];

	snprintf(abi, sizeof(abi), "%d.%u", LK_ABI_MAJOR, (unsigned)p->plugin.abi_minor);
	json_set(object, "type", json_string_or_null(type->type.id));
	json_set(object, "label", json_string_or_null(type->type.label));
	json_set(object, "plugin", json_string_or_null(p->plugin.id));
	json_set(object, "version", json_string_or_null(p->plugin.version));
	json_set(object, "vendor", json_string_or_null(p->plugin.vendor));
	json_set(object, "license", json_string_or_null(p->plugin.license));
	json_set(object, "abi", json_string(abi));
	json_set(object, "path", json_string_or_null(p->path));
	return object;
}

int cmd_plugin_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "type", "items", NULL};
	struct json *document = json_object(), *items = json_array();
	struct session s;

	int rc = session_open(&s, cli, e);
	for (size_t i = 0; i < s.plugins.count; i++)
		for (size_t k = 0; k < s.plugins.items[i]->type_count; k++)
			json_push(items,
			          type_json(s.plugins.items[i], &s.plugins.items[i]->types[k]));
	if (json_set(document, "items", items) < 0) {
		json_free(document);
		document = NULL;
	}
	if (rc == 0)
		rc = output_show(cli, &shape, document, e);
	else
		json_free(document);
	session_finish(&s);
	return rc;
}

int cmd_plugin_lint(struct cli *cli, struct err *e)
{
	struct session s = {0};
	struct plugin *plugin = NULL;
	char *path = realpath(cli->args[0], NULL);

	if (!path)
		return err_set_errno(e, ERR_NOT_FOUND, "%s", cli->args[0]);
	report_init(&s.report);
	plugins_init(&s.plugins);
	int rc = plugin_load(path, &plugin, &s.report, e);
	int verdict = session_verdict(&s, rc < 0 ? NULL : e);
	if (rc == 0)
		rc = verdict;
	if (rc == 0 || rc == ERR_INVALID) {
		int shown = faults_show(cli, &s.report, e);
		rc = shown < 0 ? shown : rc;
	}
	if (rc == 0 && cli->output == OUTPUT_TEXT && !cli_has(cli, "quiet"))
		printf("%s: plugin \"%s\" %s, %zu connection type%s: nothing to complain about\n",
		       cli->args[0], plugin->plugin.id, plugin->plugin.version, plugin->type_count,
		       plugin->type_count == 1 ? "" : "s");
	plugin_destroy(plugin);
	session_finish(&s);
	free(path);
	return rc;
}
