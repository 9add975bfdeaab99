/* Names in bundles: that of the bundle itself, and those of its entries. */
#include <linkspan/connector.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "core/bundle/bundle_impl.h"
#include "crypto/hash.h"

#define PLAIN  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
#define SUFFIX ".json"

enum { CONNECTION_NAME_MOST = 100, SHOWN_MOST = 120 };

/* In English whatever the locale is. */
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int bundle_name(const struct bundle *b, struct buf *ret)
{
	time_t seconds = (time_t)(b->at_ms / 1000);
	struct tm tm = {0};

	if (b->connection_count == 0 || !gmtime_r(&seconds, &tm))
		return ERR_INVALID;
	buf_printf(ret, "%d %s %d-connection-%s", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	           b->connections[0].name);
	if (b->connection_count > 1)
		buf_printf(ret, "-and-%zu-more", b->connection_count - 1);
	buf_add_str(ret, "-export.zip");
	return buf_failed(ret) ? ERR_NO_MEMORY : 0;
}

bool bundle_entry_name(const char *project, const char *name, bool alone,
                       char ret[BUNDLE_NAME_BYTES])
{
	bool is_global = strcmp(project, CONF_GLOBAL) == 0;
	int length;

	if (alone)
		length = snprintf(ret, BUNDLE_NAME_BYTES, BUNDLE_CONNECTION);
	else
		length = snprintf(ret, BUNDLE_NAME_BYTES, BUNDLE_CONNECTIONS "%s%s%s" SUFFIX,
		                  is_global ? "" : project, is_global ? "" : "/", name);
	return length > 0 && length < BUNDLE_NAME_BYTES;
}

static const char *fault_of_name(const char *name)
{
	const struct lk_value value = {.u.s = name};
	const char *message = NULL;

	if (strlen(name) > CONNECTION_NAME_MOST)
		return "may have at most 100 characters";
	return name_check_connection(&value, &message) < 0 ? message : NULL;
}

int bundle_check_names(const char *project, const char *name, struct err *e)
{
	const char *fault = fault_of_name(name);
	char shown[BUNDLE_SHOWN_BYTES];

	if (fault)
		return err_set(e, ERR_INVALID, "the name of the connection \"%s\" %s",
		               bundle_shown(name, shown), fault);
	if (!name_is_plain(project))
		return err_set(e, ERR_INVALID, "the name of the project \"%s\" must be " NAME_RULE,
		               bundle_shown(project, shown));
	return 0;
}

bool bundle_file_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= BUNDLE_FILE_NAME_MOST && name[0] != '.' &&
	       strspn(name, PLAIN ".") == length;
}

/* NAME.json or PROJECT/NAME.json, below connections/. */
static bool is_connection_path(const char *path)
{
	char text[BUNDLE_NAME_BYTES];
	size_t length = strlen(path), suffix = strlen(SUFFIX);

	if (length <= suffix || length >= sizeof(text) ||
	    strcmp(path + length - suffix, SUFFIX) != 0)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(length - suffix), path);
	char *slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	return bundle_check_names(slash ? text : CONF_GLOBAL, slash ? slash + 1 : text, NULL) == 0;
}

static bool is_below(const char *name, const char *folder)
{
	return strncmp(name, folder, strlen(folder)) == 0;
}

bool bundle_entry_is_connection(const char *name)
{
	return strcmp(name, BUNDLE_CONNECTION) == 0 || is_below(name, BUNDLE_CONNECTIONS);
}

bool bundle_entry_is_file(const char *name)
{
	return is_below(name, BUNDLE_FILES);
}

bool bundle_entry_allowed(const char *name)
{
	static const char *const exact[] = {BUNDLE_CONNECTION, BUNDLE_METADATA,
	                                    BUNDLE_DEPENDENCIES};

	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		if (strcmp(name, exact[i]) == 0)
			return true;
	if (is_below(name, BUNDLE_FILES))
		return bundle_file_name_valid(name + strlen(BUNDLE_FILES));
	return is_below(name, BUNDLE_CONNECTIONS) &&
	       is_connection_path(name + strlen(BUNDLE_CONNECTIONS));
}

const char *bundle_shown(const char *name, char ret[BUNDLE_SHOWN_BYTES])
{
	size_t at = 0;

	for (; *name && at < SHOWN_MOST; name++) {
		bool is_plain = *name >= ' ' && *name <= '~' && *name != '\\' && *name != '"';
		at += (size_t)snprintf(ret + at, BUNDLE_SHOWN_BYTES - at,
		                       is_plain ? "%c" : "\\x%02x", (unsigned char)*name);
	}
	snprintf(ret + at, BUNDLE_SHOWN_BYTES - at, "%s", *name ? "..." : "");
	return ret;
}

void bundle_sha256(const void *bytes, size_t size_bytes, char ret[BUNDLE_SHA256_BYTES])
{
	uint8_t digest[HASH_BYTES];

	hash_of(bytes, size_bytes, digest);
	for (size_t i = 0; i < HASH_BYTES; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}
