/* idle CONF COUNT: what links cost that are open and have sent nothing, in memory and descriptors.
 * Connections are called L0, L1, … */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/site.h"

static long resident_bytes(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*d %ld", &pages) != 1)
		err(1, "/proc/self/statm");
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -1; /* the folder's own */

	if (!folder)
		err(1, "/proc/self/fd");
	for (struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	struct site site;
	char name[32];

	if (argc != 3)
		errx(2, "usage: idle CONF COUNT");
	long count = strtol(argv[2], NULL, 10);
	site_start(&site, argv[1]);
	site_open(&site, "L0"); /* pays for what all of them share */
	malloc_trim(0);
	long before = resident_bytes();
	int open_before = descriptors();

	for (long i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "L%ld", i);
		site_open(&site, name);
	}
	printf("links=%ld bytes_per_link=%ld descriptors=%d\n", count,
	       (resident_bytes() - before) / count, descriptors() - open_before);
	site_stop(&site);
	return 0;
}
