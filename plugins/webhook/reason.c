/* The reasons of outcomes as tokens. */
#include "reason.h"

static const char *const texts[REASONS] = {
	[REASON_OK] = "ok",
	[REASON_URI_MISSING] = "uri_missing",
	[REASON_URL_INVALID] = "url_invalid",
	[REASON_HEADER_INVALID] = "header_invalid",
	[REASON_BODY_NOT_ALLOWED] = "body_not_allowed",
	[REASON_SECRET] = "secret",
	[REASON_NO_MEMORY] = "no_memory",
	[REASON_NO_DESCRIPTOR] = "no_descriptor",
	[REASON_CANCELLED] = "cancelled",
	[REASON_DNS] = "dns",
	[REASON_TIMEOUT_RESOLVE] = "timeout_resolve",
	[REASON_DENIED_ADDRESS] = "denied_address",
	[REASON_CONNECT] = "connect",
	[REASON_REFUSED] = "refused",
	[REASON_UNREACHABLE] = "unreachable",
	[REASON_TIMEOUT_CONNECT] = "timeout_connect",
	[REASON_TLS] = "tls",
	[REASON_TLS_VERIFY] = "tls_verify",
	[REASON_TLS_CLIENT_CERTIFICATE] = "tls_client_certificate",
	[REASON_TIMEOUT_TLS] = "timeout_tls",
	[REASON_SEND] = "send",
	[REASON_RECEIVE] = "receive",
	[REASON_EMPTY_REPLY] = "empty_reply",
	[REASON_TIMEOUT_REPLY] = "timeout_reply",
	[REASON_TIMEOUT_BODY] = "timeout_body",
	[REASON_REPLY_INCOMPLETE] = "reply_incomplete",
	[REASON_REPLY_HEADERS_TOO_LARGE] = "reply_headers_too_large",
	[REASON_PROTOCOL] = "protocol",
	[REASON_TRANSFER] = "transfer",
	[REASON_HTTP_2XX] = "http_2xx",
	[REASON_REDIRECT] = "redirect",
	[REASON_AUTH] = "auth",
	[REASON_HTTP_403] = "http_403",
	[REASON_HTTP_408] = "http_408",
	[REASON_HTTP_410] = "http_410",
	[REASON_HTTP_425] = "http_425",
	[REASON_HTTP_429] = "http_429",
	[REASON_HTTP_4XX] = "http_4xx",
	[REASON_HTTP_502] = "http_502",
	[REASON_HTTP_503] = "http_503",
	[REASON_HTTP_504] = "http_504",
	[REASON_HTTP_5XX] = "http_5xx",
};

const char *reason_text(enum reason reason)
{
	return texts[reason];
}
