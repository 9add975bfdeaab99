/* What the doctor finds on the disk: who may do what, the database, room. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/banned.h"
#include "linkspan/doctor.h"
#include "json/json.h"

enum { PATH_BYTES = 4096, MIB = 1024 * 1024, MARK_BYTES = 256 };

/* forbidden: modes that nobody else may have. */
struct place {
	const char *what, *path;
	mode_t forbidden;
	bool is_required;
};

static void check_place(struct doctor *d, const struct place *p)
{
	struct stat st;

	if (stat(p->path, &st) < 0) {
		if (errno == ENOENT && !p->is_required)
			return;
		doctor_say(d, DOCTOR_FAIL, "permissions", "%s %s: %s", p->what, p->path,
		           strerror(errno));
		doctor_mend(d, "make it, readable for the user of the daemon");
		return;
	}
	if ((st.st_mode & p->forbidden) == 0)
		return;
	doctor_say(d, DOCTOR_FAIL, "permissions", "%s %s can be %s by others (mode %04o)", p->what,
	           p->path, (st.st_mode & p->forbidden & 0022) ? "changed" : "read",
	           (unsigned)(st.st_mode & 07777));
	doctor_mend(d, "chmod %s %s",
	            (p->forbidden & 0070) == 0070   ? "go-rwx"
	            : (p->forbidden & 0007) == 0007 ? "o-rwx"
	                                            : "o-w",
	            p->path);
}

/* Definitions may belong to a team; what is stored and what is secret may not. */
void doctor_permissions(struct doctor *d)
{
	const struct conf_host *host = &d->session.conf.host;
	size_t failed = d->counts[DOCTOR_FAIL];
	char run[PATH_BYTES];

	if (!d->has_host)
		return;
	snprintf(run, sizeof(run), "%.*s", (int)(strrchr(host->socket, '/') - host->socket),
	         host->socket);
	const struct place places[] = {
		{"the configuration", host->file, 0002, true},
		{"the definitions", host->definitions, 0002, true},
		{"the state folder", host->state, 0077, false},
		{"the secrets folder", host->secrets, 0007, false},
		{"the folder of the socket", run, 0002, false},
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i].path[0])
			check_place(d, &places[i]);
	if (d->counts[DOCTOR_FAIL] == failed)
		doctor_say(d, DOCTOR_OK, "permissions",
		           "nobody else can change what the host reads, or read what it stores");
}

static bool read_mark(const char *folder, char *text, size_t text_bytes)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/outbox.damaged", folder);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t bytes = read(fd, text, text_bytes - 1);
	close(fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	return true;
}

static void say_damaged(struct doctor *d, const char *path, const char *why)
{
	doctor_say(d, DOCTOR_FAIL, "database", "%s is damaged: %s", path, why);
	doctor_mend(d, "put a backup there, or begin anew: linkspand --config %s --set-aside",
	            d->session.conf.host.file);
}

/* Without a daemon: only what can be seen from outside. */
static void check_file(struct doctor *d, const char *path)
{
	unsigned char header[DOCTOR_HEADER_BYTES];
	struct stat st = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		doctor_say(d, DOCTOR_OK, "database", "%s is not there yet; the daemon makes it",
		           path);
		return;
	}
	if (fd < 0) {
		doctor_say(d, DOCTOR_WARN, "database", "%s: %s", path, strerror(errno));
		doctor_mend(d, "ask as the user of the daemon, or start the daemon");
		return;
	}
	ssize_t bytes = pread(fd, header, sizeof(header), 0);
	int failed = fstat(fd, &st);
	close(fd);
	const char *why = bytes < 0 || failed ? "it cannot be read"
	                                      : doctor_judge_database(header, (size_t)bytes,
	                                                              (uint64_t)st.st_size);
	if (why)
		say_damaged(d, path, why);
	else
		doctor_say(d, DOCTOR_OK, "database", "%s, %.1f MiB; its header is sane", path,
		           (double)st.st_size / MIB);
}

void doctor_database(struct doctor *d)
{
	const struct json *store = json_get(d->status, "store");
	char path[PATH_BYTES], mark[MARK_BYTES];

	if (!d->has_host)
		return;
	snprintf(path, sizeof(path), "%s/outbox.db", d->session.conf.host.state);
	if (read_mark(d->session.conf.host.state, mark, sizeof(mark)))
		say_damaged(d, path, mark);
	else if (store)
		doctor_say(d, DOCTOR_OK, "database", "the daemon has it open, %.1f MiB",
		           (double)json_as_int(json_get(store, "size_bytes")) / MIB);
	else
		check_file(d, path);
}

static uint64_t size_of(const char *folder, const char *name)
{
	char path[PATH_BYTES];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Of the state folder, or of where it will be. */
static bool look_at_disk(const char *folder, struct statvfs *ret)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s", folder);
	while (statvfs(path, ret) < 0) {
		char *slash = strrchr(path, '/');
		if (errno != ENOENT || !slash || slash == path)
			return false;
		*slash = '\0';
	}
	return true;
}

void doctor_disk(struct doctor *d)
{
	const struct conf_host *host = &d->session.conf.host;
	uint64_t most = (uint64_t)host->state_max_bytes;
	struct statvfs disk;

	if (!d->has_host)
		return;
	if (!look_at_disk(host->state, &disk)) {
		doctor_say(d, DOCTOR_WARN, "disk", "%s: %s", host->state, strerror(errno));
		doctor_mend(d, "ask as the user of the daemon");
		return;
	}
	uint64_t used = size_of(host->state, "outbox.db") + size_of(host->state, "outbox.db-wal");
	uint64_t spare = (uint64_t)disk.f_bavail * disk.f_frsize;
	bool full = json_as_bool(json_get(json_get(d->status, "store"), "full"));
	enum doctor_state state =
		full ? DOCTOR_FAIL : doctor_judge_disk(spare, used, most, DOCTOR_RESERVE_BYTES);
	doctor_say(d, state, "disk",
	           "%.0f MiB free for %s, which has %.0f MiB and may have %.0f MiB%s",
	           (double)spare / MIB, host->state, (double)used / MIB, (double)most / MIB,
	           full ? "; the store is full and accepts nothing" : "");
	if (state != DOCTOR_OK)
		doctor_mend(d, "free some room there, or lower state_max_bytes in %s", host->file);
}
