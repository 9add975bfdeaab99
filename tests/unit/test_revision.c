/* Revisions: the same for what is the same once it is deployed. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/definition.h"
#include "definition_reading.h"

static void revision_of(const char *text, char *ret)
{
	start();
	ck_assert_int_eq(definition_revision(read_group(text, strlen(text)), ret), 0);
	done();
}

START_TEST(a_revision_is_the_hash_of_canonical_json)
{
	char revision[REVISION_BYTES];

	/* printf '{"a":[1,true,{}],"b":{"enabled":false,"x":"\\"ü\\n"},"d":1.5}' | sha256sum */
	revision_of(
		"connection: { d = 1.5; enabled = true; b: { x = \"\\\"ü\\n\"; enabled = false; };"
		" a = ( 1, true, { } ); };",
		revision);
	ck_assert_str_eq(revision,
	                 "1051336c9b660dfbee4ba57c4c054e282d6da007e022d0b37c950860b5896d6b");
}
END_TEST

START_TEST(a_revision_changes_with_what_acts_by_a_deployment)
{
	static const char *const same[] = {
		"connection: { a = 1; b = 2; };",
		"# a comment\nconnection: { b = 2; a = 1; };",
		"connection = { a = 0x1; b = 2L; enabled = false; };",
	};
	static const char *const others[] = {
		"connection: { a = 1; b = 3; };",
		"connection: { a = 1; b = \"2\"; };",
		"connection: { a = 1; };",
		"connection: { a = 1; b = 2; c: { }; };",
		"connection: { a = 1; b = ( 2 ); };",
	};
	char first[REVISION_BYTES], other[REVISION_BYTES];

	revision_of(same[0], first);
	for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
		revision_of(same[i], other);
		ck_assert_str_eq(first, other);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		revision_of(others[i], other);
		ck_assert_str_ne(first, other);
	}
}
END_TEST

static const char faulty_text[] =
	"connection: { a = \"x\"; l = ( \"a\", { b = 1; } ); g: { h: { c = 1.5; }; }; };";

START_TEST(a_revision_survives_every_failing_allocation)
{
	char revision[REVISION_BYTES] = "untouched";
	int rc = ERR_NO_MEMORY;

	start();
	const struct node *group = read_group(faulty_text, strlen(faulty_text));
	for (unsigned n = 1; rc != 0; n++) {
		mem_fail_at(n);
		rc = definition_revision(group, revision);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending : rc == ERR_NO_MEMORY);
		ck_assert(rc == 0 || strcmp(revision, "untouched") == 0);
	}
	done();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_revision_is_the_hash_of_canonical_json),
	SUITE_TEST(a_revision_changes_with_what_acts_by_a_deployment),
	SUITE_TEST(a_revision_survives_every_failing_allocation),
};

SUITE_MAIN("revision", tests)
