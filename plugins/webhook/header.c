/* Header fields of a request: checks, what may be shown, merging. */
#include "header.h"

#include <linkspan/connector.h>
#include <string.h>
#include <strings.h>

enum { FIRST_ITEMS = 16 };

/* Names in lower case; one that ends with "*" stands for all that start so. */
static const char *const reserved[] = {
	"connection", "content-length",    "expect",  "host", "keep-alive", "proxy-*", "te",
	"trailer",    "transfer-encoding", "upgrade",
};

static const char *const showable[] = {
	"accept*",
	"age",
	"allow",
	"cache-control",
	"ce-*",
	"content-*",
	"date",
	"etag",
	"expires",
	"if-*",
	"last-modified",
	"origin",
	"prefer",
	"range",
	"retry-after",
	"server",
	"traceparent",
	"tracestate",
	"user-agent",
	"vary",
	"via",
	"webhook-id",
	"webhook-timestamp",
	"x-correlation-id",
	"x-request-id",
	"x-trace-id",
};

static bool is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t bytes = strlen(list[i]);
		bool is_prefix = list[i][bytes - 1] == '*';
		if (is_prefix ? strncasecmp(name, list[i], bytes - 1) == 0
		              : strcasecmp(name, list[i]) == 0)
			return true;
	}
	return false;
}

/* tchar of RFC 9110, 5.6.2 */
static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static int fail(const char **ret_message, const char *message)
{
	*ret_message = message;
	return LK_EINVAL;
}

int header_check_name(const char *name, const char **ret_message)
{
	size_t bytes = 0;

	while (is_token_char(name[bytes]) && bytes <= HEADER_NAME_MAX_BYTES)
		bytes++;
	if (bytes > HEADER_NAME_MAX_BYTES)
		return fail(ret_message, "the name of a header has at most 256 characters");
	if (name[0] == '\0')
		return fail(ret_message, "the name of a header cannot be empty");
	if (name[bytes] != '\0')
		return fail(ret_message,
		            "the name of a header can contain only letters, digits and "
		            "! # $ % & ' * + - . ^ _ ` | ~");
	if (is_listed(name, reserved, sizeof(reserved) / sizeof(reserved[0])))
		return fail(ret_message, "this header belongs to the transport and cannot be set");
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* C0 but HTAB, DEL, and C1, which in UTF-8 begins with C2. */
static bool is_control(const char *s, size_t step)
{
	unsigned char c = (unsigned char)s[0];

	if (step == 1)
		return (c < 0x20 && c != '\t') || c == 0x7f;
	return c == 0xc2 && (unsigned char)s[1] < 0xa0;
}

int header_check_value(const char *value, size_t bytes, const char **ret_message)
{
	size_t step;

	if (bytes == 0)
		return fail(ret_message, "the value of a header cannot be empty");
	if (bytes > HEADER_VALUE_MAX_BYTES)
		return fail(ret_message, "the value of a header has at most 8192 bytes");
	if (is_blank(value[0]) || is_blank(value[bytes - 1]))
		return fail(ret_message, "the value of a header cannot begin or end with a space");
	for (size_t i = 0; i < bytes; i += step) {
		if (value[i] >= ' ' && value[i] < 0x7f) {
			step = 1; /* nearly all there is */
			continue;
		}
		step = text_utf8_step(value + i, bytes - i);
		if (step == 0)
			return fail(ret_message, "the value of a header must be well-formed UTF-8");
		if (is_control(value + i, step))
			return fail(ret_message,
			            "the value of a header cannot contain line ends or "
			            "other control characters");
	}
	return 0;
}

bool header_is_sensitive(const char *name)
{
	static const char *const names[] = {"Authorization", "Proxy-Authorization", "Cookie"};
	/* What vendors call their keys: X-Api-Key, DD-API-KEY, PRIVATE-TOKEN, X-Auth-Token … */
	static const char *const parts[] = {"api-key", "apikey", "token", "secret", "password"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcasestr(name, parts[i]))
			return true;
	return false;
}

bool header_may_show(const char *name)
{
	return is_listed(name, showable, sizeof(showable) / sizeof(showable[0]));
}

struct header_line {
	size_t offset, name_bytes; /* in lines */
	enum header_source source;
};

void header_set_init(struct header_set *set)
{
	/* Enough for HEADER_SET_MAX of the longest lines, so that only memory can run out. */
	size_t line = HEADER_NAME_MAX_BYTES + sizeof(": ") + HEADER_VALUE_MAX_BYTES;

	*set = (struct header_set){.items = NULL};
	text_init(&set->lines, HEADER_SET_MAX * line);
}

void header_set_finish(struct header_set *set)
{
	text_wipe(&set->lines);
	text_finish(&set->lines);
	wh_free(set->items);
	header_set_init(set);
}

/* The first of that name, or NULL. */
static const struct header_line *find(const struct header_set *set, const char *name)
{
	size_t bytes = strlen(name);

	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].name_bytes == bytes &&
		    strncasecmp(header_set_line(set, i), name, bytes) == 0)
			return &set->items[i];
	return NULL;
}

static int grow(struct header_set *set)
{
	size_t cap = set->cap ? 2 * set->cap : FIRST_ITEMS;
	struct header_line *items = wh_array(cap, sizeof(*items));

	if (!items)
		return LK_ENOMEM;
	if (set->count)
		memcpy(items, set->items, set->count * sizeof(*items));
	wh_free(set->items);
	set->items = items;
	set->cap = cap;
	return 0;
}

static int append(struct header_set *set, enum header_source source, const char *name,
                  const char *value)
{
	size_t offset = set->lines.len_bytes;

	if (set->count == set->cap && grow(set) < 0)
		return LK_ENOMEM;
	text_add_str(&set->lines, name);
	text_add(&set->lines, ": ", 2);
	text_add(&set->lines, value, strlen(value) + 1);
	if (text_failed(&set->lines))
		return LK_ENOMEM;
	set->items[set->count++] = (struct header_line){offset, strlen(name), source};
	return 0;
}

int header_set_add(struct header_set *set, enum header_source source, const char *name,
                   const char *value, const char **ret_message)
{
	int rc = header_check_name(name, ret_message);

	if (rc == 0)
		rc = header_check_value(value, strnlen(value, HEADER_VALUE_MAX_BYTES + 1),
		                        ret_message);
	if (rc < 0)
		return rc;
	const struct header_line *other = find(set, name);
	if (other && other->source < source)
		return 0;
	if (set->count == HEADER_SET_MAX)
		return fail(ret_message, "a request has at most 400 headers");
	return append(set, source, name, value);
}

bool header_set_has(const struct header_set *set, const char *name)
{
	return find(set, name) != NULL;
}

const char *header_set_line(const struct header_set *set, size_t i)
{
	return text_str(&set->lines) + set->items[i].offset;
}

size_t header_set_name_bytes(const struct header_set *set, size_t i)
{
	return set->items[i].name_bytes;
}

const char *header_set_value(const struct header_set *set, size_t i)
{
	return header_set_line(set, i) + set->items[i].name_bytes + 2;
}
