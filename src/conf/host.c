/* The `host` group of linkspan.conf: its rows, and their values with every path absolute. */
#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/loader.h"
#include "conf/name.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"

enum { PORT_MAX = 65535, ADDRESS_BYTES = 64 };

enum host_row {
	HOST_NAME,
	HOST_ENVIRONMENTS,
	HOST_DEFINITIONS,
	HOST_STATE,
	HOST_PLUGINS,
	HOST_SECRETS,
	HOST_LISTEN,
	HOST_SOCKET,
	HOST_ALLOWED_HOSTS,
	HOST_TLS,
	HOST_STATE_MAX_BYTES,
	HOST_API_BODY_MAX_BYTES,
	HOST_LANES,
	HOST_ROWS,
};

enum tls_row { TLS_CERTIFICATE, TLS_KEY, TLS_ROWS };

static bool is_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	return text[0] >= '1' && text[0] <= '9' && *end == '\0' && port <= PORT_MAX;
}

/* "127.0.0.1:8686" and "[::1]:8686". */
int conf_listen_address(const char *listen, struct sockaddr_storage *ret, socklen_t *ret_bytes)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	const char *colon = strrchr(listen, ':');
	char address[ADDRESS_BYTES];

	if (!colon || (size_t)(colon - listen) >= sizeof(address) || !is_port(colon + 1))
		return ERR_INVALID;
	size_t bytes = (size_t)(colon - listen);
	uint16_t port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	memcpy(address, listen, bytes);
	address[bytes] = '\0';
	memset(ret, 0, sizeof(*ret));
	if (bytes > 2 && address[0] == '[' && address[bytes - 1] == ']') {
		address[bytes - 1] = '\0';
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		*ret_bytes = sizeof(*v6);
		return inet_pton(AF_INET6, address + 1, &v6->sin6_addr) == 1 ? 0 : ERR_INVALID;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = port;
	*ret_bytes = sizeof(*v4);
	return inet_pton(AF_INET, address, &v4->sin_addr) == 1 ? 0 : ERR_INVALID;
}

bool conf_is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
}

static int check_listen(const struct lk_value *value, const char **ret_message)
{
	struct sockaddr_storage address;
	socklen_t bytes;

	if (conf_listen_address(value->u.s, &address, &bytes) == 0)
		return 0;
	*ret_message = "write ADDRESS:PORT, as in \"127.0.0.1:8686\" or \"[::1]:8686\"";
	return LK_EINVAL;
}

static const struct lk_param environment_item = {
	.name = "environment",
	.type = LK_T_STRING,
	.label = "Environment",
	.help = "The name of an environment.",
	.check = name_check_plain,
};

static const struct lk_param folder_item = {
	.name = "folder",
	.type = LK_T_STRING,
	.label = "Folder",
	.help = "A folder.",
	.min = 1,
	.max = 1024,
};

static const struct lk_param host_item = {
	.name = "host",
	.type = LK_T_STRING,
	.label = "Host",
	.help = "A host name.",
	.min = 1,
	.max = 255,
};

static const struct lk_param tls_rows[TLS_ROWS] = {
	[TLS_CERTIFICATE] =
		{
			.name = "certificate",
			.type = LK_T_STRING,
			.label = "Certificate",
			.help = "PEM file with the listener's certificate and those between it and the root.",
			.min = 1,
			.max = 1024,
		},
	[TLS_KEY] =
		{
			.name = "key",
			.type = LK_T_STRING,
			.label = "Private key",
			.help = "PEM file with the certificate's private key.",
			.min = 1,
			.max = 1024,
		},
};

