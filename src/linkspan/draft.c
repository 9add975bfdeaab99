/* A definition that is being made on a command line. */
#include "linkspan/draft.h"

#include <stdio.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "linkspan/command.h"
#include "linkspan/setting.h"
#include "json/json.h"

enum { PATH_BYTES = 512, SECRET_MAX_BYTES = 64 * 1024 };

#define HEADERS "headers"

/* The document so far, and where the next options lead. */
struct draft {
	struct json *document;
	const struct json *schema;
	const char *env; /* NULL: the settings of all environments */
};

/* "settings.PATH" or "environments.ENV.PATH". */
static int place(const struct draft *d, const char *path, char *text, struct err *e)
{
	int bytes = snprintf(text, PATH_BYTES, "%s%s%s%s", d->env ? "environments." : "settings",
	                     d->env ? d->env : "", path[0] ? "." : "", path);

	return bytes < PATH_BYTES ? 0 : err_set(e, ERR_USAGE, "%s: the name is too long", path);
}

static const struct json *value_at(const struct json *document, const char *path)
{
	char key[PATH_BYTES];

	while (document && *path) {
		size_t bytes = strcspn(path, ".");
		snprintf(key, sizeof(key), "%.*s", (int)bytes, path);
		document = json_get(document, key);
		path += bytes + (path[bytes] == '.');
	}
	return document;
}

/* Takes the value. */
static int put(struct draft *d, const char *path, struct json *value, struct err *e)
{
	struct json *changed = setting_with(d->document, path, value);

	if (!changed)
		return err_no_memory(e);
	json_free(d->document);
	d->document = changed;
	return 0;
}

static int put_below(struct draft *d, const char *path, struct json *value, struct err *e)
{
	char whole[PATH_BYTES];
	int rc = place(d, path, whole, e);

	if (rc == 0)
		return put(d, whole, value, e);
	json_free(value);
	return rc;
}

/* Cuts "NAME=REST": the name goes to a text of PATH_BYTES, the rest comes back; NULL: it is none (ERR_USAGE). */
static const char *cut(const char *option, const char *text, char separator, char *name,
                       struct err *e)
{
	const char *end = strchr(text, separator);

	if (!end || end == text || end - text >= PATH_BYTES) {
		err_set(e, ERR_USAGE, "--%s \"%s\": NAME%cVALUE is needed", option, text,
		        separator);
		return NULL;
	}
	snprintf(name, PATH_BYTES, "%.*s", (int)(end - text), text);
	return end + 1;
}

/*
 * Headers: a list, of which the name says which one is meant
 */

static bool is_header(const struct json *item, const char *name)
{
	const char *own = json_as_string(json_get(item, "name"));

	return own && strcasecmp(own, name) == 0;
}

/* The list without the header of that name, and with the value at its place or at the end; value NULL:
 * without it.  Takes the value. */
static int put_header(struct draft *d, const char *name, struct json *value, struct err *e)
{
	char path[PATH_BYTES];
	struct json *list = json_array(), *header = NULL;

	int rc = place(d, HEADERS, path, e);
	if (rc == 0 && value) {
		header = json_object();
		json_set(header, "name", json_string(name));
		if (json_set(header, "value", value) < 0)
			rc = err_no_memory(e);
	} else {
		json_free(value);
	}
	const struct json *present = rc == 0 ? value_at(d->document, path) : NULL;
	for (size_t i = 0; rc == 0 && i < json_count(present); i++) {
		const struct json *item = json_at(present, i);
		struct json *kept = is_header(item, name) ? header : json_copy(item);
		if (kept == header)
			header = NULL;
		if ((kept || !is_header(item, name)) && json_push(list, kept) < 0)
			rc = err_no_memory(e);
	}
	if (rc == 0 && header) {
		rc = json_push(list, header) < 0 ? err_no_memory(e) : 0;
		header = NULL;
	}
	json_free(header);
	if (rc == 0)
		return put(d, path, list, e);
	json_free(list);
	return rc;
}

