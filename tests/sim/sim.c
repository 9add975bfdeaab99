/* One random world: sim [--seed N] [--hours H] [--trace], to look at what a test has found. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "plan.h"
#include "world.h"

static int usage(void)
{
	fputs("usage: sim [--seed N] [--hours H] [--trace]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"hours", required_argument, NULL, 'h'},
		{"trace", no_argument, NULL, 't'},
		{0},
	};
	uint64_t seed = 1;
	int64_t hours = 100;
	bool trace = false;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 's')
			seed = strtoull(optarg, NULL, 10);
		else if (option == 'h')
			hours = strtoll(optarg, NULL, 10);
		else if (option == 't')
			trace = true;
		else
			return usage();
	}
	log_configure(trace ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, 2);
	world_begin(seed);
	world->history.live = trace;
	int rc = world_run(plan_draw(hours));
	world_print_counts();
	world_end();
	return rc;
}