static const struct lk_param rows[HOST_ROWS] = {
	[HOST_NAME] =
		{
			.name = "name",
			.type = LK_T_STRING,
			.flags = LK_REQUIRED,
			.label = "Name",
			.help = "What this host is called in logs, metrics and beside other hosts.",
			.min = 1,
			.max = 64,
			.check = name_check_plain,
		},
	[HOST_ENVIRONMENTS] =
		{
			.name = "environments",
			.type = LK_T_LIST,
			.flags = LK_REQUIRED,
			.label = "Environments",
			.help = "The environments that this host serves.",
			.min = 1,
			.max = 100,
			.sub = &environment_item,
			.sub_count = 1,
			.sub_size = sizeof(environment_item),
		},
	[HOST_DEFINITIONS] =
		{
			.name = "definitions",
			.type = LK_T_STRING,
			.label = "Definitions",
			.help = "The folder with `environments`, `connections` and `projects`.",
			.def = ".",
			.min = 1,
			.max = 1024,
		},
	[HOST_STATE] =
		{
			.name = "state",
			.type = LK_T_STRING,
			.label = "State",
			.help = "The folder for everything that the host itself writes.",
			.def = "state",
			.min = 1,
			.max = 1024,
		},
	[HOST_PLUGINS] =
		{
			.name = "plugins",
			.type = LK_T_LIST,
			.label = "Plugins",
			.help = "Folders of connector plugins; without it, the one they were installed to.",
			.min = 1,
			.max = 16,
			.sub = &folder_item,
			.sub_count = 1,
			.sub_size = sizeof(folder_item),
		},
	[HOST_SECRETS] =
		{
			.name = "secrets",
			.type = LK_T_STRING,
			.label = "Secrets",
			.help = "The folder of `${secret:file/NAME}`; without it, systemd's credentials folder, "
				"or else `secrets` beside this file.",
			.min = 1,
			.max = 1024,
		},
	[HOST_LISTEN] =
		{
			.name = "listen",
			.type = LK_T_STRING,
			.label = "Listen",
			.help = "The address of the API and the console; without it, there is only the local "
				"socket.",
			.check = check_listen,
		},
	[HOST_SOCKET] =
		{
			.name = "socket",
			.type = LK_T_STRING,
			.label = "Socket",
			.help = "The local socket that `linkspan` talks to.",
			.def = "run/linkspand.sock",
			.min = 1,
			.max = 100,
		},
	[HOST_ALLOWED_HOSTS] =
		{
			.name = "allowed_hosts",
			.type = LK_T_LIST,
			.label = "Allowed hosts",
			.help = "Names by which the API may be called, beside localhost and its address.",
			.max = 100,
			.sub = &host_item,
			.sub_count = 1,
			.sub_size = sizeof(host_item),
		},
	[HOST_TLS] =
		{
			.name = "tls",
			.type = LK_T_GROUP,
			.label = "TLS",
			.help = "Certificate and key of the listener; needed unless it is on loopback.",
			.sub = tls_rows,
			.sub_count = TLS_ROWS,
			.sub_size = sizeof(tls_rows[0]),
		},
	[HOST_STATE_MAX_BYTES] =
		{
			.name = "state_max_bytes",
			.type = LK_T_SIZE,
			.label = "Most state",
			.help = "How large the state folder may grow before the host accepts no more.",
			.def = "10737418240",
			.min = 64LL << 20,
			.max = 1LL << 50,
		},
	[HOST_API_BODY_MAX_BYTES] =
		{
			.name = "api_body_max_bytes",
			.type = LK_T_SIZE,
			.flags = LK_ADVANCED,
			.label = "Largest body",
			.help = "The largest body of a request to the API; a larger one is answered 413.",
			.def = "1048576",
			.min = 1LL << 10,
			.max = 16LL << 20,
		},
	[HOST_LANES] =
		{
			.name = "lanes",
			.type = LK_T_INT,
			.flags = LK_ADVANCED,
			.label = "Lanes",
			.help = "Threads that deliver; 0 is one for each CPU, at most 4.",
			.def = "0",
			.min = 0,
			.max = 64,
		},
};

const struct conf_kind conf_kind_host = {"host", rows, HOST_ROWS};

/* NULL stays NULL; NULL for a path means: no memory. */
static const char *absolute(struct arena *a, const char *folder, const char *path)
{
	if (path[0] == '/')
		return arena_strdup(a, path);
	if (strcmp(path, ".") == 0)
		return arena_strdup(a, folder);
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	return arena_printf(a, "%s/%s", folder, path);
}

/* A NULL-terminated copy of a list of strings; with a folder, as absolute paths. */
static const char *const *copy_list(struct arena *a, const struct lk_value *list,
                                    const char *folder)
{
	const char **copy = arena_array(a, list->count + 1, sizeof(*copy));

	for (uint32_t i = 0; copy && i < list->count; i++) {
		const char *text = list->u.v[i]->u.s;
		copy[i] = folder ? absolute(a, folder, text) : arena_strdup(a, text);
		if (!copy[i])
			return NULL;
	}
	return copy;
}

