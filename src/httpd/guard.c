/* Checks of incoming requests: one function each, one table. */
#include "httpd/guard.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"

static bool is_token_byte(char c)
{
	char lower = (char)(c | 0x20);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Each name of each request: strspn() would make a table of the set first, and that for 80 letters. */
bool http_is_token(const char *text)
{
	const char *s = text;

	while (is_token_byte(*s))
		s++;
	return s > text && *s == '\0';
}

static bool is_control(int byte)
{
	return (byte >= 0 && byte < ' ') || byte == 0x7f;
}

static bool has_control(const char *value)
{
	for (; *value; value++)
		if (*value != '\t' && is_control((unsigned char)*value))
			return true;
	return false;
}

static bool odd_head(const struct http_guards *guards, const struct http_request *request)
{
	(void)guards;
	return request->odd_head;
}

static bool odd_header(const struct http_guards *guards, const struct http_request *request)
{
	(void)guards;
	for (size_t i = 0; i < request->header_count; i++)
		if (!http_is_token(request->headers[i].name) ||
		    has_control(request->headers[i].value))
			return true;
	return false;
}

static bool length_with_encoding(const struct http_guards *guards,
                                 const struct http_request *request)
{
	(void)guards;
	return http_request_header(request, "Content-Length") &&
	       http_request_header(request, "Transfer-Encoding");
}

static bool several_lengths(const struct http_guards *guards, const struct http_request *request)
{
	const char *length = http_request_header(request, "Content-Length");

	(void)guards;
	return http_request_header_count(request, "Content-Length") > 1 ||
	       (length && (!*length || length[strspn(length, "0123456789")] != '\0'));
}

static bool unknown_encoding(const struct http_guards *guards, const struct http_request *request)
{
	const char *encoding = http_request_header(request, "Transfer-Encoding");

	(void)guards;
	return encoding && (http_request_header_count(request, "Transfer-Encoding") > 1 ||
	                    strcasecmp(encoding, "chunked") != 0);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? memchr(digits, c | ((c >= 'A' && c <= 'F') ? 0x20 : 0), 16) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The byte that a percent sign at s stands for, or -1. */
static int encoded_byte(const char *s)
{
	int high = hex_digit(s[1]), low = high < 0 ? -1 : hex_digit(s[2]);

	return low < 0 ? -1 : high << 4 | low;
}

static bool odd_target(const struct http_guards *guards, const struct http_request *request)
{
	bool in_path = true;

	(void)guards;
	if (request->target[0] != '/' && strcmp(request->target, "*") != 0)
		return true;
	for (const char *s = request->target; *s; s++) {
		int encoded = *s == '%' ? encoded_byte(s) : -1;

		in_path = in_path && *s != '?';
		if (*s == ' ' || is_control((unsigned char)*s) || encoded == 0 ||
		    (in_path && is_control(encoded)))
			return true;
	}
	return false;
}

/* The length of the host in "host:port", or 0 when it is malformed. */
static size_t host_length(const char *authority)
{
	const char *bracket = *authority == '[' ? strchr(authority, ']') : authority;
	const char *colon = bracket ? strchr(bracket, ':') : NULL;
	size_t length = colon ? (size_t)(colon - authority) : strlen(authority);

	if (!bracket || (colon && colon[1 + strspn(colon + 1, "0123456789")] != '\0'))
		return 0;
	return length;
}

static bool not_one_host(const struct http_guards *guards, const struct http_request *request)
{
	(void)guards;
	return http_request_header_count(request, "Host") != 1;
}

static bool foreign_host(const struct http_guards *guards, const struct http_request *request)
{
	const char *authority = http_request_header(request, "Host");
	size_t length = host_length(authority);

	for (const char *const *host = guards->hosts; host && *host && length > 0; host++) {
		if (strlen(*host) == length && strncasecmp(*host, authority, length) == 0)
			return false;
	}
	return true;
}

/* Without TLS of our own, a proxy before us may have taken it off: then both schemes are right. */
static bool foreign_origin(const struct http_guards *guards, const struct http_request *request)
{
	static const char *const reading[] = {"GET", "HEAD", "OPTIONS", "TRACE"};
	const char *origin = http_request_header(request, "Origin");
	const char *host = http_request_header(request, "Host");

	(void)guards;
	for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++) {
		if (strcmp(request->method, reading[i]) == 0)
			return false;
	}
	if (!origin)
		return false;
	if (http_request_header_count(request, "Origin") > 1 || !host)
		return true;
	if (strncmp(origin, "https://", 8) == 0)
		return strcasecmp(origin + 8, host) != 0;
	return request->tls || strncmp(origin, "http://", 7) != 0 ||
	       strcasecmp(origin + 7, host) != 0;
}

static const struct {
	unsigned check;
	bool (*fails)(const struct http_guards *guards, const struct http_request *request);
	struct http_refusal refusal;
} table[] = {
	{HTTP_GUARD_FRAMING,
         odd_head,
         {400, "bad_framing", "the lines of the request are not as HTTP/1.1 has them"}},
	{HTTP_GUARD_FRAMING,
         odd_header,
         {400, "bad_framing", "a header cannot have that name or value"}},
	{HTTP_GUARD_FRAMING,
         length_with_encoding,
         {400, "bad_framing", "Content-Length beside Transfer-Encoding"}},
	{HTTP_GUARD_FRAMING,
         several_lengths,
         {400, "bad_framing", "Content-Length is not one number"}},
	{HTTP_GUARD_FRAMING,
         unknown_encoding,
         {501, "bad_framing", "the Transfer-Encoding is not chunked"}},
	{HTTP_GUARD_TARGET, odd_target, {400, "bad_target", "the target is not a plain path"}},
	{HTTP_GUARD_HOST, not_one_host, {400, "bad_host", "there is not exactly one Host"}},
	{HTTP_GUARD_HOST, foreign_host, {421, "bad_host", "this is not the host of that name"}},
	{HTTP_GUARD_ORIGIN,
         foreign_origin,
         {403, "foreign_origin", "a page of another origin may not change anything here"}},
};

const struct http_refusal *http_guard(const struct http_guards *guards,
                                      const struct http_request *request)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if ((guards->checks & table[i].check) && table[i].fails(guards, request))
			return &table[i].refusal;
	}
	return NULL;
}
