/* From the description that a plugin gives to one that this host can rely on. */
#include "plug/load.h"

#include <stdbool.h>

#include "base/banned.h"
#include "base/err.h"
#include "schema/check.h"
#include "schema/report.h"

/* How large a struct was in ABI 1.0, whatever has been appended to it since. */
#define BYTES_1_0(type, last_member)                                                               \
	(offsetof(type, last_member) + sizeof(((type *)0)->last_member))

enum {
	PLUGIN_BYTES_1_0 = BYTES_1_0(struct lk_plugin, extension),
	TYPE_BYTES_1_0 = BYTES_1_0(struct lk_type, stats),
	PARAM_BYTES_1_0 = BYTES_1_0(struct lk_param, sub_size),
	DEPTH_MAX = 8, /* of parameter tables, as schema_import() */
};

struct needed {
	const char *name;
	bool present;
};

static int check_size(const char *what, uint32_t bytes, uint32_t least, struct err *e)
{
	if (bytes >= least)
		return 0;
	return err_set(e, ERR_INVALID, "its struct %s has %u bytes; ABI 1.0 has %u", what, bytes,
	               least);
}

static int check_id(const char *whose, const char *id, struct err *e)
{
	if (!id || !*id)
		return err_set(e, ERR_INVALID, "the %s has no id", whose);
	if (id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return err_set(e, ERR_INVALID,
		               "the id of the %s is \"%s\"; allowed are a-z, 0-9 and _", whose, id);
	return 0;
}

static int check_needed(const struct needed *needed, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (!needed[i].present)
			return err_set(e, ERR_INVALID, "it has no %s", needed[i].name);
	return 0;
}

/* The strides of all tables, before any row is read.  What nests too deeply is left to the lint. */
static int check_strides(const struct lk_param *rows, uint32_t count, uint32_t stride, int depth,
                         struct err *e)
{
	if (!rows || count == 0 || depth > DEPTH_MAX)
		return 0;
	int rc = check_size("lk_param", stride, PARAM_BYTES_1_0, e);
	if (rc == 0 && stride % _Alignof(struct lk_param) != 0)
		rc = err_set(e, ERR_INVALID,
		             "its struct lk_param has %u bytes, which is not a multiple of %zu",
		             stride, _Alignof(struct lk_param));

	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		const struct lk_param *row =
			(const void *)((const char *)rows + (size_t)i * stride);
		uint32_t sub_stride = row->sub_size ? row->sub_size : stride;
		rc = check_strides(row->sub, row->sub_count, sub_stride, depth + 1, e);
	}
	return rc;
}

void plugin_copy_sized(void *to, uint32_t to_bytes, const void *from)
{
	uint32_t from_bytes = *(const uint32_t *)from;
	uint32_t bytes = from_bytes < to_bytes ? from_bytes : to_bytes;

	memset(to, 0, to_bytes);
	memcpy(to, from, bytes);
	memcpy(to, &bytes, sizeof(bytes));
}

static int check_type(const struct lk_type *type, struct err *e)
{
	int rc = check_size("lk_type", type->size, TYPE_BYTES_1_0, e);

	if (rc == 0)
		rc = check_id("type", type->id, e);
	if (rc < 0)
		return rc;

	const struct needed needed[] = {
		{"open()", type->open},
		{"close()", type->close},
		{"submit()", type->submit},
		{"cancel()", type->cancel},
		{"table of parameters", type->params || type->param_count == 0},
	};
	rc = check_needed(needed, sizeof(needed) / sizeof(needed[0]), e);
	if (rc == 0)
		rc = check_strides(type->params, type->param_count, type->param_size, 1, e);
	if (rc < 0)
		err_prefix(e, "type %s", type->id);
	return rc;
}

static int import_type(struct plugin *p, const struct lk_type *from, struct plugin_type *ret,
                       struct err *e)
{
	*ret = (struct plugin_type){.plugin = p, .row_count = from->param_count};
	plugin_copy_sized(&ret->type, sizeof(ret->type), from);
	if (ret->row_count > 0) {
		ret->rows =
			schema_import(&p->arena, from->params, from->param_count, from->param_size);
		if (!ret->rows)
			return err_no_memory(e);
	}
	ret->type.params = ret->rows;
	ret->type.param_size = sizeof(struct lk_param);
	return 0;
}

