/* lane_send CONF CONNECTION IN-FLIGHT SECONDS: what sending through a lane and its plugin costs. */
#include <linkspan/connector.h>
#include <pthread.h>
#include <string.h>

#include "core/message.h"
#include "lib/meter.h"
#include "lib/site.h"
#include "plug/hostapi.h"

enum { BODY_BYTES = 512 };

struct run {
	struct site site;
	struct meter meter;
	struct send_call call;
	unsigned under_way;   /* on the lane's thread, once it has begun */
	pthread_mutex_t lock; /* guards over */
	pthread_cond_t wake;
	bool over;
};

static void on_answer(void *arg, const struct send_answer *answer);

static void post(struct run *run)
{
	struct err e = {0};

	if (host_send(run->site.host, &run->call, on_answer, run, &e) < 0)
		errx(1, "%s", e.text);
}

static void finish(struct run *run)
{
	pthread_mutex_lock(&run->lock);
	run->over = true;
	pthread_cond_signal(&run->wake);
	pthread_mutex_unlock(&run->lock);
}

static void on_answer(void *arg, const struct send_answer *answer)
{
	struct run *run = arg;
	const struct outcome *o = answer->outcome;
	bool resumed = o->reply_bytes > 0 && *(const char *)o->reply == 'r';

	if (o->result != LK_DONE && run->meter.failures == 0)
		warnx("%s: %s", o->reason, o->detail ? o->detail : "");
	bool again = meter_count(&run->meter, o->result == LK_DONE, resumed);
	outcome_destroy(answer->outcome);
	if (again)
		post(run);
	else if (--run->under_way == 0)
		finish(run);
}

static struct message *make_message(void)
{
	char body[BODY_BYTES];
	struct message_parts parts = {
		.body = body,
		.body_bytes = sizeof(body),
		.content_type = NULL,
	};
	struct message *m = NULL;

	memset(body, 'x', sizeof(body));
	body[0] = body[sizeof(body) - 1] = '"';
	if (message_create(&parts, &m, NULL) < 0)
		errx(1, "out of memory");
	return m;
}

int main(int argc, char **argv)
{
	static struct run run = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER,
	};

	if (argc != 5)
		errx(2, "usage: lane_send CONF CONNECTION IN-FLIGHT SECONDS");
	site_start(&run.site, argv[1]);
	site_open(&run.site, argv[2]);
	run.call = (struct send_call){
		.connection = argv[2],
		.environment = SITE_ENVIRONMENT,
		.kind = LK_OP_SEND,
		.message = make_message(),
	};
	unsigned in_flight = (unsigned)strtoul(argv[3], NULL, 10);
	run.under_way = in_flight;
	meter_start(&run.meter, strtod(argv[4], NULL));
	for (unsigned i = 0; i < in_flight; i++)
		post(&run);

	pthread_mutex_lock(&run.lock);
	while (!run.over)
		pthread_cond_wait(&run.wake, &run.lock);
	pthread_mutex_unlock(&run.lock);
	message_unref(run.call.message);
	site_stop(&run.site);
	return meter_print(&run.meter);
}
