/* libconfig files as trees of nodes. */
#include "conf/read.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/screen.h"
#include "schema/node.h"
#include "schema/report.h"
#include "json/utf8.h"

struct reader {
	struct arena *arena;
	struct report *report;
	const char *file;
	struct screen screen;
	size_t items; /* strings in lists met so far */
	int rc;
};

static unsigned line_of(struct reader *r, const config_setting_t *s)
{
	bool item = !config_setting_name(s) && config_setting_type(s) == CONFIG_TYPE_STRING;

	if (item && r->items < r->screen.item_count)
		return r->screen.item_lines[r->items++];
	return config_setting_source_line(s);
}

static void set_string(struct reader *r, struct node *n, const char *text)
{
	size_t points;

	/* Escapes such as \x80 can still make bytes that are no characters. */
	if (!utf8_count(text, strlen(text), &points)) {
		report_add(r->report, LK_FAULT_ERROR, n, "not_utf8", "is not UTF-8 text");
		r->rc = ERR_INVALID;
		return;
	}
	n->u.s = arena_strdup(r->arena, text);
	if (!n->u.s)
		r->rc = ERR_NO_MEMORY;
}

static enum node_kind kind_of(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return NODE_GROUP;
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		return NODE_LIST;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return NODE_INT;
	case CONFIG_TYPE_FLOAT:
		return NODE_FLOAT;
	case CONFIG_TYPE_BOOL:
		return NODE_BOOL;
	case CONFIG_TYPE_STRING:
		return NODE_STRING;
	default:
		return NODE_NULL;
	}
}

static void set_scalar(struct reader *r, struct node *n, const config_setting_t *s)
{
	switch (n->kind) {
	case NODE_INT:
		n->u.i = config_setting_get_int64(s);
		break;
	case NODE_FLOAT:
		n->u.d = config_setting_get_float(s);
		break;
	case NODE_BOOL:
		n->u.b = config_setting_get_bool(s);
		break;
	case NODE_STRING:
		set_string(r, n, config_setting_get_string(s));
		break;
	default:
		break;
	}
}

/* As deep as SCREEN_DEPTH_MAX.  parent NULL: the root. */
static struct node *convert(struct reader *r, struct node *parent, const config_setting_t *s)
{
	struct node *n =
		node_create(r->arena, kind_of(s), config_setting_name(s), r->file, line_of(r, s));
	if (!n) {
		r->rc = ERR_NO_MEMORY;
		return NULL;
	}
	if (parent)
		node_append(parent, n);
	set_scalar(r, n, s);
	if (!config_setting_is_aggregate(s))
		return n;
	int count = config_setting_length(s);
	for (int i = 0; i < count && r->rc != ERR_NO_MEMORY; i++)
		convert(r, n, config_setting_get_elem(s, (unsigned)i));
	return n;
}

static int parse(struct reader *r, const char *text, struct node **ret_root)
{
	config_t config;

	config_init(&config);
	if (config_read_string(&config, text)) {
		struct node *root = convert(r, NULL, config_root_setting(&config));
		if (r->rc == 0)
			*ret_root = root;
	} else {
		report_add_at(r->report, LK_FAULT_ERROR, r->file,
		              (unsigned)config_error_line(&config), "", "syntax",
		              "%s, here or just above; what is allowed: `key = value;`, "
		              "`key: { … };`, `key = ( …, … );`",
		              config_error_text(&config));
		r->rc = ERR_INVALID;
	}
	config_destroy(&config);
	return r->rc;
}

int read_text(struct arena *a, const char *file, const char *text, size_t bytes,
              struct report *report, struct node **ret_root)
{
	struct reader r = {.arena = a, .report = report, .file = file};

	/* libconfig takes a comment in the last line for rubbish when no end of line follows. */
	char *copy = arena_alloc(a, bytes + 2);
	if (!copy)
		return ERR_NO_MEMORY;
	if (bytes)
		memcpy(copy, text, bytes);
	copy[bytes] = '\n';

	int rc = screen_text(a, file, copy, bytes, report, &r.screen);
	return rc < 0 ? rc : parse(&r, copy, ret_root);
}

static int fault_io(struct report *report, const char *file, const char *code, const char *text)
{
	report_add_at(report, LK_FAULT_ERROR, file, 0, "", code, "%s", text);
	return ERR_IO;
}

static int open_plain(const char *file, struct report *report)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char reason[128];

	if (fd < 0 && errno == ELOOP)
		return fault_io(report, file, "unreadable",
		                "is a symbolic link; a definition is a plain file");
	if (fd < 0)
		return fault_io(report, file, errno == ENOENT ? "not_found" : "unreadable",
		                strerror_r(errno, reason, sizeof(reason)));
	int rc = fd;
	if (fstat(fd, &st) < 0)
		rc = fault_io(report, file, "unreadable",
		              strerror_r(errno, reason, sizeof(reason)));
	else if (!S_ISREG(st.st_mode))
		rc = fault_io(report, file, "unreadable", "is not a plain file");
	if (rc < 0)
		close(fd);
	return rc;
}

/* The size is what was really read: a file may grow meanwhile. */
static int slurp(int fd, const char *file, struct buf *b, struct report *report)
{
	char reason[128];

	if (file_read(fd, b) < 0)
		return fault_io(report, file, "unreadable",
		                strerror_r(errno, reason, sizeof(reason)));
	if (buf_failed(b) == BUF_NO_MEMORY)
		return ERR_NO_MEMORY;
	if (!buf_failed(b))
		return 0;
	report_add_at(report, LK_FAULT_ERROR, file, 0, "", "too_long", "is larger than %d bytes",
	              READ_MAX_BYTES);
	return ERR_INVALID;
}

int read_file(struct arena *a, const char *file, struct report *report, struct node **ret_root)
{
	struct buf text;

	int fd = open_plain(file, report);
	if (fd < 0)
		return fd;
	buf_init(&text, READ_MAX_BYTES);
	int rc = slurp(fd, file, &text, report);
	if (rc == 0)
		rc = read_text(a, file, buf_str(&text), text.len_bytes, report, ret_root);
	buf_wipe(&text);
	buf_finish(&text);
	close(fd);
	return rc;
}
