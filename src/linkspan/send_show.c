/* What a direct send prints. */
#include "linkspan/send_show.h"

#include "base/banned.h"
#include "linkspan/output.h"
#include "linkspan/show_document.h"

static const struct list_column columns[] = {
	{"ID", "id", LIST_TEXT, false},
	{"RESULT", "result", LIST_TEXT, false},
	{"STATUS", "status", LIST_NUMBER, false},
	{"ATTEMPTS", "attempts", LIST_NUMBER, false},
	{"MS", "duration_ms", LIST_NUMBER, false},
	{"REASON", "reason", LIST_TEXT, false},
	{"BODY BYTES", "body_bytes", LIST_NUMBER, true},
	{"DETAIL", "detail", LIST_TEXT, true},
	{NULL, NULL, LIST_TEXT, false},
};

static void show_text(const struct cli *cli, const struct json *answer, struct buf *b)
{
	(void)cli;
	show_answer_document(answer, b);
}

int send_show(const struct cli *cli, struct json *answer, struct err *e)
{
	static const struct output_shape shape = {columns, "id", NULL, show_text};

	return output_show(cli, &shape, answer, e);
}
