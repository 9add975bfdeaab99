/* Literal secrets in definitions. */
#include "core/literal.h"
#include "base/err.h"
#include "base/mem.h"
int literals_lift(const struct conf_host *host, const struct plugins *plugins, const char *name,
                  struct json *definition, struct arena *a, struct literal **ret, size_t *ret_count,
                  struct err *e)
{
	(void)host;
	(void)plugins;
	(void)name;
	(void)definition;
	(void)a;
	(void)e;
	*ret = NULL;
	*ret_count = 0;
	return 0;
}
int literals_find(const struct plugins *plugins, const struct json *definition, struct arena *a,
                  const char *const **ret_paths, struct err *e)
{
	(void)plugins;
	(void)definition;
	(void)e;
	const char **p = arena_array(a, 1, sizeof(*p));
	*ret_paths = p;
	return p ? 0 : ERR_NO_MEMORY;
}
int literals_keep(const struct plugins *plugins, const struct json *present,
                  struct json *definition, struct err *e)
{
	(void)plugins;
	(void)present;
	(void)definition;
	(void)e;
	return 0;
}
