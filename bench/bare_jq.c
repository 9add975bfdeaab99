/* bare_jq SECONDS: the program and the input of `transform` in a loop of libjq alone: nothing can be quicker. */
#include <err.h>
#include <jq.h>
#include <stdlib.h>

#include "lib/jq_sample.h"
#include "lib/meter.h"

static bool run(jq_state *jq, const char *sample)
{
	jq_start(jq, jv_parse_sized(sample, SAMPLE_BYTES), 0);
	jv value = jq_next(jq);
	bool sound = jv_is_valid(value);
	jv text = jv_dump_string(value, 0);

	sound = sound && jv_string_length_bytes(text) > 0;
	value = jq_next(jq);
	sound = sound && !jv_is_valid(value);
	jv_free(value);
	return sound;
}

int main(int argc, char **argv)
{
	static char sample[SAMPLE_BYTES + 1];
	struct meter meter;

	if (argc != 2)
		errx(2, "usage: bare_jq SECONDS");
	jq_state *jq = jq_init();
	if (!jq || !jq_compile(jq, sample_program))
		errx(1, "no jq");
	sample_fill(sample);
	meter_start(&meter, strtod(argv[1], NULL));
	while (meter_count(&meter, run(jq, sample), false))
		;
	jq_teardown(&jq);
	return meter_print(&meter);
}
