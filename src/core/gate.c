/* A gate: a condition, or the turns of a manual host. */
#include "core/gate.h"

#include "base/banned.h"
#include "core/host_impl.h"

void gate_init(struct gate *g, struct host *host)
{
	*g = (struct gate){
		.host = host,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER,
	};
}

void gate_open(void *gate)
{
	struct gate *g = gate;

	pthread_mutex_lock(&g->lock);
	g->open = true;
	pthread_cond_signal(&g->wake);
	pthread_mutex_unlock(&g->lock);
}

static bool is_open(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	bool open = g->open;
	pthread_mutex_unlock(&g->lock);
	return open;
}

void gate_wait(struct gate *g)
{
	while (g->host->manual && !is_open(g))
		host_idle(g->host);
	pthread_mutex_lock(&g->lock);
	while (!g->open)
		pthread_cond_wait(&g->wake, &g->lock);
	pthread_mutex_unlock(&g->lock);
	pthread_cond_destroy(&g->wake);
	pthread_mutex_destroy(&g->lock);
}