/*
 * One function for each option
 */

static int take_type(struct draft *d, const char *text, struct err *e)
{
	return put(d, "type", json_string(text), e);
}

static int take_description(struct draft *d, const char *text, struct err *e)
{
	return put(d, "description", json_string(text), e);
}

static int take_enabled(struct draft *d, const char *text, struct err *e)
{
	(void)text;
	return put(d, "enabled", json_bool(true), e);
}

static int take_disabled(struct draft *d, const char *text, struct err *e)
{
	(void)text;
	return put(d, "enabled", json_bool(false), e);
}

/* What follows belongs to it; without anything that follows it is there all the same. */
static int take_env(struct draft *d, const char *text, struct err *e)
{
	char path[PATH_BYTES];

	if (!text[0] || strchr(text, '.'))
		return err_set(e, ERR_USAGE, "--env \"%s\" is no name of an environment", text);
	d->env = text;
	int rc = place(d, "", path, e);
	if (rc < 0 || json_kind(value_at(d->document, path)) == JSON_OBJECT)
		return rc;
	return put(d, path, json_object(), e);
}

static int take_set(struct draft *d, const char *text, struct err *e)
{
	char path[PATH_BYTES];
	const char *rest = cut("set", text, '=', path, e);
	struct json *value = NULL;

	if (!rest)
		return ERR_USAGE;
	const struct json *schema = setting_schema(d->schema, path);
	if (setting_is_secret(schema) && !setting_is_reference(rest))
		return err_set(
			e, ERR_USAGE,
			"--set %s: this is a secret, and other users can read command lines: say "
			"--secret %s=FILE (- is standard input), or refer to one: "
			"%s='${secret:local/NAME}'",
			path, path, path);
	int rc = setting_value(schema, path, rest, &value, e);
	return rc < 0 ? rc : put_below(d, path, value, e);
}

/* The content of the file, without the end of its last line. */
static int read_secret(const char *file, struct buf *b, struct err *e)
{
	bool standard = strcmp(file, "-") == 0;
	FILE *stream = standard ? stdin : fopen(file, "re");
	char piece[4096];
	size_t bytes;

	if (!stream)
		return err_set_errno(e, ERR_NOT_FOUND, "--secret %s", file);
	while ((bytes = fread(piece, 1, sizeof(piece), stream)) > 0)
		buf_add(b, piece, bytes);
	int rc = ferror(stream) ? err_set_errno(e, ERR_IO, "--secret %s", file) : 0;
	mem_wipe(piece, sizeof(piece));
	if (!standard)
		fclose(stream);
	if (rc == 0 && buf_failed(b) == BUF_TOO_LONG)
		return err_set(e, ERR_USAGE, "--secret %s: more than %d bytes", file,
		               SECRET_MAX_BYTES);
	if (rc == 0 && buf_failed(b))
		return err_no_memory(e);
	if (b->len_bytes > 0 && buf_str(b)[b->len_bytes - 1] == '\n')
		buf_cut(b, b->len_bytes - 1);
	if (b->len_bytes > 0 && buf_str(b)[b->len_bytes - 1] == '\r')
		buf_cut(b, b->len_bytes - 1);
	if (rc == 0 && (b->len_bytes == 0 || memchr(buf_str(b), '\0', b->len_bytes)))
		return err_set(e, ERR_INVALID, "--secret %s does not hold a text", file);
	return rc;
}

