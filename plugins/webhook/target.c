/* Where a connection's URL points. */
#include "target.h"

#include <arpa/inet.h>
#include <linkspan/connector.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text.h"
#include "uritemplate.h"

#define TEMPLATE_TOO_EARLY                                                                         \
	"scheme, host and port are fixed: a template can stand only behind them, after \"/\" or "  \
	"\"?\""

#define HOST_RULE                                                                                   \
	"the host can contain only letters, digits, \"-\", \"_\" and single dots; an IPv6 address " \
	"stands in brackets, an international name in its xn-- form"
#define URL_TOO_LONG "the URL is longer than 16384 bytes"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, PORT_MAX = 65535, PORT_DIGITS = 5, LABEL_MAX = 63 };

static int fail(const char **ret_message, const char *message)
{
	*ret_message = message;
	return LK_EINVAL;
}

/* Fixed part */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A name or an IPv4 address in any spelling: the network policy judges what it stands for. */
static bool is_host_name(const char *s)
{
	size_t label = 0;

	for (; *s; s++) {
		if (*s == '.' ? label == 0 : !is_name_char(*s))
			return false;
		label = *s == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return true;
}

/* Copies the host, lower-case and without brackets.  *ret_used: how many bytes of s it is. */
static int parse_host(const char *s, size_t bytes, struct target *t, size_t *ret_used,
                      const char **ret_message)
{
	bool bracket = bytes > 0 && *s == '[';
	const char *end = memchr(s, bracket ? ']' : ':', bytes);
	struct in6_addr address;

	if (bracket && !end)
		return fail(ret_message, "\"[\" without a \"]\" behind the IPv6 address");
	size_t length = end ? (size_t)(end - s) : bytes;
	if (bracket) {
		s++;
		length--;
	}
	if (length == 0)
		return fail(ret_message, "the host is missing");
	if (length > TARGET_HOST_MAX_BYTES)
		return fail(ret_message, "a host has at most 253 characters");
	for (size_t i = 0; i < length; i++)
		t->host[i] = lower(s[i]);
	t->host[length] = '\0';
	if (bracket && inet_pton(AF_INET6, t->host, &address) != 1)
		return fail(ret_message, "between \"[\" and \"]\" stands an IPv6 address, no zone");
	if (!bracket && !is_host_name(t->host))
		return fail(ret_message, HOST_RULE);
	*ret_used = bracket ? length + 2 : length;
	return 0;
}

/* ":8443" or nothing. */
static int parse_port(const char *s, size_t bytes, struct target *t, const char **ret_message)
{
	unsigned port = 0;

	t->port = t->https ? HTTPS_PORT : HTTP_PORT;
	if (bytes == 0)
		return 0;
	if (*s != ':')
		return fail(ret_message, "behind \"]\" only a port can follow");
	for (size_t i = 1; i < bytes && i <= PORT_DIGITS; i++) {
		if (s[i] < '0' || s[i] > '9')
			return fail(ret_message, "the port is a number from 1 to 65535");
		port = port * 10 + (unsigned)(s[i] - '0');
	}
	if (bytes > 1 + PORT_DIGITS || port < 1 || port > PORT_MAX)
		return fail(ret_message, "the port is a number from 1 to 65535");
	t->port = (uint16_t)port;
	return 0;
}

static void write_origin(struct target *t)
{
	const char *scheme = t->https ? "https://" : "http://";
	bool bracket = strchr(t->host, ':');
	int length = snprintf(t->origin, sizeof(t->origin), "%s%s%s%s", scheme, bracket ? "[" : "",
	                      t->host, bracket ? "]" : "");

	if (t->port != (t->https ? HTTPS_PORT : HTTP_PORT))
		snprintf(t->origin + length, sizeof(t->origin) - (size_t)length, ":%u",
		         (unsigned)t->port);
}

static int parse_fixed(const char *url, struct target *t, const char **ret_message)
{
	size_t scheme_bytes, host_bytes = 0;

	if (strncasecmp(url, "https://", 8) == 0)
		scheme_bytes = 8;
	else if (strncasecmp(url, "http://", 7) == 0)
		scheme_bytes = 7;
	else if (strcspn(url, "{") < strcspn(url, "/"))
		return fail(ret_message, TEMPLATE_TOO_EARLY);
	else
		return fail(ret_message, "an absolute URL is needed: http://… or https://…");
	t->https = scheme_bytes == 8;

	const char *authority = url + scheme_bytes;
	size_t bytes = strcspn(authority, "/?#{");
	/* {/v} and {?v} begin with what ends an authority; anything else would lengthen it. */
	if (authority[bytes] == '{' && authority[bytes + 1] != '/' && authority[bytes + 1] != '?')
		return fail(ret_message, TEMPLATE_TOO_EARLY);
	if (memchr(authority, '@', bytes))
		return fail(ret_message, "a user name or password cannot stand in the URL");
	int rc = parse_host(authority, bytes, t, &host_bytes, ret_message);
	if (rc == 0)
		rc = parse_port(authority + host_bytes, bytes - host_bytes, t, ret_message);
	if (rc < 0)
		return rc;
	t->prefix_bytes = scheme_bytes + bytes;
	if (strchr(url, '#'))
		return fail(ret_message, "a fragment (\"#…\") is never sent: leave it out");
	write_origin(t);
	return 0;
}

int target_parse(const char *url, struct target *ret, const char **ret_message)
{
	struct target t = {.url = NULL};
	size_t offset;
	int rc = parse_fixed(url, &t, ret_message);

	if (rc == 0)
		rc = uritemplate_parse(url, &t.url, ret_message, &offset);
	if (rc < 0)
		return rc;
	*ret = t;
	return 0;
}

void target_finish(struct target *t)
{
	uritemplate_destroy(t->url);
	t->url = NULL;
}

/* Expansion */

/* Looks at the path while it grows: which segments hold something that came from a value? */
struct watch {
	size_t start; /* of the present segment */
	size_t seen;  /* how far it has looked */
	bool touched; /* a byte of the segment, or the "/" before it, came from a value */
	bool over;    /* the query has begun */
};

/* "." or "..", plain or percent-encoded, also with ";parameters" behind. */
static bool is_dots(const char *s, size_t bytes)
{
	size_t dots = 0;

	while (bytes > 0 && *s != ';') {
		size_t step = *s == '.' ? 1 : bytes >= 3 && strncasecmp(s, "%2e", 3) == 0 ? 3 : 0;
		if (step == 0)
			return false;
		dots++;
		s += step;
		bytes -= step;
	}
	return dots == 1 || dots == 2;
}

/* Looks at what was added; at_end: nothing follows.  False: a value has made a dot segment. */
static bool watch_part(struct watch *w, const struct text *url, bool from_value, bool at_end)
{
	const char *s = text_str(url);

	for (; !w->over && w->seen < url->len_bytes; w->seen++) {
		char c = s[w->seen];
		if (c == '/' || c == '?') {
			if (w->touched && is_dots(s + w->start, w->seen - w->start))
				return false;
			w->start = w->seen + 1;
			w->touched = false;
			w->over = c == '?';
		}
		w->touched = w->touched || from_value;
	}
	return !at_end || w->over || !w->touched || !is_dots(s + w->start, w->seen - w->start);
}

static int expand(const struct target *t, const struct uri_args *args, struct text *out, char *why,
                  size_t why_bytes)
{
	struct watch watch = {.start = t->prefix_bytes, .seen = t->prefix_bytes};
	size_t parts = uritemplate_parts(t->url);

	for (size_t i = 0; i < parts; i++) {
		int rc = uritemplate_expand_part(t->url, i, args, out, why, why_bytes);
		if (rc < 0)
			return rc;
		if (!watch_part(&watch, out, !uritemplate_part_is_literal(t->url, i),
		                i + 1 == parts)) {
			snprintf(why, why_bytes, "a value would make a segment \".\" or \"..\"");
			return LK_EINVAL;
		}
	}
	return 0;
}

int target_expand(const struct target *t, const struct uri_args *args, struct text *out, char *why,
                  size_t why_bytes)
{
	const char *message = URL_TOO_LONG;
	int rc = expand(t, args, out, why, why_bytes);

	if (rc == 0)
		rc = target_check_url(t, text_str(out), &message);
	else if (rc == LK_EINVAL || rc == LK_ENOMEM)
		return rc;
	if (rc < 0) {
		snprintf(why, why_bytes, "%s", message);
		return LK_EINVAL;
	}
	return 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

int target_check_url(const struct target *t, const char *url, const char **ret_message)
{
	size_t bytes = strnlen(url, TARGET_URL_MAX_BYTES + 1);

	if (bytes > TARGET_URL_MAX_BYTES)
		return fail(ret_message, URL_TOO_LONG);
	for (const char *s = url; *s; s++) {
		if (*s <= 0x20 || *s > 0x7e || strchr("\"<>\\^`{|}", *s))
			return fail(ret_message, "a character in the URL is not percent-encoded");
		if (*s == '%' && !(is_hex(s[1]) && is_hex(s[2])))
			return fail(ret_message, "\"%\" in the URL needs two hexadecimal digits");
		if (*s == '#')
			return fail(ret_message, "a value would add a fragment (\"#…\")");
	}
	/* The authority is literal, but {/v} behind it can expand to nothing. */
	if (bytes < t->prefix_bytes ||
	    (url[t->prefix_bytes] != '\0' && !strchr("/?", url[t->prefix_bytes])))
		return fail(ret_message, "the URL's host and port would change");
	return 0;
}
