/* Passphrases come from files: other users can read command lines. */
#include "linkspan/passphrase_file.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "linkspan/command.h"

static int read_stream(FILE *stream, const char *name, struct buf *text, struct err *e)
{
	char piece[1024];
	size_t bytes;

	while ((bytes = fread(piece, 1, sizeof(piece), stream)) > 0)
		buf_add(text, piece, bytes);
	mem_wipe(piece, sizeof(piece));
	if (ferror(stream))
		return err_set_errno(e, ERR_IO, "--passphrase-file %s", name);
	if (buf_failed(text) == BUF_NO_MEMORY)
		return err_no_memory(e);
	return 0;
}

int passphrase_file_read(const struct cli *cli, struct buf *text, const char **ret, struct err *e)
{
	const char *name = cli_option(cli, "passphrase-file");
	bool standard = name && strcmp(name, "-") == 0;

	*ret = NULL;
	if (!name)
		return 0;
	FILE *stream = standard ? stdin : fopen(name, "re");
	if (!stream)
		return err_set_errno(e, ERR_NOT_FOUND, "--passphrase-file %s", name);
	int rc = read_stream(stream, name, text, e);
	if (!standard)
		fclose(stream);
	if (rc < 0)
		return rc;
	while (text->len_bytes > 0 && strchr("\r\n", text->data[text->len_bytes - 1]))
		buf_cut(text, text->len_bytes - 1);
	if (buf_failed(text) || text->len_bytes == 0 || strlen(text->data) != text->len_bytes)
		return err_set(e, ERR_INVALID, "--passphrase-file %s does not hold a passphrase",
		               name);
	*ret = text->data;
	return 0;
}
