/* Limits of the process. */
#include "base/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/banned.h"

void process_forbid_core_files(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* the leak check traces its own process */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

unsigned long process_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}
