/* The table of routes. */
#include "admin/api.h"
#include "admin/filter.h"
#include "admin/route.h"
#include "base/banned.h"

#define API        "/api/v1"
#define CONNECTION API "/projects/{project}/connections/{name}"

const struct route routes[] = {
	{"POST", CONNECTION "/send", "send", ACTION_SEND, SCOPE_PROJECT,
         "Sends a message through a connection.", api_send, api_send_rows, SEND_ROWS},
	{"GET", CONNECTION "/status", "connectionStatus", ACTION_READ, SCOPE_PROJECT,
         "How the links of a connection are.", api_link_status, api_link_rows, LINK_ROWS},
	{"POST", CONNECTION ":pause", "pauseConnection", ACTION_OPERATE, SCOPE_PROJECT,
         "Holds back what is to be sent.", api_link_pause, api_hold_rows, HOLD_ROWS},
	{"POST", CONNECTION ":resume", "resumeConnection", ACTION_OPERATE, SCOPE_PROJECT,
         "Lets a paused connection go on.", api_link_resume, api_hold_rows, HOLD_ROWS},
	{"GET", CONNECTION "/export", "exportConnection", ACTION_READ, SCOPE_PROJECT,
         "A bundle of one connection.", api_connection_export, api_export_rows, EXPORT_ROWS, true},
	{"POST", API "/exports", "exportConnections", ACTION_READ, SCOPE_SOMEWHERE,
         "A bundle of several connections, or a sealed one.", api_export, NULL, 0, true},
	{"POST", API_IMPORTS, "importConnections", ACTION_EDIT, SCOPE_SOMEWHERE,
         "Takes a bundle in, whole or not at all.", api_import, api_import_rows, IMPORT_ROWS, true},
	{"GET", API "/deliveries", "listDeliveries", ACTION_READ, SCOPE_SOMEWHERE,
         "Deliveries that fit a filter.", api_delivery_list, filter_rows, FILTER_ROWS},
	{"GET", API "/deliveries/{id}", "getDelivery", ACTION_READ, SCOPE_DELIVERY,
         "One delivery with its payload and attempts.", api_delivery_get, api_delivery_rows,
         DELIVERY_ROWS},
	{"POST", API "/deliveries/{id}:retry", "retryDelivery", ACTION_OPERATE, SCOPE_DELIVERY,
         "Makes a delivery due now, or replays one that has ended.", api_delivery_retry,
         api_alter_rows, ALTER_ROWS},
	{"POST", API "/deliveries/{id}:cancel", "cancelDelivery", ACTION_OPERATE, SCOPE_DELIVERY,
         "Ends a delivery that waits.", api_delivery_cancel, api_alter_rows, ALTER_ROWS},
	{"POST", API "/deliveries:replay", "replayDeliveries", ACTION_OPERATE, SCOPE_SOMEWHERE,
         "Replays the deliveries that fit a filter and have ended.", api_delivery_replay,
         api_replay_rows, REPLAY_ROWS},
	{"GET", API "/status", "status", ACTION_READ, SCOPE_SOMEWHERE,
         "How the host and its links are.", api_status, NULL, 0},
	{"GET", API "/events", "listEvents", ACTION_READ, SCOPE_SOMEWHERE,
         "What has happened behind a number.", api_events, api_events_rows, EVENTS_ROWS},
	{"GET", API "/tokens", "listTokens", ACTION_ADMINISTER, SCOPE_HOST,
         "The tokens that were made, without what they are.", api_token_list, NULL, 0},
	{"POST", API "/tokens", "createToken", ACTION_ADMINISTER, SCOPE_HOST,
         "Makes a token, and shows it this once.", api_token_create, api_token_rows, TOKEN_ROWS},
	{"DELETE", API "/tokens/{id}", "revokeToken", ACTION_ADMINISTER, SCOPE_HOST,
         "Ends a token at once, with the sessions that it began.", api_token_revoke, api_token_rows,
         TOKEN_ROWS},
	{"GET", API "/audit", "listAudit", ACTION_ADMINISTER, SCOPE_HOST,
         "Who did what, the newest first.", api_audit_list, api_audit_rows, AUDIT_ROWS},
	{"GET", API "/audit/verify", "verifyAudit", ACTION_ADMINISTER, SCOPE_HOST,
         "Whether the audit trail is whole and as it was written.", api_audit_verify, NULL, 0},
	{"GET", API "/session", "getSession", ACTION_NOTHING, SCOPE_SELF, "Who asks.",
         api_session_get, NULL, 0},
	{"POST", API "/session", "signIn", ACTION_NOTHING, SCOPE_PUBLIC,
         "Begins a session with a token, and sets its cookie.", api_session_begin, NULL, 0},
	{"DELETE", API "/session", "signOut", ACTION_NOTHING, SCOPE_SELF,
         "Ends the session of the cookie.", api_session_end, NULL, 0},
	{"GET", API "/openapi.json", "openapi", ACTION_NOTHING, SCOPE_SELF,
         "This API as an OpenAPI document.", api_openapi, NULL, 0},
	{"GET", "/healthz", "health", ACTION_NOTHING, SCOPE_PUBLIC, "Whether the process serves.",
         api_health, NULL, 0},
	{"GET", "/readyz", "ready", ACTION_NOTHING, SCOPE_PUBLIC,
         "Whether the store, the plugins and the definitions are good.", api_ready, NULL, 0},
	{"GET", "/metrics", "metrics", ACTION_READ, SCOPE_HOST,
         "What is counted, in the text format of Prometheus.", api_metrics, NULL, 0},
};

const size_t route_count = sizeof(routes) / sizeof(routes[0]);
