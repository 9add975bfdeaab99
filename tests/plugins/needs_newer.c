/* A plugin that cannot live with this host; what its members mean, only a newer one knows. */
#include "common.h"

static const struct lk_plugin plugin = {
	.size = sizeof(plugin) + 64,
	.abi_minor = 7,
	.need_minor = 7,
	.id = (const char *)1,
};

LK_EXPORT const struct lk_plugin *lk_plugin_v1(void)
{
	return &plugin;
}
