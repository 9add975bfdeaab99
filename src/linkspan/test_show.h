/* How the answer of Test connection looks (admin/test_answer.h). */
#pragma once

struct cli;
struct err;
struct json;

/* Prints it in the form that -o names, and takes it; sets the exit status to 1 when the test failed. */
int test_show(struct cli *cli, struct json *answer, struct err *e);
