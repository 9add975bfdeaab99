/* Import: the plan says all that would happen; then it happens whole or not at all. */
#include "core/import.h"

#include <sys/stat.h>

#include "bundling.h"
#include "suite.h"

#define URL    "url = \"http://${host}/\"; "
#define CA     URL "tls: { ca_file = \"ca.pem\"; };"
#define IN_ALL "Test: { };"

static struct bundle b;
static struct import_plan plan;
static const struct catalog_word word = {.actor = "local:anna", .action = "connection.import"};

/* Exports one connection that has a certificate, then takes it away. */
static void begin(const char *settings, const char *environments)
{
	bundling_begin();
	bundling_define("connections", "Hook", settings, environments);
	folder_write("connections/ca.pem", BUNDLING_CERTIFICATE);
	bundling_open();
	bundling_export("global", "Hook");
	bundling_read(NULL, &b);
	ck_assert_int_eq(remove(folder_path("connections/ca.pem")), 0);
	ck_assert_int_eq(remove(folder_path("connections/Hook.conf")), 0);
	bundling_reload();
}

static void end(void)
{
	import_plan_finish(&plan);
	bundle_finish(&b);
	bundling_end();
}

static void make_plan(struct import_options options)
{
	struct err e = {0};

	import_plan_finish(&plan);
	ck_assert_msg(import_plan_make(bundling.catalog, &b, &options, &plan, &e) == 0, "%s",
	              e.text);
}

static const char *text_of(const struct json *v, const char *key)
{
	const char *text = json_as_string(json_get(v, key));

	return text ? text : "";
}

/* Of item i: "ACTION PROJECT/NAME>TO_NAME", each that is missing, each fault. */
static const char *show(size_t i)
{
	static char text[4096];
	const struct json *item = json_at(json_get(plan.document, "items"), i);
	const struct json *missing = json_get(item, "missing"), *faults = json_get(item, "faults");
	size_t at = (size_t)snprintf(text, sizeof(text), "%s %s/%s>%s", text_of(item, "action"),
	                             text_of(item, "project"), text_of(item, "name"),
	                             text_of(item, "to_name"));

	for (size_t k = 0; k < json_count(missing); k++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "; no %s %s",
		                       text_of(json_at(missing, k), "kind"),
		                       text_of(json_at(missing, k), "name"));
	for (size_t k = 0; k < json_count(faults); k++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "; fault %s",
		                       text_of(json_at(faults, k), "code"));
	return text;
}

static const char *show_file(size_t i)
{
	static char text[1024];
	const struct json *file = json_at(json_get(plan.document, "files"), i);

	snprintf(text, sizeof(text), "%s %s", text_of(file, "action"), text_of(file, "name"));
	return text;
}

static void apply(void)
{
	struct catalog_answer a;
	struct err e = {0};

	ck_assert(json_as_bool(json_get(plan.document, "ok")));
	catalog_answer_init(&a);
	ck_assert_msg(import_plan_apply(bundling.catalog, &plan, &word, &a, &e) == 0, "%s %s",
	              e.text, folder_print(&a.report));
	catalog_answer_finish(&a);
}

static bool is_saved(const char *project, const char *name)
{
	const struct catalog_entry *entry = catalog_find_exactly(bundling.catalog, project, name);

	catalog_release(entry);
	return entry != NULL;
}

/* "" when there is none. */
static const char *saved_text(const char *name, const char *path)
{
	static char text[1024];
	const struct catalog_entry *entry = catalog_find_exactly(bundling.catalog, "global", name);
	const struct node *n = entry ? entry->definition->settings : NULL;

	text[0] = '\0';
	n = n && strcmp(path, "ca_file") == 0 ? node_get(n, "tls") : n;
	n = n ? node_get(n, path) : NULL;
	if (n && n->kind == NODE_STRING)
		snprintf(text, sizeof(text), "%s", n->u.s);
	catalog_release(entry);
	return text;
}