static int import_types(struct plugin *p, const struct lk_type *const *types, struct err *e)
{
	size_t count = 0;

	while (types[count])
		count++;
	p->types = arena_array(&p->arena, count, sizeof(*p->types));
	if (!p->types)
		return err_no_memory(e);
	for (; p->type_count < count; p->type_count++) {
		struct plugin_type *type = &p->types[p->type_count];
		int rc = check_type(types[p->type_count], e);
		if (rc == 0)
			rc = import_type(p, types[p->type_count], type, e);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < p->type_count; i++)
			if (strcmp(p->types[i].type.id, type->type.id) == 0)
				return err_set(e, ERR_INVALID, "it offers the type %s twice",
				               type->type.id);
	}
	return 0;
}

static void lint_type(const struct plugin_type *type, struct report *report)
{
	const struct {
		const char *text, *code, *fault;
	} texts[] = {
		{type->type.label, "no_label", "the type has no label"},
		{type->type.help, "no_help", "help is missing; write one sentence"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!texts[i].text || !*texts[i].text)
			report_add_at(report, LK_FAULT_ERROR, NULL, 0, type->type.id, texts[i].code,
			              "%s", texts[i].fault);
	schema_lint(type->rows, type->row_count, type->type.id, report);
}

/* Into a report of its own first, so that the verdict is about this plugin alone. */
static int lint(const struct plugin *p, struct report *report, struct err *e)
{
	struct report own;

	report_init(&own);
	for (size_t i = 0; i < p->type_count; i++)
		lint_type(&p->types[i], &own);
	int rc = report_verdict(&own, e);
	for (size_t i = 0; report && i < own.count; i++)
		report_add_at(report, own.faults[i].severity, p->path[0] ? p->path : NULL, 0,
		              own.faults[i].path, own.faults[i].code, "%s", own.faults[i].text);
	report_finish(&own);
	if (rc == 0 && report && report->out_of_memory)
		rc = err_no_memory(e);
	return rc;
}

/* The size says which members there are, need_minor whether they mean what we think. */
static int check_plugin(const struct lk_plugin *api, struct err *e)
{
	int rc = check_size("lk_plugin", api->size, PLUGIN_BYTES_1_0, e);

	if (rc == 0 && api->need_minor > LK_ABI_MINOR)
		rc = err_set(e, ERR_INVALID, "needs host ABI %d.%u, this host has %d.%d",
		             LK_ABI_MAJOR, api->need_minor, LK_ABI_MAJOR, LK_ABI_MINOR);
	if (rc == 0)
		rc = check_id("plugin", api->id, e);
	if (rc < 0)
		return rc;

	bool driven = api->run || api->fd || api->next_ms;
	const struct needed needed[] = {
		{"version", api->version},
		{"init()", api->init},
		{"fini()", api->fini},
		{"connection type", api->types && api->types[0]},
		{"fd() beside its run()", !driven || api->fd},
		{"next_ms() beside its run()", !driven || api->next_ms},
		{"run() beside its fd()", !driven || api->run},
	};
	return check_needed(needed, sizeof(needed) / sizeof(needed[0]), e);
}

static int import_plugin(struct plugin *p, const struct lk_plugin *api, struct err *e)
{
	int rc = check_plugin(api, e);

	if (rc < 0)
		return rc;
	plugin_copy_sized(&p->plugin, sizeof(p->plugin), api);
	if (!p->plugin.vendor)
		p->plugin.vendor = "";
	if (!p->plugin.license)
		p->plugin.license = "";
	return import_types(p, api->types, e);
}

int plugin_adopt(const struct lk_plugin *api, const char *path, struct plugin **ret,
                 struct report *report, struct err *e)
{
	struct plugin *p = mem_zalloc(sizeof(*p));

	if (!p)
		return err_no_memory(e);
	arena_init(&p->arena);
	p->path = arena_strdup(&p->arena, path);

	int rc = p->path ? import_plugin(p, api, e) : err_no_memory(e);
	if (rc == 0)
		rc = lint(p, report, e);
	if (rc < 0) {
		if (*path)
			err_prefix(e, "%s", path);
		plugin_destroy(p);
		return rc;
	}
	*ret = p;
	return 0;
}
