/* What the doctor finds in the system: clock, time zones, names, proxies. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include "base/banned.h"
#include "linkspan/doctor.h"

enum { PATH_BYTES = 4096 };

/* The kernel knows whether something keeps its clock right; no modes: only asking. */
static bool is_synchronised(void)
{
	struct timex state = {0};

	return adjtimex(&state) >= 0 && !(state.status & STA_UNSYNC);
}

void doctor_clock(struct doctor *d)
{
	int64_t apart_ms = d->daemon_ms >= 0 ? d->answered_ms - d->daemon_ms : 0;
	enum doctor_state state = doctor_judge_clock(apart_ms);

	if (state != DOCTOR_OK) {
		doctor_say(d, state, "clock", "the daemon's clock is %lld s %s this one",
		           (long long)(apart_ms < 0 ? -apart_ms : apart_ms) / 1000,
		           apart_ms > 0 ? "behind" : "ahead of");
		doctor_mend(d, "set both by NTP; signatures and schedules depend on it");
		return;
	}
	if (is_synchronised()) {
		doctor_say(d, DOCTOR_OK, "clock", "synchronised");
		return;
	}
	doctor_say(d, DOCTOR_WARN, "clock", "the kernel knows of nothing that keeps it right");
	doctor_mend(d,
	            "run chrony or systemd-timesyncd; receivers refuse signatures that are minutes "
	            "off");
}

void doctor_zones(struct doctor *d)
{
	static const char *const wanted[] = {"UTC", "Europe/Berlin"};
	const char *folder = getenv("TZDIR");
	char path[PATH_BYTES];
	struct stat st;

	if (!folder || !folder[0])
		folder = "/usr/share/zoneinfo";
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, wanted[i]);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			continue;
		doctor_say(d, DOCTOR_FAIL, "time_zones", "there is no %s", path);
		doctor_mend(d, "install the package tzdata; schedules need it");
		return;
	}
	doctor_say(d, DOCTOR_OK, "time_zones", "%s", folder);
}

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

void doctor_resolver(struct doctor *d)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	int rc = getaddrinfo("localhost", NULL, &hints, &found);
	if (rc != 0)
		doctor_say(d, DOCTOR_FAIL, "resolver", "localhost: %s", gai_strerror(rc));
	else if (!is_loopback(found->ai_addr))
		doctor_say(d, DOCTOR_FAIL, "resolver", "localhost is not this machine");
	else
		doctor_say(d, DOCTOR_OK, "resolver", "localhost resolves");
	if (rc != 0 || !is_loopback(found->ai_addr))
		doctor_mend(d, "look at /etc/hosts, /etc/nsswitch.conf and /etc/resolv.conf");
	if (found)
		freeaddrinfo(found);
}

/* libcurl itself never looks at HTTP_PROXY; others do. */
void doctor_proxy(struct doctor *d)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy",
	                                    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"};
	char set[128] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		size_t length = strlen(set);
		if (value && value[0])
			snprintf(set + length, sizeof(set) - length, "%s%s", length ? ", " : "",
			         names[i]);
	}
	if (!set[0]) {
		doctor_say(d, DOCTOR_OK, "proxy", "no variable names one");
		return;
	}
	doctor_say(d, DOCTOR_WARN, "proxy", "%s: set, and ignored", set);
	doctor_mend(
		d,
		"nothing, if receivers are reached directly; a proxy of the environment is never "
		"used");
}
