/* The table of routes. */
#include "admin/api.h"
#include "admin/filter.h"
#include "admin/route.h"
#include "base/banned.h"

#define API        "/api/v1"
#define CONNECTION API "/projects/{project}/connections/{name}"

const struct route routes[] = {
	{"POST", CONNECTION "/send", "send", "Sends a message through a connection.", api_send,
         api_send_rows, SEND_ROWS},
	{"GET", CONNECTION "/status", "connectionStatus", "How the links of a connection are.",
         api_link_status, api_link_rows, LINK_ROWS},
	{"POST", CONNECTION ":pause", "pauseConnection", "Holds back what is to be sent.",
         api_link_pause, api_link_rows, LINK_ROWS},
	{"POST", CONNECTION ":resume", "resumeConnection", "Lets a paused connection go on.",
         api_link_resume, api_link_rows, LINK_ROWS},
	{"GET", API "/deliveries", "listDeliveries", "Deliveries that fit a filter.",
         api_delivery_list, filter_rows, FILTER_ROWS},
	{"GET", API "/deliveries/{id}", "getDelivery",
         "One delivery with its payload and attempts.", api_delivery_get, api_delivery_rows,
         DELIVERY_ROWS},
	{"POST", API "/deliveries/{id}:retry", "retryDelivery",
         "Makes a delivery due now, or replays one that has ended.", api_delivery_retry, NULL, 0},
	{"POST", API "/deliveries/{id}:cancel", "cancelDelivery", "Ends a delivery that waits.",
         api_delivery_cancel, NULL, 0},
	{"POST", API "/deliveries:replay", "replayDeliveries",
         "Replays the deliveries that fit a filter and have ended.", api_delivery_replay,
         api_replay_rows, REPLAY_ROWS},
	{"GET", API "/status", "status", "How the host and its links are.", api_status, NULL, 0},
	{"GET", API "/events", "listEvents", "What has happened behind a number.", api_events,
         api_events_rows, EVENTS_ROWS},
	{"GET", "/healthz", "health", "Whether the process serves.", api_health, NULL, 0},
	{"GET", "/readyz", "ready", "Whether the store, the plugins and the definitions are good.",
         api_ready, NULL, 0},
	{"GET", "/metrics", "metrics", "What is counted, in the text format of Prometheus.",
         api_metrics, NULL, 0},
};

const size_t route_count = sizeof(routes) / sizeof(routes[0]);
