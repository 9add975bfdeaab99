/* What the documentation says of each route. */
#include <string.h>

#include "admin/api.h"
#include "admin/filter.h"
#include "admin/openapi_impl.h"
#include "base/banned.h"

#define JSON   "application/json"
#define TEXT   "text/plain"
#define STREAM "text/event-stream"
#define ZIP    "application/zip"

const struct doc_tag doc_tags[] = {
	{"messages", "Sending messages through connections."},
	{"deliveries", "What became of the messages that were accepted."},
	{"connections", "Connections as they are saved, how they are, and holding them back."},
	{"definitions", "What connections are to be, and what is deployed of that."},
	{"events", "What happens, the moment it does."},
	{"access", "Tokens, sessions, and the audit trail."},
	{"secrets", "Secrets that the host keeps itself."},
	{"host", "The host itself."},
};
const size_t doc_tag_count = sizeof(doc_tags) / sizeof(doc_tags[0]);

static const struct doc_header send_headers[] = {
	{"Linkspan-Ordering-Key",
         "Messages of one key are delivered one after the other, where the connection says "
         "`ordering = \"key\"`.",
         256},
	{"Idempotency-Key",
         "Within 24 hours the same key with the same message gives the first id again; with another "
         "message it is refused.",
         256},
	{"traceparent", "W3C Trace Context; kept with the message.", 512},
};

static const struct doc_header event_headers[] = {
	{"Last-Event-ID", "Of a stream: the id of the last event that is known.", 48},
};

static const struct doc_header match_headers[] = {
	{"If-Match", "The revision that is edited, as ETag had it; `*`: whatever is there.", 72},
};

static const struct doc_header document_headers[] = {
	{"If-None-Match", "The ETag of a document that is known.", 256},
};

static const struct doc_header bundle_headers[] = {
	{"Linkspan-Passphrase", "Of a sealed bundle, percent-encoded.", 3072},
};

#define HEADERS(rows)           .headers = (rows), .header_count = sizeof(rows) / sizeof((rows)[0])
#define BODY(rows, count, text) .body = (rows), .body_count = (count), .body_help = (text)

/* Of deploying and of going back. */
#define DEPLOY_CODES                                                                               \
	"no_such_connection", "protected", "secret_origin", "not_served", "not_in_environment",    \
		"invalid_definition", "invalid_json"

