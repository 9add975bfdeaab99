/*
 * The API of a host with one connection, Echo, in the environment Test: a real store, real lanes and a
 * plugin that needs no network; and a peer that asks.
 */
#pragma once

#include <netinet/in.h>
#include <sys/un.h>

#include "admin/admin.h"
#include "core/catalog.h"
#include "hosting.h"
#include "http_peer.h"
#include "httpd/listener.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "json/json.h"

static struct api {
	struct store *store;
	struct catalog *catalog; /* NULL: there is none */
	struct admin *admin;
	struct sockaddr_un address; /* of the local socket: whoever asks there may do everything */
	struct sockaddr_in listener;
} api;

static inline struct admin_configuration api_configuration(const char *problem)
{
	static const char *const environments[] = {"Test", NULL};

	return (struct admin_configuration){
		.name = "test",
		.environments = environments,
		.file = "/etc/linkspan.conf",
		.loaded_ms = 1000,
		.connections = 1,
		.problem = problem,
	};
}

static inline int api_local_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	api.address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(api.address.sun_path, sizeof(api.address.sun_path), "%s", folder_path("socket"));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&api.address, sizeof(api.address)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	return fd;
}

/* The store, and what is defined. */
static inline void api_open_store(const char *settings)
{
	static const char *const plugins[] = {"echo", NULL};
	struct err e = {0};

	api.catalog = NULL;
	hosting_begin(plugins, "");
	hosting_define("Echo", "echo", settings);
	const struct sqlite_options options = {.folder = folder_root};
	ck_assert_msg(sqlite_store_open(&options, &api.store, &e) == 0, "%s", e.text);
}

static inline void api_serve(void)
{
	const struct admin_configuration c = api_configuration(NULL);
	static const char *const hosts[] = {"h", NULL};
	socklen_t bytes = sizeof(api.listener);
	struct err e = {0};

	const struct admin_listener listener = {.fd = listener_open("127.0.0.1", 0, &e),
	                                        .hosts = hosts};
	ck_assert_msg(listener.fd >= 0, "%s", e.text);
	getsockname(listener.fd, (struct sockaddr *)&api.listener, &bytes);
	const struct admin_options admin = {.host = hosting.host,
	                                    .catalog = api.catalog,
	                                    .local_fd = api_local_socket(),
	                                    .listener = &listener,
	                                    .configuration = &c};
	ck_assert_msg(admin_start(&admin, &api.admin, &e) == 0, "%s", e.text);
}

static inline void api_start_with(const char *settings)
{
	api_open_store(settings);
	hosting_start((struct host_options){.lanes = 1, .store = api.store});
	hosting_open("Echo");
	api_serve();
}

static inline void api_start(void)
{
	api_start_with("");
}

/* The same with a catalogue.  deploys: Test deploys by itself, and so has Echo, as number 1. */
static inline void api_start_with_catalogue_that(bool deploys)
{
	struct err e = {0};

	api_open_store("");
	if (deploys)
		folder_write("environments/Test.conf",
		             "environment: { name = \"Test\"; auto_deploy = true; };\n");
	const struct catalog_options options = {.file = folder_path("linkspan.conf"),
	                                        .plugins = &hosting.plugins,
	                                        .store = api.store};
	ck_assert_msg(catalog_open(&options, &hosting.report, &api.catalog, &e) == 0, "%s %s",
	              e.text, folder_print(&hosting.report));
	hosting_start((struct host_options){.lanes = 1, .store = api.store});
	ck_assert_msg(catalog_start(api.catalog, hosting.host, &e) == 0, "%s", e.text);
	api_serve();
}

static inline void api_start_with_catalogue(void)
{
	api_start_with_catalogue_that(true);
}

static inline void api_stop(void)
{
	admin_stop(api.admin, 1000);
	host_destroy(hosting.host);
	hosting.host = NULL;
	catalog_close(api.catalog);
	store_close(api.store);
	hosting_end();
}

/* The whole reply, until the next call; headers end with CR LF each. */
static inline const char *api_ask_at(int fd, const char *method, const char *target,
                                     const char *headers, const char *body)
{
	static char text[8192];

	snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: h\r\n%s", method, target, headers);
	size_t used = strlen(text);
	if (body)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "Content-Length: %zu\r\n", strlen(body));
	snprintf(text + used, sizeof(text) - used, "\r\n%s", body ? body : "");
	peer_say(fd, text);
	const char *reply = peer_hear_reply(fd, strcmp(method, "HEAD") != 0);
	close(fd);
	return reply;
}

static inline const char *api_ask_with(const char *method, const char *target, const char *headers,
                                       const char *body)
{
	int fd = peer_dial((struct sockaddr *)&api.address, sizeof(api.address));

	return api_ask_at(fd, method, target, headers, body);
}

/* The same over TCP. */
static inline const char *api_ask_tcp(const char *method, const char *target, const char *headers,
                                      const char *body)
{
	int fd = peer_dial((struct sockaddr *)&api.listener, sizeof(api.listener));

	return api_ask_at(fd, method, target, headers, body);
}

static inline const char *api_ask(const char *method, const char *target, const char *body)
{
	return api_ask_with(method, target, "", body);
}

/* The document of a reply; json_free(). */
static inline struct json *api_read(const char *reply)
{
	struct json *document = NULL;
	struct err e = {0};
	const char *body = peer_body(reply);

	ck_assert_msg(json_read(body, strlen(body), &document, &e) == 0, "%s: %s", e.text, reply);
	return document;
}

/* A member of a reply that is text, until the next call. */
static inline const char *api_text(const char *reply, const char *member)
{
	static char text[512];
	struct json *document = api_read(reply);
	const char *found = json_as_string(json_get(document, member));

	snprintf(text, sizeof(text), "%s", found ? found : "(none)");
	json_free(document);
	return text;
}

static inline void api_expect(const char *reply, unsigned status, const char *code)
{
	ck_assert_msg(peer_status(reply) == status, "%s", reply);
	if (code)
		ck_assert_str_eq(api_text(reply, "code"), code);
}
