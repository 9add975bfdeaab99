/* Entries as the journal is given them; the journal itself stands here. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "journal/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "suite.h"

static char entry[4096];
static int answer;

int sd_journal_sendv(const struct iovec *iov, int n)
{
	size_t used = 0;

	for (int i = 0; i < n; i++)
		used += (size_t)snprintf(entry + used, sizeof(entry) - used, "%.*s\n",
		                         (int)iov[i].iov_len, (const char *)iov[i].iov_base);
	return answer;
}

static const struct {
	enum log_level level;
	const char *message, *reason, *entry;
} entries[] = {
	{LOG_LEVEL_INFO, "retry", "http_503",
         "MESSAGE=retry reason=http_503\nREASON=http_503\nPRIORITY=6\n"},
	{LOG_LEVEL_ERROR, "it failed", NULL, "MESSAGE=it failed\nPRIORITY=3\n"},
	{LOG_LEVEL_WARNING, "m", "a b\nMESSAGE=c",
         "MESSAGE=m reason=\"a b\\u000aMESSAGE=c\"\nREASON=a b\nMESSAGE=c\nPRIORITY=4\n"},
	{LOG_LEVEL_DEBUG, "m", "", "MESSAGE=m reason=\"\"\nREASON=\nPRIORITY=7\n"},
};

START_TEST(an_event_is_an_entry)
{
	log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, STDERR_FILENO);
	log_divert(journal_send);
	log_event(entries[_i].level, entries[_i].message, "reason", entries[_i].reason, NULL);
	ck_assert_str_eq(entry, entries[_i].entry);
}
END_TEST

START_TEST(what_the_journal_does_not_take_is_a_line)
{
	char line[256] = "";
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, ends[1]);
	log_divert(journal_send);
	answer = -1;
	log_event(LOG_LEVEL_INFO, "ready", NULL);
	ck_assert_int_gt(read(ends[0], line, sizeof(line) - 1), 0);
	ck_assert_ptr_nonnull(strstr(line, "level=info message=ready\n"));
}
END_TEST

static const struct {
	const char *before, *after; /* around the true value; NULL before: nothing is set */
	bool is;
} streams[] = {
	{"", "", true}, {NULL, NULL, false}, {"1", "", false}, {"", "1", false}, {"", "x", false},
};

START_TEST(the_journal_is_known_by_its_stream)
{
	char value[128];
	struct stat st;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fstat(ends[1], &st), 0);
	unsetenv("JOURNAL_STREAM");
	if (streams[_i].before) {
		snprintf(value, sizeof(value), "%s%llu:%llu%s", streams[_i].before,
		         (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		         streams[_i].after);
		setenv("JOURNAL_STREAM", value, 1);
	}
	ck_assert_int_eq(journal_is(ends[1]), streams[_i].is);
	ck_assert(!journal_is(-1));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(an_event_is_an_entry, entries),
	SUITE_TEST(what_the_journal_does_not_take_is_a_line),
	SUITE_LOOP(the_journal_is_known_by_its_stream, streams),
};

SUITE_MAIN("journal", tests)
