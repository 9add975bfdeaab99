/* Whether the host is ready. */
#pragma once

struct admin_configuration;
struct monitor_host;
struct store_stats;

/* Why it is not; NULL: it is. */
const char *unready(const struct admin_configuration *c, const struct monitor_host *host,
                    const struct store_stats *store);
