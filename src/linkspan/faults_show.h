/* The faults of definitions as data, for the formats that are not text. */
#pragma once

struct cli;
struct err;
struct report;

/* {"errors", "warnings", "items": [{"severity", "file", "line", "path", "code", "text"}]}; with text,
 * nothing: people read them on standard error. */
int faults_show(const struct cli *cli, const struct report *report, struct err *e);
