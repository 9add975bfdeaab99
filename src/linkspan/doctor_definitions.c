/* What the doctor finds in the definitions: faults, plugins, secrets that are not there. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "conf/secret.h"
#include "core/deployment.h"
#include "core/deployment_check.h"
#include "linkspan/doctor.h"
#include "schema/node.h"

/* Every file of the rows that is a certificate by the name of its row. */
static void note_files(struct doctor *d, const struct deployment *deployment,
                       const struct lk_param *rows, uint32_t count,
                       const struct lk_value *const *values)
{
	for (uint32_t i = 0; values && i < count; i++) {
		if (!values[i])
			continue;
		if (rows[i].type == LK_T_GROUP)
			note_files(d, deployment, rows[i].sub, rows[i].sub_count, values[i]->u.v);
		if (rows[i].type != LK_T_FILE || !values[i]->u.s)
			continue;
		const struct doctor_need need = {
			.what = values[i]->u.s,
			.connection = deployment->settings.connection,
			.environment = deployment->settings.environment,
			.is_ca = strncmp(rows[i].name, "ca_", 3) == 0,
		};
		doctor_need(d, &d->certificates, &need);
	}
}

static void note_secrets(struct doctor *d, const struct deployment *deployment)
{
	const struct schema_values *values = &deployment->values;

	for (size_t i = 0; i < values->secret_count; i++)
		for (size_t k = 0; k < values->secrets[i].part_count; k++) {
			const struct text_part *part = &values->secrets[i].parts[k];
			const struct doctor_need need = {
				.what = part->text,
				.connection = deployment->settings.connection,
				.environment = deployment->settings.environment,
			};
			if (part->kind == TEXT_SECRET)
				doctor_need(d, &d->secrets, &need);
		}
}

static void note(void *arg, const struct deployment_checked *found)
{
	struct deployment *deployment = found->deployment;
	struct doctor *d = arg;

	if (!deployment)
		return;
	for (size_t i = 0; i < sizeof(deployment->parts) / sizeof(deployment->parts[0]); i++)
		note_files(d, deployment, deployment->parts[i].rows, deployment->parts[i].count,
		           deployment->parts[i].values);
	note_secrets(d, deployment);
	deployment_destroy(deployment);
}

/* The first fault, as `linkspan validate` prints it. */
static void say_faults(struct doctor *d)
{
	const struct report *report = &d->session.report;
	const struct fault *worst = NULL;

	for (size_t i = 0; i < report->count; i++)
		if (!worst || (report->faults[i].severity == LK_FAULT_ERROR &&
		               worst->severity != LK_FAULT_ERROR))
			worst = &report->faults[i];
	if (!worst)
		return;
	doctor_say(d, report->errors > 0 ? DOCTOR_FAIL : DOCTOR_WARN, "configuration",
	           "%zu error%s, %zu warning%s; %s:%u: %s: %s", report->errors,
	           report->errors == 1 ? "" : "s", report->warnings,
	           report->warnings == 1 ? "" : "s", worst->file ? worst->file : "", worst->line,
	           worst->path ? worst->path : "", worst->text);
	doctor_mend(d, "linkspan --config %s validate prints every fault with its line",
	            config_path(d->cli));
}

void doctor_configuration(struct doctor *d)
{
	struct session *s = &d->session;
	const char *path = config_path(d->cli);

	int rc = session_read(s, d->cli, NULL);
	d->has_host = rc == 0;
	if (rc < 0 && s->report.count == 0) {
		doctor_say(d, DOCTOR_FAIL, "configuration", "no host can be read from %s", path);
		doctor_mend(d, "name the host's linkspan.conf: --config FILE or LINKSPAN_CONFIG");
		return;
	}
	if (rc < 0) {
		say_faults(d);
		return;
	}
	const struct deployment_check check = {.conf = &s->conf,
	                                       .plugins = &s->plugins,
	                                       .report = &s->report,
	                                       .checked = note,
	                                       .arg = d};
	struct err why = {0};
	if (plugins_load(&s->plugins, s->conf.host.plugins, &s->report, &why) == 0)
		deployment_check_conf(&check);
	if (s->report.count > 0)
		say_faults(d);
	else
		doctor_say(d, DOCTOR_OK, "configuration", "%s: %zu connection%s, no fault", path,
		           s->conf.connection_count, s->conf.connection_count == 1 ? "" : "s");
}

static void say_plugin(struct doctor *d, const struct plugin *p)
{
	bool newer = p->plugin.abi_minor > LK_ABI_MINOR;

	doctor_say(d, newer ? DOCTOR_WARN : DOCTOR_OK, "plugins", "%s %s, ABI %d.%u%s",
	           p->plugin.id, p->plugin.version, LK_ABI_MAJOR, (unsigned)p->plugin.abi_minor,
	           newer ? " is newer than this host's: what it has beyond is not used" : "");
	if (newer)
		doctor_mend(d, "update linkspan, whose ABI is %d.%d", LK_ABI_MAJOR, LK_ABI_MINOR);
}

void doctor_plugins(struct doctor *d)
{
	struct session *s = &d->session;
	struct plugins again;
	struct err why = {0};

	if (!d->has_host)
		return;
	for (size_t i = 0; i < s->plugins.count; i++)
		say_plugin(d, s->plugins.items[i]);
	if (s->plugins.count > 0)
		return;
	/* Either there are none, or the first attempt failed: this one says why. */
	plugins_init(&again);
	if (plugins_load(&again, s->conf.host.plugins, NULL, &why) < 0)
		doctor_say(d, DOCTOR_FAIL, "plugins", "%s", why.text);
	else
		doctor_say(d, DOCTOR_FAIL, "plugins", "there is no plugin in %s",
		           s->conf.host.plugins[0] ? s->conf.host.plugins[0] : "no folder");
	doctor_mend(d, "look at `plugins` in %s; linkspan plugin lint FILE.so checks one",
	            s->conf.host.file);
	plugins_finish(&again);
}

/* Variables of the environment belong to the process: what is missing here the daemon may have. */
static void say_secret(struct doctor *d, const struct doctor_need *need)
{
	const struct text_part part = {.kind = TEXT_SECRET, .text = need->what};
	bool is_variable = strncmp(need->what, "env/", 4) == 0;
	struct err why = {0};
	struct buf text;

	buf_init(&text, SECRET_MAX_BYTES + 1);
	int rc = secret_compose(&d->session.conf.host, &part, 1, &text, &why);
	buf_wipe(&text);
	buf_finish(&text);
	if (rc == 0)
		return;
	doctor_say(d, is_variable ? DOCTOR_WARN : DOCTOR_FAIL, "secrets", "%s in %s: %s",
	           need->connection, need->environment, why.text);
	if (is_variable)
		doctor_mend(d, "nothing, if the daemon's own environment has %s; else set it there",
		            need->what + 4);
	else
		doctor_mend(d, "put the secret there, readable for the user of the daemon alone");
}

void doctor_secrets(struct doctor *d)
{
	size_t bad = d->counts[DOCTOR_WARN] + d->counts[DOCTOR_FAIL];

	if (!d->has_host)
		return;
	for (size_t i = 0; i < d->secrets.count; i++)
		say_secret(d, &d->secrets.items[i]);
	if (d->counts[DOCTOR_WARN] + d->counts[DOCTOR_FAIL] == bad)
		doctor_say(d, DOCTOR_OK, "secrets", "%zu referred to, all there", d->secrets.count);
}
