/* Which context holds for an invocation. */
#include "linkspan/context.h"

#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"

static const char *environment(const char *name)
{
	const char *text = getenv(name);

	return text && text[0] ? text : NULL;
}

static bool says_where(const struct cli *cli)
{
	return cli_given(cli, "config") || cli_given(cli, "url");
}

/* The name that was asked for, NULL: none; *ret_current: it is to be the current one. */
static const char *wanted(const struct cli *cli, bool *ret_current)
{
	const char *name = cli_given(cli, "context");

	*ret_current = false;
	if (name || says_where(cli))
		return name && name[0] ? name : NULL;
	name = environment("LINKSPAN_CONTEXT");
	*ret_current = !name && !environment("LINKSPAN_CONFIG");
	return name;
}

static int check_file(const struct context *context, size_t field, struct err *e)
{
	const char *path = context->fields[field];

	if (!path || access(path, R_OK) == 0)
		return 0;
	return err_set_errno(e, ERR_NOT_FOUND,
	                     "the context \"%s\" names a file that cannot be read (change it with: "
	                     "linkspan context set %s --%s FILE): %s",
	                     context->name, context->name, context_rows[field].option, path);
}

static void lay_under(struct context_use *u, const struct context *context, struct cli *cli)
{
	size_t first = says_where(cli) ? CONTEXT_PROJECT : 0;

	for (size_t i = first; i < CONTEXT_FIELDS; i++)
		if (context->fields[i])
			u->defaults[cli->default_count++] =
				(struct cli_default){context_rows[i].option, context->fields[i]};
	cli->defaults = u->defaults;
	u->name = context->name;
}

int context_apply(struct context_use *u, struct cli *cli, struct err *e)
{
	bool current;
	const char *name = wanted(cli, &current);
	struct err why = {0};

	*u = (struct context_use){0};
	contexts_init(&u->contexts);
	if (!name && !current)
		return 0;
	int rc = contexts_load(&u->contexts, &why);
	/* Where there is no home there is no current context. */
	if (rc < 0)
		return current && !u->contexts.file && rc != ERR_NO_MEMORY
		               ? 0
		               : err_set(e, rc, "%s", why.text);
	if (current)
		name = u->contexts.current;
	if (!name)
		return 0;
	const struct context *context = contexts_find(&u->contexts, name);
	if (!context)
		return contexts_unknown(&u->contexts, name, e);
	for (size_t i = 0; i < CONTEXT_FIELDS && rc == 0 && !says_where(cli); i++)
		if (context_rows[i].kind == CONTEXT_PATH && i != CONTEXT_SOCKET)
			rc = check_file(context, i, e);
	if (rc == 0)
		lay_under(u, context, cli);
	return rc;
}

void context_finish(struct context_use *u)
{
	contexts_finish(&u->contexts);
}
