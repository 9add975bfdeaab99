/* The store in an SQLite file keeps the laws of stores. */
#include "sqlite_fixture.h"
#include "store_laws.h"

STORE_LAWS_TEST(laws, &fixture_maker)

static const struct suite_test tests[] = {SUITE_LOOP(laws, store_laws)};

SUITE_MAIN("store laws", tests)
