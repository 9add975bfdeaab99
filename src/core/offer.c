/* What the host offers to plugins: the one struct lk_host of the process. */
#include <linkspan/connector.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/link.h"
#include "core/network.h"
#include "core/op.h"
#include "core/queue.h"
#include "json/json.h"

static _Atomic(const struct clock *) face_clock = &clock_system;

static int64_t face_mono_ms(void)
{
	return atomic_load_explicit(&face_clock, memory_order_relaxed)->mono_ms();
}

static int64_t face_unix_ms(void)
{
	return atomic_load_explicit(&face_clock, memory_order_relaxed)->unix_ms();
}

static const char *connection_of(const struct lk_link *link)
{
	return link ? link->deployment->settings.connection : NULL;
}

static const char *environment_of(const struct lk_link *link)
{
	return link ? link->deployment->settings.environment : NULL;
}

static void face_log(struct lk_link *link, int level, const char *message)
{
	static const enum log_level levels[] = {
		[LK_LOG_ERROR] = LOG_LEVEL_ERROR,
		[LK_LOG_WARNING] = LOG_LEVEL_WARNING,
		[LK_LOG_INFO] = LOG_LEVEL_INFO,
		[LK_LOG_DEBUG] = LOG_LEVEL_DEBUG,
	};
	bool known = level >= 0 && (size_t)level < sizeof(levels) / sizeof(levels[0]);

	log_event(known ? levels[level] : LOG_LEVEL_ERROR, message, "connection",
	          connection_of(link), "environment", environment_of(link), NULL);
}

static int face_secret(struct lk_link *link, uint32_t secret, char *buf, size_t cap,
                       uint64_t *ret_version)
{
	return link_secrets_copy(&link->secrets, secret, buf, cap, ret_version);
}

static int face_permit(struct lk_link *link, const struct sockaddr *address,
                       socklen_t address_bytes)
{
	int rc = network_permit(&link->deployment->network, address, address_bytes);

	return rc < 0 ? LK_EDENIED : 0;
}

static void face_count(struct lk_link *link, const char *metric, uint64_t add)
{
	if (link)
		meter_count(&link->lane->host->meters, &link->queue->measure, metric, add);
}

static void face_observe(struct lk_link *link, const char *metric, double seconds)
{
	if (link)
		meter_observe(&link->lane->host->meters, &link->queue->measure, metric, seconds);
}

static int text_is_json(const void *text, size_t bytes)
{
	return json_valid(text, bytes);
}

static const struct lk_ext_json json_extension = {
	.size = sizeof(json_extension),
	.valid = text_is_json,
};

static const struct extension_row {
	const char *id;
	const void *table;
} extensions[] = {
	{LK_EXT_RESOLVE, &lookup_extension},
	{LK_EXT_JSON, &json_extension},
};

static const void *face_extension(const char *id)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (strcmp(extensions[i].id, id) == 0)
			return extensions[i].table;
	return NULL;
}

static const struct lk_host face = {
	.size = sizeof(face),
	.abi_minor = LK_ABI_MINOR,
	.complete = op_complete,
	.log = face_log,
	.mono_ms = face_mono_ms,
	.unix_ms = face_unix_ms,
	.secret = face_secret,
	.permit = face_permit,
	.count = face_count,
	.observe = face_observe,
	.extension = face_extension,
};

const struct lk_host *host_face(void)
{
	return &face;
}

void host_face_clock(const struct clock *clock)
{
	atomic_store(&face_clock, clock);
}
