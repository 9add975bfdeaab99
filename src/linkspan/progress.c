/* Progress of long work. */
#include "linkspan/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "linkspan/command.h"

enum { SHOW_EVERY_MS = 100, BAR_CELLS = 30 };

void progress_begin(struct progress *p, const struct cli *cli)
{
	*p = (struct progress){.shown = isatty(STDERR_FILENO) && !cli_has(cli, "quiet")};
}

static void show_bar(int64_t done, int64_t all)
{
	int cells = (int)(done >= all ? BAR_CELLS : done * BAR_CELLS / all);

	fputc('[', stderr);
	for (int i = 0; i < BAR_CELLS; i++)
		fputc(i < cells ? '#' : ' ', stderr);
	fputs("] ", stderr);
}

void progress_show(struct progress *p, int64_t done, int64_t all, const char *format, ...)
{
	int64_t now_ms = clock_system.mono_ms();
	va_list args;

	if (!p->shown || (p->is_dirty && now_ms - p->last_ms < SHOW_EVERY_MS && done < all))
		return;
	p->last_ms = now_ms;
	p->is_dirty = true;
	fputc('\r', stderr);
	if (all > 0)
		show_bar(done, all);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\033[K", stderr);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->is_dirty)
		fputs("\r\033[K", stderr);
	p->is_dirty = false;
}