/* `headers.NAME` is the value of that header. */
static int take_secret(struct draft *d, const char *text, struct err *e)
{
	static const char header[] = HEADERS ".";
	char path[PATH_BYTES];
	const char *file = cut("secret", text, '=', path, e);
	struct buf secret;

	if (!file)
		return ERR_USAGE;
	buf_init(&secret, SECRET_MAX_BYTES);
	int rc = read_secret(file, &secret, e);
	struct json *value = rc == 0 ? json_string(buf_str(&secret)) : NULL;
	buf_wipe(&secret);
	buf_finish(&secret);
	if (rc < 0)
		return rc;
	if (!value)
		return err_no_memory(e);
	if (strncmp(path, header, sizeof(header) - 1) == 0)
		return put_header(d, path + sizeof(header) - 1, value, e);
	return put_below(d, path, value, e);
}

static int take_unset(struct draft *d, const char *text, struct err *e)
{
	return put_below(d, text, json_null(), e);
}

static int take_header(struct draft *d, const char *text, struct err *e)
{
	char name[PATH_BYTES];
	const char *rest = cut("header", text, ':', name, e);

	if (!rest)
		return ERR_USAGE;
	struct json *value = json_string(rest + strspn(rest, " \t"));
	return value ? put_header(d, name, value, e) : err_no_memory(e);
}

static int take_unset_header(struct draft *d, const char *text, struct err *e)
{
	return put_header(d, text, NULL, e);
}

static const struct taker {
	const char *option;
	int (*take)(struct draft *d, const char *text, struct err *e);
} takers[] = {
	{"type", take_type},       {"description", take_description},
	{"enabled", take_enabled}, {"disabled", take_disabled},
	{"env", take_env},         {"set", take_set},
	{"secret", take_secret},   {"unset", take_unset},
	{"header", take_header},   {"unset-header", take_unset_header},
};

static const struct taker *taker_of(const struct cli_value *value)
{
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (strcmp(value->option->name, takers[i].option) == 0)
			return &takers[i];
	return NULL;
}

bool draft_is_given(const struct cli *cli)
{
	for (size_t i = 0; i < cli->value_count; i++)
		if (taker_of(&cli->values[i]))
			return true;
	return false;
}

int draft_change(const struct cli *cli, const struct json *base, const struct json *schema,
                 struct json **ret, struct err *e)
{
	struct draft d = {
		.document = base ? json_copy(base) : json_object(),
		.schema = schema,
	};
	int rc = d.document ? 0 : err_no_memory(e);

	for (size_t i = 0; rc == 0 && i < cli->value_count; i++) {
		const struct taker *taker = taker_of(&cli->values[i]);
		if (taker)
			rc = taker->take(&d, cli->values[i].text, e);
	}
	if (rc == 0)
		*ret = d.document;
	else
		json_free(d.document);
	return rc;
}

/* Whether the host has put a secret of its own in the place of the header's value. */
static bool was_sealed(const struct json *headers, const char *name)
{
	for (size_t i = 0; i < json_count(headers); i++) {
		const char *value = json_as_string(json_get(json_at(headers, i), "value"));
		if (is_header(json_at(headers, i), name) && value)
			return strstr(value, "${secret:local/") != NULL;
	}
	return false;
}

/* A header that was given with its value; NULL: it is none. */
static const char *literal_header(const struct cli_value *value, char *name)
{
	if (strcmp(value->option->name, "header") != 0)
		return NULL;
	const char *rest = cut("header", value->text, ':', name, NULL);
	return rest && !setting_is_reference(rest) ? name : NULL;
}

void draft_warn(const struct cli *cli, const struct json *saved)
{
	char path[PATH_BYTES], name[PATH_BYTES];
	struct draft d = {.document = NULL};

	for (size_t i = 0; i < cli->value_count; i++) {
		const struct cli_value *value = &cli->values[i];
		if (strcmp(value->option->name, "env") == 0)
			d.env = value->text;
		if (!literal_header(value, name) || place(&d, HEADERS, path, NULL) < 0 ||
		    !was_sealed(value_at(saved, path), name))
			continue;
		fprintf(stderr,
		        "linkspan: the host has sealed the value of %s, but on the command line "
		        "other users could read it; next time: --secret headers.%s=FILE\n",
		        name, name);
	}
}
