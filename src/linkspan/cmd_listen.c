/* linkspan listen: the options of the command line for the receiver. */
#include "base/banned.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/listen.h"

enum { DEFAULT_PORT = 9000, HEADERS_MOST = 64, DELAY_MOST_MS = 600000 };

int cmd_listen(struct cli *cli, struct err *e)
{
	const char *headers[HEADERS_MOST + 1] = {NULL};
	long port = DEFAULT_PORT, delay_ms = 0, count = 0;
	struct listen_options options = {
		.address = cli_option(cli, "address"),
		.body = cli_option(cli, "body"),
		.headers = headers,
		.certificate_file = cli_option(cli, "tls-certificate"),
		.key_file = cli_option(cli, "tls-key"),
		.output = cli->output == OUTPUT_TEXT ? LISTEN_TEXT : LISTEN_JSON,
		.quiet = cli_has(cli, "quiet"),
	};

	for (size_t i = 0; i < HEADERS_MOST; i++)
		headers[i] = cli_option_at(cli, "header", i);
	int rc = cli_number(cli, "port", 0, 65535, &port, e);
	if (rc == 0)
		rc = cli_number(cli, "delay", 0, DELAY_MOST_MS, &delay_ms, e);
	if (rc == 0)
		rc = cli_number(cli, "count", 0, 1000000000, &count, e);
	if (rc == 0 && cli_has(cli, "respond"))
		rc = listen_parse_script(cli_option(cli, "respond"), &options.script, e);
	if (rc < 0)
		return rc;
	options.port = (uint16_t)port;
	options.delay_ms = delay_ms;
	options.count = (uint64_t)count;
	return listen_run(&options, e);
}
