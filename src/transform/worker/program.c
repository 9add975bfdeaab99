/* Wrapping, compiling, and the cache. */
#include "transform/worker/program.h"

#include <jq.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/mem.h"
#include "transform/frame.h"
#include "transform/transform.h"
#include "transform/worker/message.h"
#include "transform/worker/scan.h"

enum { COMPLAINTS_MAX = 3, WRAPPED_MAX = TRANSFORM_PROGRAM_MAX + 2 * FRAME_NAMES_MAX + 256 };

struct complaints {
	struct message *m;
	unsigned count, last_line;
};

void programs_no_memory(void *arg)
{
	(void)arg;
	_exit(WORKER_EXIT_NO_MEMORY);
}

static void drop(struct program *p)
{
	if (!p->key)
		return;
	jq_teardown(&p->jq);
	mem_free(p->key);
	*p = (struct program){0};
}

void programs_forget(struct programs *all)
{
	for (size_t i = 0; i < FRAME_PROGRAMS_KEPT; i++)
		drop(&all->kept[i]);
}

/* jq's last line only counts what it said before. */
static void complain(void *arg, jv said)
{
	struct complaints *all = arg;

	if (jv_get_kind(said) == JV_KIND_STRING && all->count++ < COMPLAINTS_MAX &&
	    !strstr(jv_string_value(said), " compile error"))
		message_add_compile(all->m, jv_string_value(said), all->last_line);
	jv_free(said);
}

static unsigned count_lines(const char *text, size_t bytes)
{
	unsigned lines = 1;

	for (size_t i = 0; i + 1 < bytes; i++)
		lines += text[i] == '\n';
	return lines;
}

static bool is_name(const char *s)
{
	if (*s >= '0' && *s <= '9')
		return false;
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
	                     strlen(s);
}

/* A line break ends a comment in the program's last line. */
static bool wrap(struct buf *b, const char *names, size_t names_bytes, const char *text,
                 size_t bytes)
{
	const char *end = names + names_bytes;

	for (const char *name = names; name < end; name += strlen(name) + 1) {
		if (!is_name(name))
			return false;
		buf_printf(b, "%s$%s", name == names ? ".[1] as [" : ",", name);
	}
	if (names_bytes > 0)
		buf_add_str(b, "] | .[0] | ");
	buf_add_char(b, '(');
	buf_add(b, text, bytes);
	buf_add_str(b, "\n)");
	return true;
}

static jq_state *compile(const char *names, size_t names_bytes, const char *text, size_t bytes,
                         struct message *m)
{
	struct complaints complaints = {.m = m, .last_line = count_lines(text, bytes)};
	struct buf wrapped;

	buf_init(&wrapped, WRAPPED_MAX);
	bool sound = wrap(&wrapped, names, names_bytes, text, bytes);
	if (buf_failed(&wrapped))
		programs_no_memory(NULL);
	jq_state *jq = sound ? jq_init() : NULL;
	if (jq) {
		jq_set_nomem_handler(jq, programs_no_memory, NULL);
		jq_set_error_cb(jq, complain, &complaints);
		if (!jq_compile(jq, buf_str(&wrapped)))
			jq_teardown(&jq);
		else
			jq_set_error_cb(jq, NULL, NULL);
	}
	if (!jq && m->bytes == 0)
		message_printf(m, sound ? "it does not compile" : "a variable has no proper name");
	buf_finish(&wrapped);
	return jq;
}

static struct program *find(struct programs *all, const char *names, size_t names_bytes,
                            const char *text, size_t bytes)
{
	for (size_t i = 0; i < FRAME_PROGRAMS_KEPT; i++) {
		struct program *p = &all->kept[i];
		if (p->key && p->key_bytes == names_bytes + bytes &&
		    memcmp(p->key, names, names_bytes) == 0 &&
		    memcmp(p->key + names_bytes, text, bytes) == 0)
			return p;
	}
	return NULL;
}

/* The place of the one that was used longest ago; of all, where memory gets scarce. */
static struct program *make_room(struct programs *all)
{
	struct mallinfo2 now = mallinfo2();
	struct program *oldest = &all->kept[0];

	if (now.uordblks + now.hblkhd > all->memory_bytes)
		programs_forget(all);
	for (size_t i = 1; i < FRAME_PROGRAMS_KEPT; i++)
		if (all->kept[i].used < oldest->used)
			oldest = &all->kept[i];
	drop(oldest);
	return oldest;
}

static void keep(struct program *p, const char *names, size_t names_bytes, const char *text,
                 size_t bytes, jq_state *jq)
{
	struct program made = {.key_bytes = names_bytes + bytes, .jq = jq};

	made.key = mem_alloc(made.key_bytes + 1);
	if (!made.key)
		programs_no_memory(NULL);
	if (names_bytes > 0)
		memcpy(made.key, names, names_bytes);
	memcpy(made.key + names_bytes, text, bytes);
	*p = made;
}

jq_state *programs_get(struct programs *all, const char *names, size_t names_bytes,
                       const char *text, size_t bytes, struct message *m)
{
	struct program *p = find(all, names, names_bytes, text, bytes);
	struct program_fault fault;

	if (!p) {
		if (!program_scan(text, bytes, &fault)) {
			message_printf(m, "line %u: %s", fault.line, fault.text);
			return NULL;
		}
		p = make_room(all);
		jq_state *jq = compile(names, names_bytes, text, bytes, m);
		if (!jq)
			return NULL;
		keep(p, names, names_bytes, text, bytes, jq);
	}
	p->used = ++all->runs;
	return p->jq;
}
