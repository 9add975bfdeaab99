/* Listing the folders of a configuration. */
#include "conf/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/loader.h"
#include "conf/name.h"
#include "schema/report.h"

struct names {
	const char **items;
	size_t count, cap;
};

static int fault(struct report *report, const char *folder, const char *text)
{
	report_add_at(report, LK_FAULT_ERROR, folder, 0, "", "unreadable", "%s", text);
	return ERR_IO;
}

static int open_folder(const char *folder, struct report *report, DIR **ret)
{
	char reason[128];
	struct stat st;

	if (lstat(folder, &st) < 0)
		return errno == ENOENT
		               ? ERR_NOT_FOUND
		               : fault(report, folder, strerror_r(errno, reason, sizeof(reason)));
	if (S_ISLNK(st.st_mode))
		return fault(report, folder, "is a symbolic link; a folder is needed");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fault(report, folder, strerror_r(errno, reason, sizeof(reason)));
	*ret = fdopendir(fd);
	if (*ret)
		return 0;
	close(fd);
	return ERR_NO_MEMORY;
}

/* How many bytes of the name count; 0: it is passed over. */
static size_t wanted(DIR *dir, const char *name, enum folder_kind kind)
{
	size_t bytes = strlen(name), suffix = strlen(CONF_SUFFIX);
	struct stat st;

	if (name[0] == '.')
		return 0;
	if (kind == FOLDER_DEFINITIONS)
		return bytes > suffix && strcmp(name + bytes - suffix, CONF_SUFFIX) == 0
		               ? bytes - suffix
		               : 0;
	if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	bool is_wanted = kind == FOLDER_FOLDERS ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode);
	return is_wanted ? bytes : 0;
}

static int add(struct arena *a, struct names *names, const char *name, size_t bytes)
{
	if (names->count == names->cap) {
		size_t cap = names->cap ? 2 * names->cap : 16;
		const char **items = arena_array(a, cap, sizeof(*items));
		if (!items)
			return ERR_NO_MEMORY;
		if (names->count)
			memcpy(items, names->items, names->count * sizeof(*items));
		names->items = items;
		names->cap = cap;
	}
	const char *copy = arena_dup(a, name, bytes);
	if (!copy)
		return ERR_NO_MEMORY;
	names->items[names->count++] = copy;
	return 0;
}

/* Names that differ only in case come one after the other, always in the same order. */
static int compare(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int order = name_compare(x, y);

	return order ? order : strcmp(x, y);
}

int folder_list(struct arena *a, const char *folder, enum folder_kind kind, struct report *report,
                const char *const **ret_names, size_t *ret_count)
{
	struct names names = {0};
	const struct dirent *entry;
	DIR *dir;

	int rc = open_folder(folder, report, &dir);
	if (rc < 0)
		return rc;
	while (rc == 0 && (entry = readdir(dir))) {
		size_t bytes = wanted(dir, entry->d_name, kind);
		if (bytes > 0)
			rc = add(a, &names, entry->d_name, bytes);
	}
	closedir(dir);
	if (rc < 0)
		return rc;
	if (names.count > 1)
		qsort(names.items, names.count, sizeof(*names.items), compare);
	*ret_names = names.items;
	*ret_count = names.count;
	return 0;
}
