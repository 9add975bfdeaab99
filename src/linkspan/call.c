/* The message of one call, from the options of a command. */
#include "linkspan/call.h"

#include <errno.h>
#include <linkspan/connector.h>
#include <stdio.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/message.h"
#include "linkspan/command.h"

struct call {
	struct arena arena;
	struct buf body;
	const char **attrs;
	size_t attr_count, attr_cap; /* in pairs */
	const char *content_type;
};

static int add_attr(struct call *c, const char *prefix, const char *key, size_t key_bytes,
                    const char *value, struct err *e)
{
	if (c->attr_count == c->attr_cap) {
		size_t cap = c->attr_cap ? 2 * c->attr_cap : 16;
		const char **bigger = mem_resize(c->attrs, 2 * cap, sizeof(*bigger));
		if (!bigger)
			return err_no_memory(e);
		c->attrs = bigger;
		c->attr_cap = cap;
	}
	char *name = arena_printf(&c->arena, "%s%.*s", prefix, (int)key_bytes, key);
	if (!name)
		return err_no_memory(e);
	c->attrs[2 * c->attr_count] = name;
	c->attrs[2 * c->attr_count + 1] = value;
	c->attr_count++;
	return 0;
}

/* Each value of the option, cut at the separator. */
static int add_attrs(struct call *c, const struct cli *cli, const char *option, char separator,
                     const char *prefix, struct err *e)
{
	const char *text;

	for (size_t i = 0; (text = cli_option_at(cli, option, i)); i++) {
		const char *cut = strchr(text, separator);
		if (!cut || cut == text)
			return err_set(e, ERR_USAGE, "--%s \"%s\": NAME%cVALUE is needed", option,
			               text, separator);
		const char *value = cut + 1;
		if (separator == ':')
			value += strspn(value, " \t");
		if (separator == ':' && (size_t)(cut - text) == strlen("Content-Type") &&
		    strncasecmp(text, "Content-Type", (size_t)(cut - text)) == 0) {
			c->content_type = value;
			continue;
		}
		int rc = add_attr(c, prefix, text, (size_t)(cut - text), value, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_body(struct buf *body, const char *name, struct err *e)
{
	char piece[16384];
	bool standard = strcmp(name, "-") == 0;
	FILE *file = standard ? stdin : fopen(name, "re");
	size_t count;

	if (!file)
		return err_set_errno(e, ERR_NOT_FOUND, "--data @%s", name);
	while ((count = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(body, piece, count);
	int rc = ferror(file) ? err_set_errno(e, ERR_IO, "--data @%s", name) : 0;
	if (!standard)
		fclose(file);
	if (rc == 0 && buf_failed(body) == BUF_TOO_LONG)
		rc = err_set(e, ERR_USAGE, "--data @%s: more than %u bytes", name, LK_BODY_MAX);
	return rc < 0 ? rc : buf_failed(body) ? err_no_memory(e) : 0;
}

static int read_data(struct call *c, const struct cli *cli, struct err *e)
{
	const char *data = cli_option(cli, "data");

	if (!data)
		return 0;
	if (data[0] == '@')
		return read_body(&c->body, data + 1, e);
	buf_add_str(&c->body, data);
	return buf_failed(&c->body) ? err_no_memory(e) : 0;
}

int call_message(const struct cli *cli, struct message **ret, struct err *e)
{
	struct call c = {0};

	arena_init(&c.arena);
	buf_init(&c.body, LK_BODY_MAX);
	int rc = read_data(&c, cli, e);
	if (rc == 0)
		rc = add_attrs(&c, cli, "header", ':', "header.", e);
	if (rc == 0)
		rc = add_attrs(&c, cli, "uri", '=', "uri.", e);
	if (rc == 0) {
		const char *type = cli_option(cli, "content-type");
		struct message_parts parts = {
			.body = cli_has(cli, "data") ? buf_str(&c.body) : NULL,
			.body_bytes = c.body.len_bytes,
			.content_type = type ? type : c.content_type,
			.attrs = c.attrs,
			.attr_count = (uint32_t)c.attr_count,
		};
		rc = message_create(&parts, ret, e);
	}
	mem_free(c.attrs);
	buf_finish(&c.body);
	arena_finish(&c.arena);
	return rc;
}
