/* A shared object that is no plugin at all. */
#include <linkspan/connector.h>

LK_EXPORT int not_a_plugin(void);

LK_EXPORT int not_a_plugin(void)
{
	return 0;
}
