/* Any bytes as a program of jq: what the scanner lets pass cannot close a bracket that stands around it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "transform/worker/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char before[] = "[\"\\((", behind[] = "\n))\"]";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct program_fault fault = {0};
	size_t all = sizeof(before) - 1 + bytes + sizeof(behind) - 1;

	if (!program_scan((const char *)data, bytes, &fault)) {
		if (fault.line == 0 || !memchr(fault.text, '\0', sizeof(fault.text)))
			abort();
		return 0;
	}
	char *wrapped = malloc(all);
	if (!wrapped)
		return 0;
	memcpy(wrapped, before, sizeof(before) - 1);
	memcpy(wrapped + sizeof(before) - 1, data, bytes);
	memcpy(wrapped + sizeof(before) - 1 + bytes, behind, sizeof(behind) - 1);
	bool passes = program_scan(wrapped, all, &fault);
	/* Three brackets more may be too many. */
	if (!passes && strcmp(fault.text, "brackets are nested too deep") != 0)
		abort();
	free(wrapped);
	return 0;
}