const struct doc_route doc_routes[] = {
	{
		.name = "send",
		.tag = "messages",
		.help = "The body is the message, byte for byte, of any content type. Headers named "
			"`Linkspan-Header-NAME` are headers of the call. A CloudEvent is taken in binary "
			"mode (`ce-*` headers) and in structured mode (`application/cloudevents+json`): its "
			"attributes are kept with the message. So is what a payload of Alertmanager says "
			"of itself. With `framing=ndjson` each line of the body is a message.",
		HEADERS(send_headers),
		.body_help = "The message.",
		.flags = DOC_ROUTE_ANY_BODY,
		.answers = {{202, JSON, "Accepted", "Durable: the message is on stable storage."},
                            {200, JSON, "Sent",
                             "Direct: an attempt was made, whatever came back. With "
                             "`framing=ndjson`: what became of each line."}},
		.codes = {"no_such_connection", "not_in_environment", "not_served", "not_deployed",
                          "disabled", "paused", "idempotency_conflict", "queue_full", "state_full",
                          "rate_limited", "disk_full", "store", "breaker_open",
                          "unsupported_media_type", "too_many_messages"},
	},
	{
		.name = "testConnection",
		.tag = "connections",
		.help = "What is tested goes out as a message would, with the secrets of the host, on a "
			"connection of its own. A test that fails is an answer like any other: `ok` is false.",
		BODY(api_test_wish_rows, TEST_WISH_ROWS, "Where, and what."),
		.answers = {{200, JSON, "Test", "What came of it."}},
		.codes = {"not_found", "invalid_definition", "secret_origin", "not_served",
                          "stopping"},
	},
	{
		.name = "testDraft",
		.tag = "connections",
		.help = "As `testConnection`, of a definition that has no saved one.",
		BODY(api_test_wish_rows, TEST_WISH_ROWS, "Where, and what."),
		.answers = {{200, JSON, "Test", "What came of it."}},
		.codes = {"not_found", "invalid_definition", "secret_origin", "not_served",
                          "stopping"},
	},
	{
		.name = "listConnections",
		.tag = "connections",
		.help = "Of that project alone; `-` stands for all projects that may be seen.",
		.answers = {{200, JSON, "Connections", "A page."}},
		.codes = {"no_catalogue"},
	},
	{
		.name = "createConnection",
		.tag = "connections",
		.help = "Nothing runs yet, unless an environment has `auto_deploy`. Literal secrets are "
			"sealed, and references put in their place.",
		.body_schema = "Definition",
		.body_help = "The definition. Members that only documents have are ignored.",
		.answers = {{201, JSON, "SavedConnection", "It is saved; Location says where."},
                            {200, JSON, "Edit", "With `dry_run`: what would be done."}},
		.codes = {"no_catalogue", "name_taken", "invalid_definition", "invalid_name",
                          "invalid", "invalid_json"},
	},
	{
		.name = "getConnection",
		.tag = "connections",
		.answers = {{200, JSON, "Connection", "The connection; its revision is the ETag."}},
		.codes = {"not_found", "no_catalogue"},
	},
	{
		.name = "replaceConnection",
		.tag = "connections",
		.help = "Another name in the body renames. Members that only documents have are ignored.",
		HEADERS(match_headers),
		.body_schema = "Definition",
		.body_help = "The definition. A secret that is absent is kept, null clears it",
		.answers =
			{{200, JSON, "Changed",
                          "The connection as it is now, or, with `dry_run`, what would be done."}},
		.codes = {"not_found", "no_catalogue", "name_taken", "invalid_definition",
                          "invalid_name", "invalid", "invalid_json", "stale", "if_match_needed",
                          "comments_lost", "in_use", "loses_sight"},
	},
	{
		.name = "patchConnection",
		.tag = "connections",
		.help = "A merge patch (RFC 7396), as `application/merge-patch+json` or `application/json`.",
		HEADERS(match_headers),
		.body_schema = "Definition",
		.body_type = "application/merge-patch+json",
		.body_help = "Members that change; null removes one",
		.answers =
			{{200, JSON, "Changed",
                          "The connection as it is now, or, with `dry_run`, what would be done."}},
		.codes = {"not_found", "no_catalogue", "name_taken", "invalid_definition",
                          "invalid_name", "invalid", "invalid_json", "stale", "if_match_needed",
                          "comments_lost", "in_use", "loses_sight", "unsupported_media_type"},
	},
	{
		.name = "deleteConnection",
		.tag = "connections",
		.help = "It is undeployed everywhere. What was delivered through it stays in the lists.",
		HEADERS(match_headers),
		.answers = {{204, NULL, NULL, "It is deleted."},
                            {200, JSON, "Edit", "With `dry_run`: what would be done."}},
		.codes = {"not_found", "no_catalogue", "stale", "if_match_needed", "in_use"},
	},
	{
		.name = "enableConnection",
		.tag = "connections",
		.help = "At once, without a deployment.",
		HEADERS(match_headers),
		BODY(api_confirm_rows, CONFIRM_ROWS,
                     "For a protected environment; it may be left out."),
		.answers =
			{{200, JSON, "Changed",
                          "The connection as it is now, or, with `dry_run`, what would be done."}},
		.codes = {"not_found", "no_catalogue", "not_deployed", "protected", "stale",
                          "comments_lost", "invalid_definition", "invalid_json"},
	},
	{
		.name = "disableConnection",
		.tag = "connections",
		.help = "At once, without a deployment.",
		HEADERS(match_headers),
		BODY(api_confirm_rows, CONFIRM_ROWS,
                     "For a protected environment; it may be left out."),
		.answers =
			{{200, JSON, "Changed",
                          "The connection as it is now, or, with `dry_run`, what would be done."}},
		.codes = {"not_found", "no_catalogue", "not_deployed", "protected", "stale",
                          "comments_lost", "invalid_definition", "invalid_json"},
	},
	{
		.name = "renameConnection",
		.tag = "connections",
		.help = "Its queue, its deployments and its uid stay.",
		HEADERS(match_headers),
		BODY(api_rename_rows, RENAME_ROWS, "The name."),
		.answers =
			{{200, JSON, "Changed",
                          "The connection as it is now, or, with `dry_run`, what would be done."}},
		.codes = {"not_found", "no_catalogue", "name_taken", "invalid_name",
                          "invalid_definition", "invalid_json", "stale", "comments_lost", "in_use",
                          "loses_sight"},
	},
	{
		.name = "moveConnection",
		.tag = "connections",
		.help = "Editing must be allowed in both projects. Its queue, its deployments and its uid stay.",
		HEADERS(match_headers),
		BODY(api_move_rows, MOVE_ROWS, "The project; the name may be left out."),
		.answers =
			{{200, JSON, "Changed",
                          "The connection as it is now, or, with `dry_run`, what would be done."}},
		.codes = {"not_found", "no_catalogue", "name_taken", "invalid_name",
                          "invalid_definition", "invalid_json", "stale", "comments_lost", "in_use",
                          "loses_sight"},
	},
	{
		.name = "duplicateConnection",
		.tag = "connections",
		.help = "Editing must be allowed in both projects. Nothing of it runs yet, unless an environment has `auto_deploy`.",
		HEADERS(match_headers),
		BODY(api_duplicate_rows, DUPLICATE_ROWS, "The name; the project may be left out."),
		.answers = {{201, JSON, "SavedConnection", "It is saved; Location says where."},
                            {200, JSON, "Edit", "With `dry_run`: what would be done."}},
		.codes = {"not_found", "no_catalogue", "name_taken", "invalid_definition",
                          "invalid_name", "invalid", "invalid_json", "stale"},
	},
	{
		.name = "connectionUsage",
		.tag = "connections",
		.answers = {{200, JSON, "Users", "What names it."}},
		.codes = {"not_found", "no_catalogue"},
	},
	{
		.name = "connectionStatus",
		.tag = "connections",
		.help = "One item for each environment where it runs or could run, with what stands in the way "
			"of a message that is sent now. Also for a connection that was only saved.",
		.answers = {{200, JSON, "CheckedLinks", "Its links, one for each environment."}},
		.codes = {"no_such_connection", "not_deployed"},
	},
	{
		.name = "pauseConnection",
		.tag = "connections",
		.help = "What is stored is held back, direct calls are refused.",
		BODY(api_pause_rows, PAUSE_ROWS, "Why; it may be left out."),
		.answers = {{200, JSON, "CheckedLinks", "Its links as they are now."}},
		.codes = {"no_such_connection", "not_deployed", "invalid_json"},
	},
	{
		.name = "resumeConnection",
		.tag = "connections",
		.answers = {{200, JSON, "CheckedLinks", "Its links as they are now."}},
		.codes = {"no_such_connection", "not_deployed"},
	},
	{
		.name = "deployConnection",
		.tag = "definitions",
		.help = "Everything is looked at first: parameters, secrets, certificates. A deployment like "
			"the present one changes nothing. A secret that would go to an origin where it has "
			"never gone needs `confirm_secrets`; a protected environment needs its name in "
			"`confirm`.",
		BODY(api_deploy_wish_rows, FORWARD_WISH_ROWS, "Where."),
		.answers = {{200, JSON, "Deployed",
                             "What runs now, and what is different from before."}},
		.codes = {DEPLOY_CODES},
	},
	{
		.name = "undeployConnection",
		.tag = "definitions",
		.help = "Messages that wait are kept until it is deployed again.",
		BODY(api_deploy_wish_rows, UNDEPLOY_WISH_ROWS, "Where."),
		.answers = {{200, JSON, "Undeployed", "What has ended."}},
		.codes = {"no_such_connection", "not_deployed", "protected", "invalid_json"},
	},
	{
		.name = "rollbackConnection",
		.tag = "definitions",
		.help = "It becomes a new deployment, with a number of its own, like the one that is named.",
		BODY(api_deploy_wish_rows, DEPLOY_WISH_ROWS, "Where, and to what."),
		.answers = {{200, JSON, "Deployed",
                             "What runs now, and what is different from before."}},
		.codes = {"not_found", DEPLOY_CODES},
	},
	{
		.name = "listRevisions",
		.tag = "definitions",
		.answers = {{200, JSON, "Revisions", "A page, by environment, the newest first."}},
		.codes = {"no_such_connection"},
	},
	{
		.name = "getRevision",
		.tag = "definitions",
		.answers = {{200, JSON, "WholeRevision", "The deployment."}},
		.codes = {"no_such_connection", "not_found"},
	},
	{
		.name = "diffConnection",
		.tag = "definitions",
		.answers = {{200, JSON, "Difference", "What is saved, compared with what runs."}},
		.codes = {"no_such_connection", "not_found"},
	},
	{
		.name = "applyDefinitions",
		.tag = "definitions",
		.help = "What is the same is left alone. With `prune` what no item names is deleted; with "
			"`deploy` what is saved is deployed where it differs from what runs. Saving happens "
			"as a whole; what could not be deployed stands in `held`.",
		BODY(api_apply_wish_rows, APPLY_WISH_ROWS, "What there is to be."),
		.answers = {{200, JSON, "Applied",
                             "What became of each; with `dry_run`, what would."}},
		.codes = {"invalid_json", "invalid_definition", "invalid_name", "name_taken",
                          "stale", "comments_lost", "in_use", "not_served"},
	},
	{
		.name = "getName",
		.tag = "definitions",
		.answers = {{200, JSON, "Name", "Whether it is free, and why not."}},
	},
	{
		.name = "listEnvironments",
		.tag = "definitions",
		.answers = {{200, JSON, "Environments",
                             "The environments, and what projects lay over them."}},
	},
	{
		.name = "listConnectionTypes",
		.tag = "definitions",
		.answers = {{200, JSON, "ConnectionTypes",
                             "One for each type that a plugin offers."}},
	},
	{
		.name = "listHeaderNames",
		.tag = "definitions",
		.answers = {{200, JSON, "HeaderNames", "The names."}},
	},
	{
		.name = "listDeliveries",
		.tag = "deliveries",
		.answers = {{200, JSON, "Deliveries", "A page, the newest first."}},
	},
	{
		.name = "getDelivery",
		.tag = "deliveries",
		.help = "With `wait` the answer comes when the delivery has ended, or with its present "
			"state when the time is up.",
		.answers = {{200, JSON, "WholeDelivery", "The delivery."}},
		.codes = {"not_found"},
	},
	{
		.name = "retryDelivery",
		.tag = "deliveries",
		.answers = {{200, JSON, "WholeDelivery", "The delivery as it is now."}},
		.codes = {"not_found", "conflict"},
	},
	{
		.name = "cancelDelivery",
		.tag = "deliveries",
		.answers = {{200, JSON, "WholeDelivery", "The delivery as it is now."}},
		.codes = {"not_found", "conflict"},
	},
	{
		.name = "replayDeliveries",
		.tag = "deliveries",
		.help = "Without `state` dead letters are meant. Go on with the cursor until it is null.",
		BODY(filter_rows, FILTER_REPLAY_ROWS, "Which ones."),
		.answers = {{200, JSON, "Replayed",
                             "How many; with `dry_run`, how many there would be."}},
		.codes = {"invalid_json"},
	},
	{
		.name = "status",
		.tag = "host",
		.answers = {{200, JSON, "Status", "How it is."}},
	},
	{
		.name = "listEvents",
		.tag = "events",
		.help = "As JSON: the events behind `after`, at once or as soon as there are any. As "
			"`text/event-stream`: events as they happen, each with its kind as `event` and an "
			"`Event` as `data`; `lost` says how many could not be told. A stream begins now, "
			"unless `Last-Event-ID` or `after` say otherwise.",
		HEADERS(event_headers),
		.answers = {{200, JSON, "Events", "Events, the oldest first."},
                            {200, STREAM, NULL, "Events as they happen."}},
		.codes = {"too_many_streams"},
	},
	{
		.name = "listTokens",
		.tag = "access",
		.answers = {{200, JSON, "Tokens", "The tokens, by name."}},
	},
	{
		.name = "createToken",
		.tag = "access",
		BODY(api_token_wish_rows, WISH_ROWS, "Name and role are needed."),
		.answers = {{201, JSON, "NewToken", "The token; its text is nowhere else."},
                            {200, JSON, "Wish", "With `dry_run`: what it would be."}},
		.codes = {"invalid_json", "conflict"},
	},
	{
		.name = "revokeToken",
		.tag = "access",
		.answers = {{204, NULL, NULL, "It is revoked."}},
		.codes = {"not_found"},
	},
	{
		.name = "listSecrets",
		.tag = "secrets",
		.answers = {{200, JSON, "Secrets",
                             "The secrets of the provider `local`, by name."}},
		.codes = {"no_catalogue"},
	},
	{
		.name = "setSecret",
		.tag = "secrets",
		.help = "The text is kept byte for byte, at most 64 KiB of it, without a NUL byte, and can "
			"be read by nobody: definitions name it as `${secret:local/NAME}`. Running links "
			"take a new text within five minutes, or when a receiver says 401.",
		.body_help = "The secret; as `application/json`, it is the member `text`.",
		.flags = DOC_ROUTE_ANY_BODY,
		.answers = {{204, NULL, NULL, "It is kept."}},
		.codes = {"invalid", "invalid_json", "no_catalogue", "disk_full"},
	},
	{
		.name = "deleteSecret",
		.tag = "secrets",
		.help = "What still names it cannot be deployed any more, and deployments that run fail "
			"when they ask for it again.",
		.answers = {{204, NULL, NULL, "It is removed."}},
		.codes = {"invalid", "not_found", "no_catalogue", "disk_full"},
	},
	{
		.name = "checkSecret",
		.tag = "secrets",
		BODY(api_secret_check_rows, CHECK_ROWS, "Which one."),
		.answers = {{200, JSON, "SecretVerdicts", "Whether it can be had; if not, why."}},
		.codes = {"invalid_json", "no_catalogue"},
	},
	{
		.name = "listAudit",
		.tag = "access",
		.answers = {{200, JSON, "Audit", "A page of rows."}},
	},
	{
		.name = "verifyAudit",
		.tag = "access",
		.answers = {{200, JSON, "AuditVerdict", "The verdict."}},
	},
	{
		.name = "getSession",
		.tag = "access",
		.answers = {{200, JSON, "Session", "Whoever asks."}},
	},
	{
		.name = "signIn",
		.tag = "access",
		BODY(api_session_rows, SESSION_ROWS, "The token."),
		.answers = {{201, JSON, "Session", "The session; Set-Cookie has its cookie."}},
		.codes = {"invalid_json", "bad_credentials", "too_many_failures", "json_needed"},
	},
	{
		.name = "signOut",
		.tag = "access",
		.answers = {{204, NULL, NULL, "The session has ended."}},
	},
	{
		.name = "openapi",
		.tag = "host",
		HEADERS(document_headers),
		.answers = {{200, JSON, "Document", "The document."},
                            {304, NULL, NULL, "It is the one that is known."}},
	},
	{
		.name = "exportConnection",
		.tag = "connections",
		.help = "A ZIP file; its name is in Content-Disposition. Of what the definition needs, "
			"certificates go along, and private keys with a passphrase, for administrators.",
		HEADERS(bundle_headers),
		.answers = {{200, ZIP, NULL, "The bundle."}},
		.codes = {"not_found", "not_exportable"},
	},
	{
		.name = "exportConnections",
		.tag = "connections",
		BODY(api_exports_rows, EXPORTS_ROWS, "Which connections."),
		.answers = {{200, ZIP, NULL, "The bundle."}},
		.codes = {"not_found", "not_exportable", "invalid_json"},
	},
	{
		.name = "importConnections",
		.tag = "connections",
		.help = "At most 64 MiB. Certificates and keys of the bundle are written to the folder "
			"`tls/imported` of the definitions, and the definitions name them there.",
		HEADERS(bundle_headers),
		.body_help = "The bundle.",
		.flags = DOC_ROUTE_ANY_BODY,
		.answers = {{200, JSON, "Import", "The plan, and what was done."}},
		.codes = {"invalid_bundle", "sealed", "bad_passphrase", "import_refused",
                          "conflict", "too_large"},
	},
	{
		.name = "metrics",
		.tag = "host",
		.answers = {{200, TEXT, NULL, "Metrics."}},
	},
	{
		.name = "health",
		.tag = "host",
		.answers = {{200, TEXT, NULL, "The process serves."}},
	},
	{
		.name = "ready",
		.tag = "host",
		.answers = {{200, TEXT, NULL, "All is good."}, {503, TEXT, NULL, "What is not."}},
	},
};
const size_t doc_route_count = sizeof(doc_routes) / sizeof(doc_routes[0]);

const struct doc_route *doc_route(const char *name)
{
	for (size_t i = 0; i < doc_route_count; i++)
		if (strcmp(doc_routes[i].name, name) == 0)
			return &doc_routes[i];
	return NULL;
}

static const struct {
	const char *name, *help;
} arguments[] = {
	{"project", "The project; `global` for the global scope."},
	{"name", "The connection's name."},
	{"id", "The id."},
	{"secret", "The secret's name: letters, digits and `_ . -`, no dot first."},
	{"number", "Of the deployment in its environment."},
};

const char *doc_argument(const char *name)
{
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		if (strcmp(arguments[i].name, name) == 0)
			return arguments[i].help;
	return "A name.";
}