START_TEST(a_connection_comes_with_its_files)
{
	struct stat st;

	begin(CA, IN_ALL);
	make_plan((struct import_options){.with_files = true});
	ck_assert_str_eq(show(0), "create global/Hook>Hook");
	ck_assert_str_eq(show_file(0), "write ca.pem");
	ck_assert(!is_saved("global", "Hook"));
	apply();
	ck_assert(is_saved("global", "Hook"));
	const char *path = saved_text("Hook", "ca_file");
	ck_assert_ptr_eq(strstr(path, folder_path("tls/imported/")), path);
	ck_assert_ptr_nonnull(strstr(path, "-ca.pem"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);

	/* Once more: nothing to do. */
	make_plan((struct import_options){.with_files = true});
	ck_assert_str_eq(show(0), "same global/Hook>Hook");
	ck_assert_str_eq(show_file(0), "same ca.pem");
	apply();
	end();
}
END_TEST

START_TEST(keys_are_for_the_host_alone)
{
	static const struct export_name names[] = {{"global", "Hook"}};
	const struct export_call call = {
		.names = names, .count = 1, .passphrase = "correct horse", .may_take_keys = true};
	struct stat st;
	struct err e;

	bundling_begin();
	bundling_define("connections", "Hook", URL "tls: { client_key = \"k.pem\"; };",
	                "Production: { };");
	folder_write("connections/k.pem", BUNDLING_KEY);
	bundling_open();
	ck_assert_int_eq(bundling_export_as(&call, &e), 0);
	bundling_read("correct horse", &b);
	/* What the bundle says of the file does not count. */
	b.files[0].kind = BUNDLE_CERTIFICATE;
	ck_assert_int_eq(remove(folder_path("connections/k.pem")), 0);
	make_plan((struct import_options){.with_files = true, .on_conflict = IMPORT_OVERWRITE});
	ck_assert_str_eq(show_file(0), "write k.pem");
	ck_assert_int_eq(stat(plan.files[0].path, &st), -1);
	bool ok = plan.ok;
	if (ok)
		apply();
	ck_assert(ok);
	ck_assert_int_eq(stat(plan.files[0].path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	end();
}
END_TEST

START_TEST(files_that_are_there_already_stay_in_their_place)
{
	begin(CA, IN_ALL);
	folder_write("connections/ca.pem", BUNDLING_CERTIFICATE);
	make_plan((struct import_options){.with_files = true});
	ck_assert_str_eq(show(0), "create global/Hook>Hook");
	ck_assert_str_eq(show_file(0), "same ca.pem");
	apply();
	ck_assert_str_eq(saved_text("Hook", "ca_file"), "ca.pem");
	end();
}
END_TEST

START_TEST(files_can_be_left_out)
{
	begin(CA, IN_ALL);
	make_plan((struct import_options){.with_files = false});
	ck_assert_str_eq(show(0), "create global/Hook>Hook; no file ca.pem; fault file_unreadable");
	ck_assert_str_eq(show_file(0), "left_out ca.pem");
	ck_assert(!plan.ok);
	folder_write("connections/ca.pem", "another certificate");
	make_plan((struct import_options){.with_files = false});
	ck_assert_str_eq(show(0), "create global/Hook>Hook");
	apply();
	ck_assert_str_eq(saved_text("Hook", "ca_file"), "ca.pem");
	end();
}
END_TEST

START_TEST(a_conflict_stops_it_by_default)
{
	struct catalog_answer a;
	struct err e = {0};

	begin(URL, IN_ALL);
	bundling_define("connections", "Hook", "url = \"http://127.0.0.1/other\";", IN_ALL);
	bundling_reload();
	make_plan((struct import_options){.with_files = true});
	ck_assert_str_eq(show(0), "conflict global/Hook>Hook");
	ck_assert(!plan.ok);
	catalog_answer_init(&a);
	ck_assert_int_eq(import_plan_apply(bundling.catalog, &plan, &word, &a, &e), ERR_CONFLICT);
	catalog_answer_finish(&a);
	ck_assert_str_eq(saved_text("Hook", "url"), "http://127.0.0.1/other");

	make_plan((struct import_options){.on_conflict = IMPORT_OVERWRITE, .with_files = true});
	ck_assert_str_eq(show(0), "overwrite global/Hook>Hook");
	apply();
	ck_assert_str_eq(saved_text("Hook", "url"), "http://${host}/");
	end();
}
END_TEST

START_TEST(what_changed_since_the_plan_is_not_overwritten)
{
	struct catalog_answer a;
	struct err e = {0};

	begin(URL, IN_ALL);
	bundling_define("connections", "Hook", "url = \"http://127.0.0.1/other\";", IN_ALL);
	bundling_reload();
	make_plan((struct import_options){.on_conflict = IMPORT_OVERWRITE, .with_files = true});
	bundling_define("connections", "Hook", "url = \"http://127.0.0.1/third\";", IN_ALL);
	bundling_reload();
	catalog_answer_init(&a);
	ck_assert_int_eq(import_plan_apply(bundling.catalog, &plan, &word, &a, &e), ERR_CONFLICT);
	ck_assert_str_eq(a.code, "stale");
	catalog_answer_finish(&a);
	ck_assert_str_eq(saved_text("Hook", "url"), "http://127.0.0.1/third");
	end();
}
END_TEST

START_TEST(another_name_is_found)
{
	begin(URL "alert_connection = \"Hook\";", IN_ALL);
	bundling_define("connections", "Hook", "url = \"http://127.0.0.1/a\";", IN_ALL);
	bundling_define("projects/billing/connections", "hook-2", "url = \"http://127.0.0.1/b\";",
	                IN_ALL);
	bundling_reload();
	make_plan((struct import_options){.on_conflict = IMPORT_RENAME, .with_files = true});
	ck_assert_str_eq(show(0), "rename global/Hook>Hook-3");
	apply();
	ck_assert_str_eq(saved_text("Hook-3", "url"), "http://${host}/");
	/* It goes on to alert through itself. */
	ck_assert_str_eq(saved_text("Hook-3", "alert_connection"), "Hook-3");
	ck_assert_str_eq(saved_text("Hook", "url"), "http://127.0.0.1/a");
	end();
}
END_TEST

START_TEST(a_name_of_another_scope_cannot_be_overwritten)
{
	begin(URL, IN_ALL);
	bundling_define("projects/billing/connections", "Hook", URL, IN_ALL);
	bundling_reload();
	make_plan((struct import_options){.on_conflict = IMPORT_OVERWRITE, .with_files = true});
	ck_assert_str_eq(show(0), "conflict global/Hook>Hook");
	make_plan((struct import_options){
		.project = "billing", .on_conflict = IMPORT_OVERWRITE, .with_files = true});
	ck_assert_str_eq(show(0), "same billing/Hook>Hook");
	end();
}
END_TEST

START_TEST(it_can_go_into_a_project)
{
	begin(CA, IN_ALL);
	make_plan((struct import_options){.project = "shop", .with_files = true});
	ck_assert_str_eq(show(0), "create shop/Hook>Hook");
	apply();
	ck_assert(is_saved("shop", "Hook"));
	ck_assert(!is_saved("global", "Hook"));
	struct import_plan other;
	const struct import_options bad = {.project = "../x"};
	ck_assert_int_eq(import_plan_make(bundling.catalog, &b, &bad, &other, NULL), ERR_INVALID);
	import_plan_finish(&other);
	end();
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	begin(URL "headers = ( { name = \"X-A\"; value = \"${secret:file/token}\"; } ); "
	          "alert_connection = \"Alarm\";",
	      "Test: { }; Production: { url = \"https://${other}/\"; };");
	make_plan((struct import_options){.with_files = true});
	ck_assert_str_eq(show(0), "create global/Hook>Hook; no variable host; no variable other; "
	                          "no secret file/token; no connection Alarm");
	ck_assert(plan.ok);
	folder_write("secrets/token", "x");
	ck_assert_int_eq(chmod(folder_path("secrets"), 0700), 0);
	ck_assert_int_eq(chmod(folder_path("secrets/token"), 0600), 0);
	make_plan((struct import_options){.with_files = true});
	ck_assert_ptr_null(strstr(show(0), "secret"));
	end();
}
END_TEST

START_TEST(an_unknown_environment_stops_it_or_is_left_out)
{
	begin(URL, "Test: { }; Production: { };");
	ck_assert_int_eq(remove(folder_path("environments/Production.conf")), 0);
	bundling_reload();
	make_plan((struct import_options){.with_files = true});
	ck_assert_ptr_nonnull(strstr(show(0), "no environment Production"));
	ck_assert(!plan.ok);
	make_plan((struct import_options){.with_files = true, .skips_environments = true});
	ck_assert_str_eq(show(0), "create global/Hook>Hook");
	apply();
	const struct catalog_entry *entry =
		catalog_find_exactly(bundling.catalog, "global", "Hook");
	ck_assert_ptr_null(node_get(entry->definition->environments, "Production"));
	ck_assert_ptr_nonnull(node_get(entry->definition->environments, "Test"));
	catalog_release(entry);
	end();
}
END_TEST

START_TEST(an_unknown_type_stops_it)
{
	begin(URL, IN_ALL);
	json_set((struct json *)b.connections[0].definition, "type", json_string("mqtt"));
	make_plan((struct import_options){.with_files = true});
	ck_assert_ptr_nonnull(strstr(show(0), "no type mqtt"));
	ck_assert(!plan.ok);
	end();
}
END_TEST

START_TEST(faults_are_told_before)
{
	begin(URL, IN_ALL);
	struct json *settings = (struct json *)json_get(b.connections[0].definition, "settings");
	json_set(settings, "method", json_string("FETCH"));
	make_plan((struct import_options){.with_files = true});
	ck_assert_ptr_nonnull(strstr(show(0), "; fault "));
	ck_assert(!plan.ok);
	end();
}
END_TEST

/* Nobody can make the host write over a certificate by hitting the eight digits of its name. */
START_TEST(another_file_by_the_same_name_is_left_alone)
{
	struct stat st;

	begin(CA, IN_ALL);
	make_plan((struct import_options){.with_files = true});
	const char *slash = strstr(plan.files[0].path, "tls/imported/");
	folder_write(slash, "somebody else's");
	make_plan((struct import_options){.with_files = true});
	ck_assert_uint_eq(strlen(strrchr(plan.files[0].path, '/')), strlen("/-ca.pem") + 64);
	apply();
	ck_assert_int_eq(stat(plan.files[0].path, &st), 0);
	end();
}
END_TEST

/* The plan was good, the catalogue refuses: the file goes again. */
START_TEST(nothing_is_left_of_an_import_that_failed)
{
	struct catalog_answer a;
	struct stat st;

	begin(CA, IN_ALL);
	make_plan((struct import_options){.with_files = true});
	folder_write("connections/Hook.conf", "somebody's");
	catalog_answer_init(&a);
	ck_assert_int_eq(import_plan_apply(bundling.catalog, &plan, &word, &a, NULL), ERR_CONFLICT);
	catalog_answer_finish(&a);
	ck_assert_int_eq(stat(plan.files[0].path, &st), -1);
	end();
}
END_TEST

START_TEST(without_memory_it_is_said_and_nothing_is_done)
{
	const struct import_options options = {.with_files = true};
	int pending = 0;
	unsigned n;

	begin(CA, IN_ALL);
	for (n = 1; !pending; n++) {
		import_plan_finish(&plan);
		mem_fail_at(n);
		int rc = import_plan_make(bundling.catalog, &b, &options, &plan, NULL);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 || (rc == ERR_NO_MEMORY && !pending));
		ck_assert(!is_saved("global", "Hook"));
	}
	ck_assert_uint_gt(n, 20);
	ck_assert(plan.ok);
	end();
}
END_TEST

START_TEST(without_memory_the_files_are_there_or_not_as_the_connection_is)
{
	struct catalog_answer a;
	struct stat st;
	unsigned n;
	int rc = ERR_NO_MEMORY;

	begin(CA, IN_ALL);
	make_plan((struct import_options){.with_files = true});
	for (n = 1; rc != 0; n++) {
		catalog_answer_init(&a);
		mem_fail_at(n);
		rc = import_plan_apply(bundling.catalog, &plan, &word, &a, NULL);
		mem_fail_at(0);
		catalog_answer_finish(&a);
		bool saved = is_saved("global", "Hook");
		ck_assert_int_eq(saved, stat(plan.files[0].path, &st) == 0);
		ck_assert(saved || rc < 0);
		if (saved)
			break;
	}
	ck_assert_uint_gt(n, 20);
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_connection_comes_with_its_files),
	SUITE_TEST(keys_are_for_the_host_alone),
	SUITE_TEST(files_that_are_there_already_stay_in_their_place),
	SUITE_TEST(files_can_be_left_out),
	SUITE_TEST(a_conflict_stops_it_by_default),
	SUITE_TEST(what_changed_since_the_plan_is_not_overwritten),
	SUITE_TEST(another_name_is_found),
	SUITE_TEST(a_name_of_another_scope_cannot_be_overwritten),
	SUITE_TEST(it_can_go_into_a_project),
	SUITE_TEST(what_is_missing_is_named),
	SUITE_TEST(an_unknown_environment_stops_it_or_is_left_out),
	SUITE_TEST(an_unknown_type_stops_it),
	SUITE_TEST(faults_are_told_before),
	SUITE_TEST(another_file_by_the_same_name_is_left_alone),
	SUITE_TEST(nothing_is_left_of_an_import_that_failed),
	SUITE_TEST(without_memory_it_is_said_and_nothing_is_done),
	SUITE_TEST(without_memory_the_files_are_there_or_not_as_the_connection_is),
};

SUITE_MAIN("import", tests)
