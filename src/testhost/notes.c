/* What is written down for the test to read: logs, metrics, broken laws. */
#include <stdarg.h>

#include "base/banned.h"
#include "testhost/inside.h"

enum { NOTES_FIRST = 16 };

/* Takes text; NULL: it could not be made. */
static void add_locked(struct lk_test_host *host, struct notes *notes, int level, char *text)
{
	if (text && notes->count == notes->cap) {
		size_t cap = notes->cap ? 2 * notes->cap : NOTES_FIRST;
		struct note *items = mem_resize(notes->items, cap, sizeof(*items));
		if (items) {
			notes->items = items;
			notes->cap = cap;
		}
	}
	if (!text || notes->count == notes->cap) {
		host->out_of_memory = true;
		mem_free(text);
		return;
	}
	notes->items[notes->count++] = (struct note){level, text};
}

static void vnote_locked(struct lk_test_host *host, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void vnote_locked(struct lk_test_host *host, const char *format, va_list args)
{
	struct buf text;

	buf_init(&text, BUF_MAX_LINE);
	buf_vprintf(&text, format, args);
	add_locked(host, &host->violations, 0, buf_take(&text));
}

void testhost_violation_locked(struct lk_test_host *host, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vnote_locked(host, format, args);
	va_end(args);
}

void testhost_violation(struct lk_test_host *host, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	testhost_lock(host);
	vnote_locked(host, format, args);
	testhost_unlock(host);
	va_end(args);
}

void testhost_lane(struct lk_test_host *host, const char *function)
{
	if (!pthread_equal(host->lane, pthread_self()))
		testhost_violation(host, "%s called off the lane", function);
}

/* A copy of one note, whose text stays where it is; text NULL: there are not so many. */
static struct note note_at(const struct lk_test_host *host, const struct notes *notes, size_t i)
{
	testhost_lock(host);
	struct note note = i < notes->count ? notes->items[i] : (struct note){0};
	testhost_unlock(host);
	return note;
}

size_t lk_test_violations(const struct lk_test_host *host)
{
	testhost_lock(host);
	size_t count = host->violations.count + host->out_of_memory;
	testhost_unlock(host);
	return count;
}

const char *lk_test_violation(const struct lk_test_host *host, size_t i)
{
	struct note note = note_at(host, &host->violations, i);

	if (note.text)
		return note.text;
	return i < lk_test_violations(host) ? "no memory to note something" : NULL;
}

void testhost_log(struct lk_link *link, int level, const char *message)
{
	struct lk_test_host *host = link ? link->host : testhost_current;

	testhost_lock(host);
	const char *leaked = testhost_leaked(host, message, strlen(message));
	if (leaked)
		testhost_violation_locked(host, "the secret %s stands in the log", leaked);
	if (level < LK_LOG_ERROR || level > LK_LOG_DEBUG)
		testhost_violation_locked(host, "log() with level %d", level);
	if (strpbrk(message, "\r\n"))
		testhost_violation_locked(host, "log() with an end of line in it: %s", message);
	add_locked(host, &host->logs, level, mem_strdup(message));
	testhost_unlock(host);
}

size_t lk_test_logs(const struct lk_test_host *host)
{
	testhost_lock(host);
	size_t count = host->logs.count;
	testhost_unlock(host);
	return count;
}

const char *lk_test_log(const struct lk_test_host *host, size_t i, int *ret_level)
{
	struct note note = note_at(host, &host->logs, i);

	if (note.text && ret_level)
		*ret_level = note.level;
	return note.text;
}

int lk_test_logged(const struct lk_test_host *host, const char *part)
{
	for (size_t i = 0;; i++) {
		const char *line = lk_test_log(host, i, NULL);
		if (!line || strstr(line, part))
			return line != NULL;
	}
}

static struct metric *find_metric(const struct lk_test_host *host, const char *name)
{
	list_each(node, &host->metrics) {
		struct metric *m = container_of(node, struct metric, node);
		if (strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

static struct metric *make_metric(struct lk_test_host *host, const char *name)
{
	struct metric *m = mem_zalloc(sizeof(*m));
	char *copy = m ? mem_strdup(name) : NULL;

	if (!copy) {
		host->out_of_memory = true;
		mem_free(m);
		return NULL;
	}
	m->name = copy;
	list_append(&host->metrics, &m->node);
	return m;
}

static void measure(struct lk_link *link, const char *name, uint64_t count, size_t observed,
                    double seconds)
{
	struct lk_test_host *host = link ? link->host : testhost_current;

	testhost_lock(host);
	struct metric *m = find_metric(host, name);
	if (!m)
		m = make_metric(host, name);
	if (m) {
		m->count += count;
		m->observed += observed;
		m->sum += seconds;
	}
	testhost_unlock(host);
}

void testhost_count(struct lk_link *link, const char *metric, uint64_t add)
{
	measure(link, metric, add, 0, 0);
}

void testhost_observe(struct lk_link *link, const char *metric, double seconds)
{
	measure(link, metric, 0, 1, seconds);
}

static struct metric measured(const struct lk_test_host *host, const char *name)
{
	testhost_lock(host);
	const struct metric *m = find_metric(host, name);
	struct metric copy = m ? *m : (struct metric){0};
	testhost_unlock(host);
	return copy;
}

uint64_t lk_test_counter(const struct lk_test_host *host, const char *metric)
{
	return measured(host, metric).count;
}

size_t lk_test_observed(const struct lk_test_host *host, const char *metric, double *ret_sum)
{
	struct metric m = measured(host, metric);

	if (ret_sum)
		*ret_sum = m.sum;
	return m.observed;
}

static void free_notes(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		mem_free(notes->items[i].text);
	mem_free(notes->items);
}

void testhost_notes_finish(struct lk_test_host *host)
{
	free_notes(&host->logs);
	free_notes(&host->violations);
	for (struct list *node; (node = list_pop(&host->metrics));) {
		struct metric *m = container_of(node, struct metric, node);
		mem_free(m->name);
		mem_free(m);
	}
}
