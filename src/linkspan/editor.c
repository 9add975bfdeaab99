/* The editor of the user, at work on a text. */
#include "linkspan/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum { PATH_BYTES = 4096 };

static const char *variable(const char *name)
{
	const char *text = getenv(name);

	return text && text[0] ? text : NULL;
}

static int make_folder(struct editor *ed, struct err *e)
{
	const char *base = variable("TMPDIR");
	char path[PATH_BYTES];

	if (ed->file)
		return 0;
	snprintf(path, sizeof(path), "%s/linkspan-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(path))
		return err_set_errno(e, ERR_IO, "no folder for the editor's file: %s", path);
	ed->folder = mem_strdup(path);
	size_t length = strlen(path);
	snprintf(path + length, sizeof(path) - length, "/%s", ed->name);
	ed->file = mem_strdup(path);
	return ed->folder && ed->file ? 0 : err_no_memory(e);
}

static int write_file(const struct editor *ed, const struct buf *text, struct err *e)
{
	int fd = open(ed->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return err_set_errno(e, ERR_IO, "%s", ed->file);
	}
	size_t written = fwrite(buf_str(text), 1, text->len_bytes, stream);
	if (fclose(stream) != 0 || written != text->len_bytes)
		return err_set_errno(e, ERR_IO, "%s", ed->file);
	return 0;
}

static int read_file_again(const struct editor *ed, struct buf *text, struct err *e)
{
	FILE *stream = fopen(ed->file, "re");
	char piece[8192];
	size_t bytes;

	if (!stream)
		return err_set_errno(e, ERR_IO, "%s", ed->file);
	buf_clear(text);
	while ((bytes = fread(piece, 1, sizeof(piece), stream)) > 0)
		buf_add(text, piece, bytes);
	int rc = ferror(stream) ? err_set_errno(e, ERR_IO, "%s", ed->file) : 0;
	fclose(stream);
	if (rc == 0 && buf_failed(text) == BUF_TOO_LONG)
		return err_set(e, ERR_FAILED, "%s is too long", ed->file);
	return rc < 0 ? rc : buf_failed(text) ? err_no_memory(e) : 0;
}

/* The variable may hold options too, so a shell takes it apart; the file is never part of what it reads. */
static int spawn(const struct editor *ed, pid_t *ret, struct err *e)
{
	const char *program = variable("VISUAL");
	char script[PATH_BYTES];
	posix_spawnattr_t attributes;
	sigset_t defaults;

	if (!program)
		program = variable("EDITOR");
	snprintf(script, sizeof(script), "%s \"$1\"", program ? program : "vi");
	char shell[] = "sh", option[] = "-c", self[] = "linkspan";
	char *const argv[] = {shell, option, script, self, ed->file, NULL};

	/* What this process ignores the editor shall not. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGQUIT);
	sigaddset(&defaults, SIGPIPE);
	int number = posix_spawnattr_init(&attributes);
	if (number == 0) {
		posix_spawnattr_setsigdefault(&attributes, &defaults);
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
		number = posix_spawn(ret, "/bin/sh", NULL, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	errno = number;
	return number ? err_set_errno(e, ERR_FAILED, "the editor cannot be started") : 0;
}

/* Ctrl-C is the editor's while it works. */
static int run(const struct editor *ed, struct err *e)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction on_interrupt, on_quit;
	int status = 0;
	pid_t pid = 0;

	sigaction(SIGINT, &ignore, &on_interrupt);
	sigaction(SIGQUIT, &ignore, &on_quit);
	int rc = spawn(ed, &pid, e);
	while (rc == 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			rc = err_set_errno(e, ERR_FAILED, "waiting for the editor");
	sigaction(SIGINT, &on_interrupt, NULL);
	sigaction(SIGQUIT, &on_quit, NULL);
	if (rc == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		rc = err_set(e, ERR_FAILED, "the editor failed (%s %d)",
		             WIFEXITED(status) ? "exit status" : "signal",
		             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return rc;
}

int editor_edit(struct editor *ed, struct buf *text, struct err *e)
{
	int rc = make_folder(ed, e);

	if (rc == 0)
		rc = write_file(ed, text, e);
	if (rc == 0)
		rc = run(ed, e);
	return rc < 0 ? rc : read_file_again(ed, text, e);
}

void editor_discard(struct editor *ed)
{
	if (ed->file)
		unlink(ed->file);
	if (ed->folder)
		rmdir(ed->folder);
	editor_finish(ed);
}

void editor_finish(struct editor *ed)
{
	mem_free(ed->folder);
	mem_free(ed->file);
	ed->folder = ed->file = NULL;
}
