/* A host on another machine. */
#include "linkspan/remote.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "linkspan/command.h"

enum { FILE_MAX_BYTES = 4096 };

static const char *or_environment(const char *given, const char *variable)
{
	const char *text = given ? given : getenv(variable);

	return text && text[0] ? text : NULL;
}

const char *remote_url(const struct cli *cli)
{
	const char *url = cli_option(cli, "url");

	return url && url[0] ? url : NULL;
}

/* Whether only this machine can hear what is sent there. */
static bool stays_here(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	size_t bytes = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == bytes && strncasecmp(names[i], host, bytes) == 0)
			return true;
	return false;
}

int remote_check(const char *url, bool has_token, struct err *e)
{
	bool tls = strncmp(url, "https://", 8) == 0;
	const char *host = url + (tls ? 8 : 7);

	if ((!tls && strncmp(url, "http://", 7) != 0) || !*host || *host == '/' ||
	    strpbrk(host, "?#@ ") || (strchr(host, '/') && strchr(host, '/')[1]))
		return err_set(e, ERR_USAGE,
		               "--url %s: an address such as https://linkspan.internal:8686 is "
		               "needed",
		               url);
	if (has_token && !tls && !stays_here(host))
		return err_set(e, ERR_USAGE,
		               "--url %s: a token is not sent over http to another machine; use "
		               "https",
		               url);
	return 0;
}

/* The first line, if it is the only one. */
static int read_token(const char *path, char **ret, struct err *e)
{
	char text[FILE_MAX_BYTES];
	FILE *file = fopen(path, "re");

	if (!file)
		return err_set_errno(e, ERR_NOT_FOUND, "--token-file %s", path);
	size_t bytes = fread(text, 1, sizeof(text) - 1, file);
	bool whole = !ferror(file) && feof(file);
	fclose(file);
	text[bytes] = '\0';
	size_t length = strcspn(text, " \t\r\n");
	whole = whole && length > 0 && length + strspn(text + length, " \t\r\n") == bytes;
	int rc = 0;
	if (!whole)
		rc = err_set(e, ERR_INVALID, "--token-file %s does not hold one token", path);
	else if (!(*ret = mem_dup(text, length)))
		rc = err_no_memory(e);
	mem_wipe(text, sizeof(text));
	return rc;
}

/* Over the local socket a token counts only where it is named: a variable that is meant for another
 * machine must not take away what this user may do here. */
int remote_read(struct remote *r, const struct cli *cli, struct err *e)
{
	const char *url = remote_url(cli), *path = cli_option(cli, "token-file");
	int rc = 0;

	*r = (struct remote){0};
	if (url) {
		path = or_environment(path, "LINKSPAN_TOKEN_FILE");
		r->ca_file = or_environment(cli_option(cli, "ca-file"), "LINKSPAN_CA_FILE");
		rc = remote_check(url, path != NULL, e);
	}
	if (rc == 0 && path && path[0])
		rc = read_token(path, &r->token, e);
	return rc;
}

void remote_finish(struct remote *r)
{
	if (r->token)
		mem_wipe(r->token, strlen(r->token));
	mem_free(r->token);
}
