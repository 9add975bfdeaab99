/* Tests of the table of active deployments. */
#include <stdio.h>
#include <string.h>

#include "core/catalog_impl.h"
#include "suite.h"

static struct catalog catalog;

static void begin(void)
{
	catalog = (struct catalog){.lock = PTHREAD_RWLOCK_INITIALIZER};
}

static void end(void)
{
	actives_finish(&catalog);
	pthread_rwlock_destroy(&catalog.lock);
}

static int try_put(const char *project, const char *name, const char *environment, uint32_t number)
{
	const struct store_deployment d = {
		.place = {project, name, environment},
		.number = number,
		.revision = "r",
		.actor = "local:anna",
		.note = number > 1 ? "note" : NULL,
		.enabled = true,
	};
	uint8_t digest[HASH_BYTES] = {(uint8_t)number};
	struct active *active = NULL;
	int rc = actives_prepare(&catalog, &d, digest, &active);

	if (rc == 0)
		actives_put(&catalog, active);
	return rc;
}

static void put(const char *project, const char *name, const char *environment, uint32_t number)
{
	ck_assert_int_eq(try_put(project, name, environment, number), 0);
}

/* "project/name/environment number;…" in the order of the table. */
static const char *all(void)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < catalog.active_count; i++) {
		const struct active *a = catalog.actives[i];
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s/%s/%s %u%s;",
		                         a->place.project, a->place.connection,
		                         a->place.environment, a->number, a->held_back ? "!" : "");
	}
	return text;
}

static int rename_to(const char *from_project, const char *from, const char *to_project,
                     const char *to)
{
	const struct store_naming naming = {from_project, from, to_project, to, NULL};
	struct actives_renamed renamed;
	int rc = actives_copy_renamed(&catalog, &naming, &renamed);

	if (rc == 0)
		actives_rename(&catalog, from_project, from, &renamed);
	actives_renamed_finish(&renamed);
	return rc;
}

START_TEST(they_stand_in_their_order_each_place_once)
{
	begin();
	put("Shop", "b", "Test", 1);
	put("global", "B", "Live", 2);
	put("global", "a", "Test", 3);
	put("global", "b", "Test", 4);
	ck_assert_str_eq(all(), "global/a/Test 3;global/B/Live 2;global/b/Test 4;Shop/b/Test 1;");
	put("global", "B", "Test", 5);
	ck_assert_str_eq(all(), "global/a/Test 3;global/B/Live 2;global/B/Test 5;Shop/b/Test 1;");
	end();
}
END_TEST

START_TEST(they_are_found_by_name_whatever_its_case)
{
	size_t first;

	begin();
	put("global", "Orders", "Live", 1);
	put("global", "Orders", "Test", 2);
	put("global", "Orders2", "Test", 3);
	ck_assert_uint_eq(
		actives_find(&catalog, &(struct store_place){"GLOBAL", "orders", "Test"})->number,
		2);
	/* Environments have a case. */
	ck_assert_ptr_null(
		actives_find(&catalog, &(struct store_place){"global", "Orders", "test"}));
	ck_assert_ptr_null(actives_find(&catalog, &(struct store_place){"Shop", "Orders", "Test"}));
	ck_assert_uint_eq(actives_of(&catalog, "global", "ORDERS", &first), 2);
	ck_assert_uint_eq(first, 0);
	ck_assert_uint_eq(actives_of(&catalog, "global", "Order", &first), 0);
	actives_take_out(&catalog, &(struct store_place){"global", "orders", "Live"});
	actives_take_out(&catalog, &(struct store_place){"global", "orders", "Live"});
	ck_assert_str_eq(all(), "global/Orders/Test 2;global/Orders2/Test 3;");
	/* By its own names, which go with it. */
	actives_take_out(&catalog, &catalog.actives[0]->place);
	ck_assert_str_eq(all(), "global/Orders2/Test 3;");
	end();
}
END_TEST

START_TEST(all_of_a_connection_get_another_name)
{
	begin();
	put("global", "a", "Live", 1);
	put("global", "a", "Test", 2);
	put("global", "m", "Test", 3);
	catalog.actives[1]->held_back = true;
	ck_assert_int_eq(rename_to("global", "a", "global", "z"), 0);
	ck_assert_str_eq(all(), "global/m/Test 3;global/z/Live 1;global/z/Test 2!;");
	ck_assert_int_eq(rename_to("global", "z", "Shop", "z"), 0);
	ck_assert_str_eq(all(), "global/m/Test 3;Shop/z/Live 1;Shop/z/Test 2!;");
	ck_assert_int_eq(rename_to("Shop", "z", "Shop", "Z"), 0);
	ck_assert_str_eq(all(), "global/m/Test 3;Shop/Z/Live 1;Shop/Z/Test 2!;");
	ck_assert_uint_eq(catalog.actives[1]->digest[0], 1);
	ck_assert_str_eq(catalog.actives[2]->note, "note");
	ck_assert_int_eq(rename_to("Shop", "nobody", "Shop", "x"), 0);
	ck_assert_str_eq(all(), "global/m/Test 3;Shop/Z/Live 1;Shop/Z/Test 2!;");
	end();
}
END_TEST

START_TEST(many_have_room)
{
	char name[16];

	begin();
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "c%03u", (i * 37) % 300);
		put("global", name, "Test", i);
	}
	ck_assert_uint_eq(catalog.active_count, 300);
	for (size_t i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "c%03zu", i);
		ck_assert_str_eq(catalog.actives[i]->place.connection, name);
	}
	end();
}
END_TEST

START_TEST(without_memory_they_stay_as_they_are)
{
	int rc = -1;

	begin();
	put("global", "a", "Live", 1);
	put("global", "a", "Test", 2);
	for (unsigned n = 1; rc < 0 && n < 100; n++) {
		mem_fail_at(n);
		rc = rename_to("global", "a", "Shop", "b");
		mem_fail_at(0);
		ck_assert_str_eq(all(), rc < 0 ? "global/a/Live 1;global/a/Test 2;"
		                               : "Shop/b/Live 1;Shop/b/Test 2;");
	}
	ck_assert_int_eq(rc, 0);
	rc = -1;
	for (unsigned n = 1; rc < 0 && n < 100; n++) {
		mem_fail_at(n);
		rc = try_put("Shop", "b", "Test", 3);
		mem_fail_at(0);
		ck_assert_str_eq(all(), rc < 0 ? "Shop/b/Live 1;Shop/b/Test 2;"
		                               : "Shop/b/Live 1;Shop/b/Test 3;");
	}
	ck_assert_int_eq(rc, 0);
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(they_stand_in_their_order_each_place_once),
	SUITE_TEST(they_are_found_by_name_whatever_its_case),
	SUITE_TEST(all_of_a_connection_get_another_name),
	SUITE_TEST(many_have_room),
	SUITE_TEST(without_memory_they_stay_as_they_are),
};
SUITE_MAIN("actives", tests)
