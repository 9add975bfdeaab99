/* The faults of definitions as data. */
#include "linkspan/faults_show.h"

#include "base/banned.h"
#include "linkspan/command.h"
#include "linkspan/output.h"
#include "schema/report.h"
#include "json/json.h"

static const struct list_column columns[] = {
	{"SEVERITY", "severity", LIST_STATE, false},
	{"FILE", "file", LIST_TEXT, false},
	{"LINE", "line", LIST_NUMBER, false},
	{"KEY", "path", LIST_TEXT, false},
	{"CODE", "code", LIST_TEXT, true},
	{"TEXT", "text", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};

static struct json *fault_json(const struct fault *f)
{
	struct json *object = json_object();

	json_set(object, "severity",
	         json_string(f->severity == LK_FAULT_ERROR ? "error" : "warning"));
	json_set(object, "file", json_string_or_null(f->file));
	json_set(object, "line", f->line ? json_int(f->line) : json_null());
	json_set(object, "path", json_string_or_null(f->path));
	json_set(object, "code", json_string_or_null(f->code));
	json_set(object, "text", json_string_or_null(f->text));
	return object;
}

int faults_show(const struct cli *cli, const struct report *report, struct err *e)
{
	static const struct output_shape shape = {columns, "file", "items", NULL};
	struct json *document = json_object(), *items = json_array();

	if (cli->output == OUTPUT_TEXT) {
		json_free(document);
		json_free(items);
		return 0;
	}
	for (size_t i = 0; i < report->count; i++)
		json_push(items, fault_json(&report->faults[i]));
	json_set(document, "errors", json_int((int64_t)report->errors));
	json_set(document, "warnings", json_int((int64_t)report->warnings));
	if (json_set(document, "items", items) < 0) {
		json_free(document);
		document = NULL;
	}
	return output_show(cli, &shape, document, e);
}
