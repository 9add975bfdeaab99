/* Asking before something is done that cannot be taken back. */
#include "linkspan/confirm.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/interrupt.h"

int confirm(const struct cli *cli, struct err *e, const char *question, ...)
{
	char text[512], answer[16] = "";
	va_list args;

	if (cli_has(cli, "yes"))
		return 0;
	va_start(args, question);
	vsnprintf(text, sizeof(text), question, args);
	va_end(args);
	if (cli_has(cli, "no-input") || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return err_set(e, ERR_USAGE, "%s Nobody can be asked here: say --yes to do it",
		               text);
	fprintf(stderr, "%s [y/N] ", text);
	if (!interrupt_wait_input(STDIN_FILENO))
		return err_set(e, ERR_INTERRUPTED, "nothing was done");
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(e, ERR_CONFLICT, "nothing was done");
}
