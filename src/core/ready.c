/* Looking for what a deployment needs. */
#include "core/ready.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/secret.h"
#include "core/deployment.h"
#include "crypto/certificate.h"
#include "schema/report.h"

enum { PATH_BYTES = 256 };

static int check_secrets(const struct deployment *d, struct report *report)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, SECRET_MAX_BYTES);
	for (size_t i = 0; i < d->values.secret_count && rc != ERR_NO_MEMORY; i++) {
		const struct secret_text *secret = &d->values.secrets[i];
		struct err e = {0};
		rc = secret_compose(&d->host, secret->parts, secret->part_count, &text, &e);
		if (rc < 0 && rc != ERR_NO_MEMORY)
			report_add(report, LK_FAULT_ERROR, secret->node, "unresolved_secret", "%s",
			           e.text);
		buf_wipe(&text);
	}
	buf_finish(&text);
	return rc == ERR_NO_MEMORY ? rc : 0;
}

/* What is no certificate is a key: whether that is good is seen when it is used. */
static void check_file(const char *name, const char *path, struct report *report)
{
	struct certificate_info info;
	char end[CLOCK_TEXT_BYTES];

	if (!path || certificate_read_file(path, &info, NULL) < 0)
		return;
	/* Of a bundle of authorities one that is still good will do. */
	int64_t ends_ms = info.count > 1 ? info.latest_ms : info.first_ms;
	if (ends_ms > clock_system.unix_ms())
		return;
	clock_format(ends_ms, end);
	report_add_at(report, LK_FAULT_ERROR, path, 0, name, "certificate_expired",
	              "the certificate expired at %s", end);
}

/* before: the path of the group that the rows are of, with a dot; "" at the root. */
static void check_files(const struct lk_param *rows, uint32_t count,
                        const struct lk_value *const *values, const char *before,
                        struct report *report)
{
	char path[PATH_BYTES];

	for (uint32_t i = 0; i < count; i++) {
		bool is_file = rows[i].type == LK_T_FILE;
		if (!values || !values[i])
			continue;
		snprintf(path, sizeof(path), "%s%s%s", before, rows[i].name, is_file ? "" : ".");
		if (is_file)
			check_file(path, values[i]->u.s, report);
		else if (rows[i].type == LK_T_GROUP)
			check_files(rows[i].sub, rows[i].sub_count, values[i]->u.v, path, report);
	}
}

int deployment_ready(const struct deployment *d, struct report *report, struct err *e)
{
	size_t errors = report->errors;

	if (check_secrets(d, report) < 0)
		return err_no_memory(e);
	for (size_t i = 0; i < sizeof(d->parts) / sizeof(d->parts[0]); i++)
		check_files(d->parts[i].rows, d->parts[i].count, d->parts[i].values, "", report);
	if (report->out_of_memory)
		return err_no_memory(e);
	return report->errors > errors ? report_verdict(report, e) : 0;
}
