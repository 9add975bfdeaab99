/* linkspan completion: the script that a shell reads. */
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/completion.h"
#include "linkspan/session.h"

static const struct shell_row {
	const char *name;
	void (*write)(struct buf *b);
} shells[] = {
	{"bash", completion_bash},
	{"zsh", completion_zsh},
	{"fish", completion_fish},
};

int cmd_completion(struct cli *cli, struct err *e)
{
	struct buf text;

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, cli->args[0]) != 0)
			continue;
		buf_init(&text, BUF_MAX_TEXT);
		shells[i].write(&text);
		return print_and_finish(&text, e);
	}
	return err_set(e, ERR_USAGE,
	               "no completion for \"%s\"; there is one for bash, zsh and fish",
	               cli->args[0]);
}
