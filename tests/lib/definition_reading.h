/* The text of a definition as a tree, for one test after the other. */
#pragma once

#include <string.h>

#include "base/mem.h"
#include "conf/read.h"
#include "folder.h"
#include "schema/node.h"
#include "schema/report.h"
#include "suite.h"

static struct arena arena;
static struct report report;

static inline void start(void)
{
	arena_init(&arena);
	report_init(&report);
}

static inline void done(void)
{
	arena_finish(&arena);
	report_finish(&report);
}

/* The one group that a text holds. */
static inline const struct node *read_group(const char *text, size_t bytes)
{
	struct node *root = NULL;

	int rc = read_text(&arena, "x.conf", text, bytes, &report, &root);
	ck_assert_msg(rc == 0, "%s\n%.*s", folder_print(&report), (int)bytes, text);
	ck_assert_uint_eq(root->count, 1);
	return root->first;
}
