/* The table of reasons of failed tests. */
#include "admin/test_reasons.h"

#include <string.h>

#include "base/banned.h"

#define GUIDE_4XX     "Webhook 4xx Error"
#define GUIDE_5XX     "Test Connection Failed and Returns 5xx"
#define GUIDE_TIMEOUT "Connection Timeout"
#define GUIDE_AUTH    "Authentication Failed"
#define GUIDE_POOL    "Pool Exhausted"
#define GUIDE_FLOW    "Connection Test Successful But Integration Flow Gives Error"

#define EDIT "`linkspan connection edit {name}`"

static const char *const names[TEST_PHASES] = {
	[TEST_PREPARE] = "prepare", [TEST_RESOLVE] = "resolve",       [TEST_CONNECT] = "connect",
	[TEST_TLS] = "tls",         [TEST_FIRST_BYTE] = "first_byte", [TEST_WHOLE] = "whole",
	[TEST_STATUS] = "status",
};

/* Rows of one reason stand together, those with a status first. */
const struct test_reason test_reasons[] = {
	/* Before anything is sent. */
	{"uri_missing", 0, TEST_PREPARE,
         "The URL needs an argument that a test cannot give (required_uri).",
         "Set `test: { kind = \"connect\"; };` with " EDIT
         ", or test by a message: `linkspan send {name} --uri NAME=VALUE`.",
         GUIDE_4XX},
	{"url_invalid", 0, TEST_PREPARE, "The URL cannot be used as it is.",
         "Correct `url` with " EDIT "; `linkspan validate` names the place.", GUIDE_4XX},
	{"header_invalid", 0, TEST_PREPARE, "A header cannot be sent as it is.",
         "Correct `headers` with " EDIT
         "; where the value is a secret, look at its text: a line break at its end is usual.",
         GUIDE_4XX},
	{"body_not_allowed", 0, TEST_PREPARE, "The method of the test takes no body.",
         "Remove `test.body`, or set `test.method`, with " EDIT ".", GUIDE_4XX},
	{"secret", 0, TEST_PREPARE, "A secret of the connection cannot be had.",
         "See which with `linkspan secret check {name} --env {environment}`, then set it with "
         "`linkspan secret set`, or give the file to the user linkspan with mode 0600.",
         GUIDE_AUTH},
	{"not_deployable", 0, TEST_PREPARE, "The connector cannot open the connection.",
         "Look at the files that its settings name (ca_file, client_certificate, client_key): they "
         "must be PEM and readable for the user linkspan.",
         GUIDE_5XX},
	{"pool_exhausted", 0, TEST_PREPARE, "No slot came free in time.",
         "Raise `pool_size` with " EDIT
         ", lower `idle_timeout_s` or find what keeps slots so long: `linkspan connection status "
         "{name}`, metric linkspan_pool_connections.",
         GUIDE_POOL},
	{"rate_limited", 0, TEST_PREPARE,
         "The connection's own rate_per_s allows no more just now.",
         "Wait, or raise `rate_per_s` with " EDIT ".", GUIDE_POOL},
	{"no_descriptor", 0, TEST_PREPARE, "The host is out of file descriptors.",
         "Raise LimitNOFILE= of linkspand.service; `linkspan doctor` shows how many are used.",
         GUIDE_POOL},
	{"no_memory", 0, TEST_PREPARE, "The host is out of memory.",
         "Look at `linkspan doctor`, and at MemoryMax= of linkspand.service.", GUIDE_POOL},
	{"busy", 0, TEST_PREPARE, "The connector takes nothing more just now.", "Try again.",
         GUIDE_POOL},
	{"plugin_error", 0, TEST_PREPARE, "The connector itself failed.",
         "The log says what: `journalctl -u linkspand`.", GUIDE_5XX},
	{"stopping", 0, TEST_PREPARE, "The host is stopping.", "Try again when it has started.",
         GUIDE_5XX},
	{"cancelled", 0, TEST_PREPARE, "The host gave the test up because it stops.",
         "Try again when it has started.", GUIDE_5XX},
	{"not_deployed", 0, TEST_PREPARE, "The connection was closed while it was tested.",
         "Try again.", GUIDE_FLOW},
	{"disabled", 0, TEST_PREPARE, "The connection is disabled.",
         "`linkspan connection enable {name}`.", GUIDE_FLOW},
	{"paused", 0, TEST_PREPARE, "The connection is paused.",
         "`linkspan connection resume {name}`.", GUIDE_FLOW},
	{"blocked", 0, TEST_PREPARE, "The connection is blocked until its cause is mended.",
         "`linkspan connection status {name}` says why.", GUIDE_FLOW},
	{"breaker_open", 0, TEST_PREPARE, "The connection failed too often of late.",
         "`linkspan connection status {name}` says since when, and when it is tried again.",
         GUIDE_FLOW},

	/* On the way. */
	{"dns", 0, TEST_RESOLVE, "The name of the host does not resolve on this machine.",
         "Correct the host in `url` with " EDIT
         ", or mend the resolver: `getent hosts HOST` must give an address.",
         GUIDE_TIMEOUT},
	{"timeout_resolve", 0, TEST_RESOLVE,
         "The name of the host did not resolve within {connection_timeout_ms} ms.",
         "Look at the name servers in /etc/resolv.conf, or raise `connection_timeout_ms` with " EDIT
         ".",
         GUIDE_TIMEOUT},
	{"denied_address", 0, TEST_CONNECT,
         "The network policy of the environment forbids the address.",
         "If it is right to go there, add it to `network.allow` of {environment} "
         "(`linkspan env get {environment}`).",
         GUIDE_TIMEOUT},
	{"refused", 0, TEST_CONNECT, "The machine is there, and nothing listens at that port.",
         "Start the receiver, or correct the port in `url` with " EDIT ".", GUIDE_TIMEOUT},
	{"unreachable", 0, TEST_CONNECT, "There is no way to the receiver's network from here.",
         "Look at routes and firewalls of this machine: `ip route get ADDRESS`.", GUIDE_TIMEOUT},
	{"connect", 0, TEST_CONNECT, "No connection came about.",
         "Look at firewalls, and whether the receiver runs.", GUIDE_TIMEOUT},
	{"timeout_connect", 0, TEST_CONNECT,
         "Nothing answered within {connection_timeout_ms} ms: packets are lost or dropped.",
         "Let the firewalls between pass the port; if the way is just long, raise "
         "`connection_timeout_ms` with " EDIT ".",
         GUIDE_TIMEOUT},
	{"tls_verify", 0, TEST_TLS, "The receiver's certificate is not trusted.",
         "Renew the receiver's certificate if it ended; put its authority's certificate into "
         "`tls.ca_file`, or the name that it is made for into `url`, with " EDIT ".",
         GUIDE_5XX},
	{"tls_client_certificate", 0, TEST_TLS, "Our own certificate or key cannot be used.",
         "`tls.client_certificate` and `tls.client_key` must be PEM and belong together, and "
         "`tls.client_key_passphrase` must fit; `linkspan doctor` shows when they end.",
         GUIDE_AUTH},
	{"tls", 0, TEST_TLS, "The TLS handshake failed.",
         "The receiver may not speak TLS at that port, may need a newer or older version "
         "(`tls.minimum`), or a client certificate (`tls.client_certificate`).",
         GUIDE_5XX},
	{"timeout_tls", 0, TEST_TLS,
         "The TLS handshake did not end within {connection_timeout_ms} ms.",
         "Is the port one for https?  If the receiver is just slow, raise "
         "`connection_timeout_ms` with " EDIT ".",
         GUIDE_TIMEOUT},
	{"send", 0, TEST_FIRST_BYTE,
         "The receiver ended the connection while the request was sent.",
         "Look at the receiver's log; a proxy before it may allow less time or smaller bodies.",
         GUIDE_5XX},
	{"receive", 0, TEST_FIRST_BYTE, "The receiver broke the connection off.",
         "Look at the receiver's log: it may have crashed, or ask for a client certificate.",
         GUIDE_5XX},
	{"empty_reply", 0, TEST_FIRST_BYTE, "The receiver ended the connection without a reply.",
         "Look at the receiver's log; a port for https answers plain http so.", GUIDE_5XX},
	{"timeout_reply", 0, TEST_FIRST_BYTE,
         "No reply began within {request_timeout_ms} ms of the start.",
         "Raise `request_timeout_ms` with " EDIT
         ", or make the receiver answer before it works (202).",
         GUIDE_TIMEOUT},
	{"timeout", 0, TEST_FIRST_BYTE, "The connector did not answer by its deadline.",
         "The log says more: `journalctl -u linkspand`; raise `request_timeout_ms` with " EDIT ".",
         GUIDE_TIMEOUT},
	{"timeout_body", 0, TEST_WHOLE,
         "The reply began and did not end within {request_timeout_ms} ms of the start.",
         "Raise `request_timeout_ms` with " EDIT ", or have the receiver answer less.",
         GUIDE_TIMEOUT},
	{"reply_incomplete", 0, TEST_WHOLE, "The reply ended before it was whole.",
         "Look at the receiver's log, and at proxies between.", GUIDE_5XX},
	{"reply_headers_too_large", 0, TEST_FIRST_BYTE,
         "The headers of the reply are larger than 64 KiB.",
         "Have the receiver send less; cookies that pile up are usual.", GUIDE_5XX},
	{"protocol", 0, TEST_FIRST_BYTE, "What came back is no reply of HTTP.",
         "Is the port in `url` the right one?  Correct it with " EDIT ".", GUIDE_5XX},
	{"transfer", 0, TEST_FIRST_BYTE, "The transfer failed.",
         "The detail names libcurl's error; look at the receiver's log for the same moment.",
         GUIDE_5XX},

	/* What the peer says. */
	{"http_2xx", 0, TEST_STATUS, "A success, but not one that success_status names.",
         "Add the status to `success_status` with " EDIT ".", GUIDE_4XX},
	{"redirect", 0, TEST_STATUS,
         "The receiver sends us elsewhere, and redirects are not followed.",
         "Put the final address into `url` with " EDIT
         "; a missing or doubled slash at its end, or http for https, is usual.",
         GUIDE_4XX},
	{"auth", 407, TEST_STATUS, "The proxy does not accept the credentials.",
         "Correct user and password of the proxy with " EDIT ".", GUIDE_AUTH},
	{"auth", 0, TEST_STATUS, "The receiver does not accept the credentials.",
         "Check the secret with `linkspan secret check {name} --env {environment}`, whether it has "
         "expired, and whether the receiver's user is active; set the header Authorization with " EDIT
         ".",
         GUIDE_AUTH},
	{"http_403", 0, TEST_STATUS, "The receiver knows us, and does not permit this.",
         "Give the receiver's user the right to do this; it may also allow certain addresses only, "
         "or ask for a client certificate.",
         GUIDE_AUTH},
	{"http_408", 0, TEST_STATUS, "The receiver got the request too slowly.",
         "Look at the network between, or send smaller bodies.", GUIDE_TIMEOUT},
	{"http_410", 0, TEST_STATUS, "This address is gone for good.",
         "Get a new address from the receiver, and put it into `url` with " EDIT ".", GUIDE_4XX},
	{"http_425", 0, TEST_STATUS, "The receiver finds it too early for this request.",
         "Try again a little later.", GUIDE_4XX},
	{"http_429", 0, TEST_STATUS, "The receiver gets too many requests from us.",
         "Set `rate_per_s` to what the receiver allows with " EDIT ", then wait.", GUIDE_5XX},
	{"http_4xx", 400, TEST_STATUS, "The receiver does not understand the request.",
         "Compare the body and Content-Type with what it documents; set `test: { body = …; "
         "content_type = …; };` with " EDIT ".",
         GUIDE_4XX},
	{"http_4xx", 404, TEST_STATUS, "There is nothing at that path.",
         "Correct the path in `url` with " EDIT
         ": the version and a slash at the end are usual mistakes.",
         GUIDE_4XX},
	{"http_4xx", 405, TEST_STATUS, "The receiver does not take that method at that path.",
         "Set `method`, or `test.method`, to one that it takes with " EDIT ".", GUIDE_4XX},
	{"http_4xx", 406, TEST_STATUS, "The receiver cannot answer in a form that we accept.",
         "Set the header Accept with " EDIT ".", GUIDE_4XX},
	{"http_4xx", 411, TEST_STATUS, "The receiver wants a body.",
         "Set `test: { body = …; };` with " EDIT ".", GUIDE_4XX},
	{"http_4xx", 413, TEST_STATUS, "The body is larger than the receiver takes.",
         "Make `test.body` smaller, or raise the receiver's limit.", GUIDE_4XX},
	{"http_4xx", 414, TEST_STATUS, "The URL is longer than the receiver takes.",
         "Shorten `url` with " EDIT ".", GUIDE_4XX},
	{"http_4xx", 415, TEST_STATUS, "The receiver does not take that Content-Type.",
         "Set `content_type`, or `test.content_type`, with " EDIT ".", GUIDE_4XX},
	{"http_4xx", 422, TEST_STATUS, "The receiver reads the body, and finds values in it wrong.",
         "Set `test: { body = …; };` to a message that it takes with " EDIT ".", GUIDE_4XX},
	{"http_4xx", 0, TEST_STATUS, "The receiver refuses this request.",
         "Compare URL, method, headers and body with what it documents; its reply may say more.",
         GUIDE_4XX},
	{"http_502", 0, TEST_STATUS, "A gateway before the receiver cannot reach it.",
         "Start the receiver; this is not on our side.", GUIDE_5XX},
	{"http_503", 0, TEST_STATUS, "The receiver is not available now.",
         "Wait and try again, or lower `rate_per_s` or `pool_size` if it is overloaded.",
         GUIDE_5XX},
	{"http_504", 0, TEST_STATUS, "A gateway before the receiver got no reply from it in time.",
         "Look at how long the receiver takes; this is not on our side.", GUIDE_5XX},
	{"http_5xx", 501, TEST_STATUS, "The receiver does not know that method.",
         "Set `method` with " EDIT ".", GUIDE_5XX},
	{"http_5xx", 0, TEST_STATUS, "The receiver failed with this request.",
         "Look at the receiver's log; try another `test.body`, as it may not bear this one.",
         GUIDE_5XX},
};

const size_t test_reason_count = sizeof(test_reasons) / sizeof(test_reasons[0]);

const char *test_phase_name(enum test_phase phase)
{
	return names[phase];
}

const struct test_reason *test_reason_find(const char *reason, unsigned status)
{
	for (size_t i = 0; i < test_reason_count; i++)
		if (strcmp(test_reasons[i].reason, reason) == 0 &&
		    (test_reasons[i].status == 0 || test_reasons[i].status == status))
			return &test_reasons[i];
	return NULL;
}
