/* What the doctor finds in certificates: when they end, and whether there are trusted roots at all. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/banned.h"
#include "base/clock.h"
#include "crypto/certificate.h"
#include "linkspan/doctor.h"

enum { DAY_MS = 86400 * 1000 };

/* Where the bundle of roots is on Debian and its kin, on Fedora and its kin, elsewhere: the first that
 * is there is what connectors use. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
};

void doctor_ca(struct doctor *d)
{
	struct certificate_info info;
	struct err why = {0};
	struct stat st;
	size_t i = 0, count = sizeof(bundles) / sizeof(bundles[0]);

	while (i < count && stat(bundles[i], &st) < 0)
		i++;
	if (i == count)
		doctor_say(d, DOCTOR_FAIL, "ca_store", "there is no %s", bundles[0]);
	else if (certificate_read_file(bundles[i], &info, &why) < 0)
		doctor_say(d, DOCTOR_FAIL, "ca_store", "%s", why.text);
	else {
		doctor_say(d, DOCTOR_OK, "ca_store", "%s, %zu roots", bundles[i], info.count);
		return;
	}
	doctor_mend(d, "install the package ca-certificates, or name a ca_file in `tls`");
}

/* Of one's own chain each must be good; of roots one is enough. */
static void check_certificate(struct doctor *d, const struct doctor_need *need)
{
	struct certificate_info info;
	char when[CLOCK_TEXT_BYTES];
	struct err why = {0};

	int rc = certificate_read_file(need->what, &info, &why);
	if (rc == ERR_INVALID && need->connection)
		return; /* a key, or what deploying complains of */
	if (rc < 0) {
		doctor_say(d, DOCTOR_FAIL, "certificates", "%s", why.text);
		doctor_mend(d, "put it there, readable for the user of the daemon");
		return;
	}
	int64_t end_ms = need->is_ca ? info.latest_ms : info.soonest_ms;
	enum doctor_state state = doctor_judge_expiry(end_ms, d->now_ms, d->expiry_ms);
	clock_format(end_ms, when);
	if (state == DOCTOR_OK)
		return;
	doctor_say(d, state, "certificates", "%s (%s%s%s) %s on %.10s, %lld days %s", need->what,
	           need->connection ? need->connection : "the API", need->environment ? " in " : "",
	           need->environment ? need->environment : "",
	           state == DOCTOR_FAIL ? "ended" : "ends", when,
	           (long long)(state == DOCTOR_FAIL ? d->now_ms - end_ms : end_ms - d->now_ms) /
	                   DAY_MS,
	           state == DOCTOR_FAIL ? "ago" : "from now");
	doctor_mend(d, "renew it and put it in the place of the old one");
}

void doctor_certificates(struct doctor *d)
{
	size_t bad = d->counts[DOCTOR_WARN] + d->counts[DOCTOR_FAIL];
	const struct doctor_need own = {.what = d->session.conf.host.tls_certificate};

	if (!d->has_host)
		return;
	if (own.what)
		check_certificate(d, &own);
	for (size_t i = 0; i < d->certificates.count; i++)
		check_certificate(d, &d->certificates.items[i]);
	if (d->counts[DOCTOR_WARN] + d->counts[DOCTOR_FAIL] == bad)
		doctor_say(d, DOCTOR_OK, "certificates", "none ends soon");
}
