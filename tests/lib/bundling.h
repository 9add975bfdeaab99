/*
 * A catalogue over a temporary configuration, for tests of what leaves it in bundles and comes into it.  It
 * serves Test; there is Production too, and a project `billing`.
 */
#pragma once

#include "base/buf.h"
#include "conf/conf.h"
#include "core/bundle/bundle.h"
#include "core/catalog.h"
#include "core/export.h"
#include "core/import.h"
#include "crypto/random.h"
#include "plug/load.h"
#include "sqlite_fixture.h"
#include "json/json.h"

#define BUNDLING_CERTIFICATE                                                                       \
	"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2Vy\n-----END CERTIFICATE-----\n"
#define BUNDLING_KEY                                                                               \
	"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG\n-----END PRIVATE KEY-----\n"

static struct bundling {
	struct plugins plugins;
	struct store *store;
	struct catalog *catalog;
	struct buf zip, name;
	size_t keys; /* that went along */
} bundling;

static inline void bundling_define(const char *folder, const char *name, const char *settings,
                                   const char *environments)
{
	char file[256], text[4096];

	snprintf(file, sizeof(file), "%s/%s.conf", folder, name);
	snprintf(
		text, sizeof(text),
		"connection: { name = \"%s\"; type = \"webhook\"; settings: { method = \"POST\"; %s }; "
		"environments: { %s }; };\n",
		name, settings, environments);
	folder_write(file, text);
}

static inline void bundling_begin(void)
{
	const char *folder = getenv("LINKSPAN_BUILT_PLUGINS");
	struct plugin *plugin = NULL;
	struct err e = {0};
	char path[768];

	ck_assert_msg(folder != NULL, "run by make check");
	ck_assert_int_eq(crypto_init(NULL), 0);
	bundling = (struct bundling){0};
	buf_init(&bundling.zip, 2 * (size_t)BUNDLE_BYTES_MOST);
	buf_init(&bundling.name, BUF_MAX_LINE);
	plugins_init(&bundling.plugins);
	snprintf(path, sizeof(path), "%s/webhook.so", folder);
	ck_assert_msg(plugin_load_anywhere(path, &plugin, NULL, &e) == 0, "%s", e.text);
	ck_assert_int_eq(plugins_add(&bundling.plugins, plugin, &e), 0);
	bundling.store = fixture_open();
	folder_write("linkspan.conf",
	             "host: { name = \"origin\"; environments = ( \"Test\" ); };\n");
	folder_write(
		"environments/Test.conf",
		"environment: { name = \"Test\"; variables: { host = \"127.0.0.1\"; path = \"p\"; }; "
		"network: { allow = ( \"127.0.0.0/8\" ); }; };\n");
	folder_write("environments/Production.conf", "environment: { name = \"Production\"; };\n");
}

static inline void bundling_open(void)
{
	const struct catalog_options options = {
		.file = folder_path("linkspan.conf"),
		.plugins = &bundling.plugins,
		.store = bundling.store,
	};
	struct report report;
	struct err e = {0};

	report_init(&report);
	int rc = catalog_open(&options, &report, &bundling.catalog, &e);
	ck_assert_msg(rc == 0, "%s %s", e.text, folder_print(&report));
	report_finish(&report);
}

/* What is in the folder now. */
static inline void bundling_reload(void)
{
	catalog_close(bundling.catalog);
	bundling.catalog = NULL;
	bundling_open();
}

static inline void bundling_end(void)
{
	catalog_close(bundling.catalog);
	buf_finish(&bundling.zip);
	buf_finish(&bundling.name);
	fixture_end(bundling.store);
	plugins_finish(&bundling.plugins);
}

static inline int bundling_export_as(const struct export_call *call, struct err *e)
{
	*e = (struct err){0};
	buf_clear(&bundling.zip);
	buf_clear(&bundling.name);
	return export_bundle(bundling.catalog, call, &bundling.zip, &bundling.name, &bundling.keys,
	                     e);
}

static inline void bundling_export(const char *project, const char *name)
{
	const struct export_name names[] = {{project, name}};
	const struct export_call call = {.names = names, .count = 1};
	struct err e;

	ck_assert_msg(bundling_export_as(&call, &e) == 0, "%s", e.text);
}

static inline void bundling_read(const char *passphrase, struct bundle *ret)
{
	struct err e = {0};

	ck_assert_msg(bundle_read(bundling.zip.data, bundling.zip.len_bytes, passphrase, ret, &e) ==
	                      0,
	              "%s", e.text);
}