static const char *const *plugin_folders(struct arena *a, const struct lk_value *list,
                                         const char *folder)
{
	if (list->is_set)
		return copy_list(a, list, folder);
	const char **installed = arena_array(a, 2, sizeof(*installed));
	if (installed)
		installed[0] = LINKSPAN_PLUGINDIR;
	return installed;
}

static const char *secrets_folder(struct arena *a, const struct lk_value *value, const char *folder)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY"); /* systemd.exec(5) */

	if (value->u.s)
		return absolute(a, folder, value->u.s);
	if (credentials && credentials[0] == '/')
		return arena_strdup(a, credentials);
	return absolute(a, folder, "secrets");
}

static int check_listener(struct loader *l, const struct node *group,
                          const struct lk_value *const *v)
{
	const struct lk_value *const *tls = v[HOST_TLS]->u.v;
	const char *certificate = tls[TLS_CERTIFICATE]->u.s, *key = tls[TLS_KEY]->u.s;
	const char *listen = v[HOST_LISTEN]->u.s;
	struct sockaddr_storage address;
	socklen_t bytes;

	if (!certificate != !key) {
		report_add(l->report, LK_FAULT_ERROR, node_get(group, "tls"), "missing_key",
		           "holds only one of `certificate` and `key`; both are needed");
		return ERR_INVALID;
	}
	if (listen && !certificate && conf_listen_address(listen, &address, &bytes) == 0 &&
	    !conf_is_loopback(&address)) {
		report_add(
			l->report, LK_FAULT_ERROR, node_get(group, "listen"), "needs_tls",
			"can be reached from other machines, and then `tls` is needed; without it "
			"only a loopback address is allowed, such as 127.0.0.1:8686");
		return ERR_INVALID;
	}
	return 0;
}

static int keep(struct conf_host *host, struct arena *a, const struct lk_value *const *v)
{
	const char *slash = strrchr(host->file, '/');
	const struct lk_value *const *tls = v[HOST_TLS]->u.v;
	const char *certificate = tls[TLS_CERTIFICATE]->u.s, *key = tls[TLS_KEY]->u.s;

	const char *folder = arena_dup(a, host->file, (size_t)(slash - host->file));
	if (!folder)
		return ERR_NO_MEMORY;
	host->name = arena_strdup(a, v[HOST_NAME]->u.s);
	host->environments = copy_list(a, v[HOST_ENVIRONMENTS], NULL);
	host->definitions = absolute(a, folder, v[HOST_DEFINITIONS]->u.s);
	host->state = absolute(a, folder, v[HOST_STATE]->u.s);
	host->plugins = plugin_folders(a, v[HOST_PLUGINS], folder);
	host->secrets = secrets_folder(a, v[HOST_SECRETS], folder);
	host->listen = arena_strdup(a, v[HOST_LISTEN]->u.s);
	host->socket = absolute(a, folder, v[HOST_SOCKET]->u.s);
	host->allowed_hosts = copy_list(a, v[HOST_ALLOWED_HOSTS], NULL);
	host->tls_certificate = certificate ? absolute(a, folder, certificate) : NULL;
	host->tls_key = key ? absolute(a, folder, key) : NULL;
	host->state_max_bytes = v[HOST_STATE_MAX_BYTES]->u.i;
	host->api_body_max_bytes = v[HOST_API_BODY_MAX_BYTES]->u.i;
	host->lanes = (int)v[HOST_LANES]->u.i;

	bool whole = host->name && host->environments && host->definitions && host->state &&
	             host->plugins && host->secrets && host->socket && host->allowed_hosts &&
	             (host->listen || !v[HOST_LISTEN]->u.s) &&
	             (host->tls_certificate || !certificate) && (host->tls_key || !key);
	return whole ? 0 : ERR_NO_MEMORY;
}

int host_read(struct loader *l, const struct source *source)
{
	struct conf_host host = {.file = source->file};
	const struct node *group;
	struct schema_values values;
	struct schema_part part;

	int rc = loader_top(l, source, &conf_kind_host, &group);
	if (rc < 0)
		return rc;
	schema_values_init(&values);
	rc = loader_read(l, group, &conf_kind_host, &values, &part);
	if (rc == 0)
		rc = check_listener(l, group, part.values);
	if (rc == 0)
		rc = keep(&host, &l->c->arena, part.values);
	if (rc == 0)
		l->c->host = host;
	schema_values_finish(&values);
	return rc;
}
