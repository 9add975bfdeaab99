/* A plugin that says it is smaller than ABI 1.0 has it; nothing else of it is valid. */
#include "common.h"

static const struct lk_plugin plugin = {.size = 16, .id = (const char *)1};

LK_EXPORT const struct lk_plugin *lk_plugin_v1(void)
{
	return &plugin;
}
