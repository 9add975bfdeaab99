/* What arguments are, by the word that help has for them. */
#include "linkspan/word.h"

#include "base/banned.h"
#include "suite.h"

static const struct {
	const char *arg;
	enum word_kind kind;
} known[] = {
	{"NAME", WORD_LISTED},        {"ID", WORD_LISTED},
	{"ID…", WORD_LISTED},         {"[CONTEXT]", WORD_LISTED},
	{"FILE.so", WORD_FILE},       {"[FILE|FOLDER]", WORD_FILE},
	{"TEXT|@FILE", WORD_AT_FILE}, {"SHELL", WORD_CHOICE},
	{"STATE", WORD_SEVERAL},      {"[COMMAND [VERB]]", WORD_COMMAND},
};

START_TEST(a_known_word)
{
	const struct word *word = word_of(known[_i].arg);

	ck_assert_ptr_nonnull(word);
	ck_assert_int_eq(word->kind, known[_i].kind);
}
END_TEST

static const char *const unknown[] = {"", "…", "[]", "[", "NAM", "NAMES", "NAME: VALUE", "TIME"};

START_TEST(anything_else_is_text)
{
	ck_assert_ptr_null(word_of(unknown[_i]));
	ck_assert_ptr_null(word_of(NULL));
}
END_TEST

static const struct {
	const char *one;
	bool is_one;
} choices[] = {
	{"bash", true}, {"zsh", true},    {"fish", true},      {"", false},
	{"ash", false}, {"fis", false},   {"bash zsh", false}, {"b", false},
	{"ish", false}, {"bashz", false}, {"FISH", false},     {" ", false},
};

START_TEST(choices_are_whole_words)
{
	ck_assert_int_eq(word_has("bash zsh fish", choices[_i].one), choices[_i].is_one);
}
END_TEST

START_TEST(a_word_behind_one_that_holds_it)
{
	ck_assert(word_has("always al", "al"));
	ck_assert(!word_has("always allways", "al"));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_known_word, known),
	SUITE_LOOP(anything_else_is_text, unknown),
	SUITE_LOOP(choices_are_whole_words, choices),
	SUITE_TEST(a_word_behind_one_that_holds_it),
};
SUITE_MAIN("word", tests)
