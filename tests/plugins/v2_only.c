/* A plugin of a later major version of the ABI. */
#include <linkspan/connector.h>

LK_EXPORT const void *lk_plugin_v2(void);

LK_EXPORT const void *lk_plugin_v2(void)
{
	return NULL;
}
