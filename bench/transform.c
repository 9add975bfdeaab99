/*
 * transform WORKER IN-FLIGHT WORKERS SECONDS: runs of a small program on 512 bytes through the pool, so many
 * at once, by so many workers.
 */
#include <err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "lib/jq_sample.h"
#include "lib/meter.h"
#include "transform/transform.h"

enum { IN_FLIGHT_MOST = 1024 };

static struct meter meter;
static struct transforms *pool;
static char sample[SAMPLE_BYTES + 1];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static unsigned in_flight;

/* The pool's thread alone counts. */
static void run_again(struct transform *t)
{
	bool sound = t->result == TRANSFORM_OK && t->output_bytes > 0;

	mem_free(t->output);
	if (meter_count(&meter, sound, false)) {
		transform_post(pool, t);
		return;
	}
	pthread_mutex_lock(&lock);
	in_flight--;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
	static struct transform runs[IN_FLIGHT_MOST];
	struct err e = {0};

	if (argc != 5)
		errx(2, "usage: transform WORKER IN-FLIGHT WORKERS SECONDS");
	in_flight = (unsigned)strtoul(argv[2], NULL, 10);
	if (in_flight < 1 || in_flight > IN_FLIGHT_MOST)
		errx(2, "between 1 and %d runs in flight", IN_FLIGHT_MOST);
	const struct transforms_options options = {
		.worker = argv[1],
		.workers = (unsigned)strtoul(argv[3], NULL, 10),
		.deadline_ms = 60000,
	};
	if (transforms_create(&options, &pool, &e) < 0)
		errx(1, "%s", e.text);
	sample_fill(sample);
	meter_start(&meter, strtod(argv[4], NULL));
	for (unsigned i = 0, count = in_flight; i < count; i++) {
		runs[i] = (struct transform){
			.program = sample_program,
			.input = sample,
			.input_bytes = SAMPLE_BYTES,
			.done = run_again,
		};
		transform_post(pool, &runs[i]);
	}
	pthread_mutex_lock(&lock);
	while (in_flight > 0)
		pthread_cond_wait(&wake, &lock);
	pthread_mutex_unlock(&lock);
	transforms_destroy(pool);
	return meter_print(&meter);
}
