/* The network policy over every form an address can be written in. */
#include "core/network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "suite.h"

/* Reads an address the way libcurl and the resolver do: inet_aton()'s forms for IPv4. */
static struct sockaddr_storage parse(const char *text, uint16_t port, socklen_t *ret_bytes)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct sockaddr_storage address = {0};
	struct addrinfo *found;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	ck_assert_msg(getaddrinfo(text, service, &hints, &found) == 0, "%s does not parse", text);
	memcpy(&address, found->ai_addr, found->ai_addrlen);
	*ret_bytes = found->ai_addrlen;
	freeaddrinfo(found);
	return address;
}

static const char *reason_of(const struct network_policy *policy, const char *text, uint16_t port)
{
	socklen_t bytes;
	struct sockaddr_storage address = parse(text, port, &bytes);
	const char *reason = network_reason(policy, (struct sockaddr *)&address, bytes);
	int rc = network_permit(policy, (struct sockaddr *)&address, bytes);

	ck_assert_msg(rc == (reason ? ERR_DENIED : 0), "%s: permit and reason disagree", text);
	return reason;
}

/* The reason must begin with `range`; NULL: permitted. */
static void check_reason(const struct network_policy *policy, const char *text, const char *range)
{
	const char *reason = reason_of(policy, text, 443);

	if (!range)
		ck_assert_msg(!reason, "%s denied: %s", text, reason);
	else
		ck_assert_msg(reason && strncmp(reason, range, strlen(range)) == 0,
		              "%s: expected %s, got %s", text, range,
		              reason ? reason : "permitted");
}

struct row {
	const char *address;
	const char *range; /* NULL: permitted */
};

static const struct row usual_rows[] = {
	/* 0.0.0.0/8 */
	{"0.0.0.0", "0.0.0.0/8"},
	{"0", "0.0.0.0/8"},
	{"0x0", "0.0.0.0/8"},
	{"00.00.00.00", "0.0.0.0/8"},
	{"0.1", "0.0.0.0/8"},
	{"0.255.255.255", "0.0.0.0/8"},
	{"::ffff:0.0.0.0", "0.0.0.0/8"},
	{"1.0.0.0", NULL},
	{"16777216", NULL},
	/* 10.0.0.0/8 */
	{"9.255.255.255", NULL},
	{"10.0.0.0", "10.0.0.0/8"},
	{"10.1.2.3", "10.0.0.0/8"},
	{"10.255.255.255", "10.0.0.0/8"},
	{"11.0.0.0", NULL},
	{"10.1", "10.0.0.0/8"},
	{"10.1.2", "10.0.0.0/8"},
	{"012.1.2.3", "10.0.0.0/8"},
	{"0xa.1.2.3", "10.0.0.0/8"},
	{"0x0a010203", "10.0.0.0/8"},
	{"167838211", "10.0.0.0/8"},
	{"01200401003", "10.0.0.0/8"},
	{"::ffff:10.1.2.3", "10.0.0.0/8"},
	{"::ffff:a01:203", "10.0.0.0/8"},
	{"0012.0001.0002.0003", "10.0.0.0/8"},
	{"::ffff:9.255.255.255", NULL},
	/* 100.64.0.0/10 */
	{"100.63.255.255", NULL},
	{"100.64.0.0", "100.64.0.0/10"},
	{"100.100.100.199", "100.64.0.0/10"},
	{"100.127.255.255", "100.64.0.0/10"},
	{"100.128.0.0", NULL},
	{"0x64.0x40.0.1", "100.64.0.0/10"},
	{"100.64.1", "100.64.0.0/10"},
	{"1681915905", "100.64.0.0/10"},
	{"::ffff:100.64.0.1", "100.64.0.0/10"},
	/* 127.0.0.0/8 */
	{"126.255.255.255", NULL},
	{"127.0.0.0", "127.0.0.0/8"},
	{"127.0.0.1", "127.0.0.0/8"},
	{"127.255.255.255", "127.0.0.0/8"},
	{"128.0.0.0", NULL},
	{"127.1", "127.0.0.0/8"},
	{"127.0.1", "127.0.0.0/8"},
	{"2130706433", "127.0.0.0/8"},
	{"0x7f000001", "127.0.0.0/8"},
	{"0x7F000001", "127.0.0.0/8"},
	{"017700000001", "127.0.0.0/8"},
	{"0177.0.0.1", "127.0.0.0/8"},
	{"0177.1", "127.0.0.0/8"},
	{"0x7f.1", "127.0.0.0/8"},
	{"0x7f.0.0.1", "127.0.0.0/8"},
	{"0x7f.0x0.0x0.0x1", "127.0.0.0/8"},
	{"0000177.0.0.1", "127.0.0.0/8"},
	{"127.0x1", "127.0.0.0/8"},
	{"127.65535", "127.0.0.0/8"},
	{"127.0.65535", "127.0.0.0/8"},
	{"127.16777215", "127.0.0.0/8"},
	{"2147483647", "127.0.0.0/8"},
	{"127.0.0.01", "127.0.0.0/8"},
	{"127.00.00.001", "127.0.0.0/8"},
	{"::ffff:127.0.0.1", "127.0.0.0/8"},
	{"::ffff:7f00:1", "127.0.0.0/8"},
	{"::FFFF:7F00:0001", "127.0.0.0/8"},
	{"0:0:0:0:0:ffff:127.0.0.1", "127.0.0.0/8"},
	{"0:0:0:0:0:ffff:7f00:1", "127.0.0.0/8"},
	{"0000:0000:0000:0000:0000:ffff:7f00:0001", "127.0.0.0/8"},
	{"::ffff:128.0.0.0", NULL},
	/* 169.254.0.0/16 and the metadata services */
	{"169.253.255.255", NULL},
	{"169.254.0.0", "169.254.0.0/16"},
	{"169.254.169.254", "169.254.169.254"},
	{"169.254.170.2", "169.254.0.0/16"},
	{"169.254.255.255", "169.254.0.0/16"},
	{"169.255.0.0", NULL},
	{"2852039166", "169.254.169.254"},
	{"0xa9fea9fe", "169.254.169.254"},
	{"0251.0376.0251.0376", "169.254.169.254"},
	{"0xa9.0xfe.0xa9.0xfe", "169.254.169.254"},
	{"169.254.43518", "169.254.169.254"},
	{"169.16689662", "169.254.169.254"},
	{"025177524776", "169.254.169.254"},
	{"::ffff:169.254.169.254", "169.254.169.254"},
	{"::ffff:a9fe:a9fe", "169.254.169.254"},
	{"100.100.100.200", "100.100.100.200"},
	{"0x646464c8", "100.100.100.200"},
	{"::ffff:100.100.100.200", "100.100.100.200"},
	/* 172.16.0.0/12 */
	{"172.15.255.255", NULL},
	{"172.16.0.0", "172.16.0.0/12"},
	{"172.24.1.1", "172.16.0.0/12"},
	{"172.31.255.255", "172.16.0.0/12"},
	{"172.32.0.0", NULL},
	{"0254.020.0.1", "172.16.0.0/12"},
	{"172.1048577", "172.16.0.0/12"},
	{"2886729729", "172.16.0.0/12"},
	{"::ffff:172.31.255.255", "172.16.0.0/12"},
	/* 192.0.0.0/24, 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16 */
	{"191.255.255.255", NULL},
	{"192.0.0.0", "192.0.0.0/24"},
	{"192.0.0.255", "192.0.0.0/24"},
	{"192.0.1.0", NULL},
	{"192.0.1.255", NULL},
	{"192.0.2.0", "192.0.2.0/24"},
	{"192.0.2.255", "192.0.2.0/24"},
	{"192.0.3.0", NULL},
	{"192.88.98.255", NULL},
	{"192.88.99.0", "192.88.99.0/24"},
	{"192.88.99.255", "192.88.99.0/24"},
	{"192.88.100.0", NULL},
	{"192.167.255.255", NULL},
	{"192.168.0.0", "192.168.0.0/16"},
	{"192.168.255.255", "192.168.0.0/16"},
	{"192.169.0.0", NULL},
	{"192.168.257", "192.168.0.0/16"},
	{"3232235521", "192.168.0.0/16"},
	{"0xc0a80001", "192.168.0.0/16"},
	{"0300.0250.0.1", "192.168.0.0/16"},
	{"::ffff:c0a8:1", "192.168.0.0/16"},
	/* 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24 */
	{"198.17.255.255", NULL},
	{"198.18.0.0", "198.18.0.0/15"},
	{"198.19.255.255", "198.18.0.0/15"},
	{"198.20.0.0", NULL},
	{"198.51.99.255", NULL},
	{"198.51.100.0", "198.51.100.0/24"},
	{"198.51.100.255", "198.51.100.0/24"},
	{"198.51.101.0", NULL},
	{"203.0.112.255", NULL},
	{"203.0.113.0", "203.0.113.0/24"},
	{"203.0.113.255", "203.0.113.0/24"},
	{"203.0.114.0", NULL},
	/* 224.0.0.0/3 */
	{"223.255.255.255", NULL},
	{"224.0.0.0", "224.0.0.0/3"},
	{"224.0.0.1", "224.0.0.0/3"},
	{"239.255.255.255", "224.0.0.0/3"},
	{"240.0.0.1", "224.0.0.0/3"},
	{"255.255.255.255", "224.0.0.0/3"},
	{"4294967295", "224.0.0.0/3"},
	{"0xffffffff", "224.0.0.0/3"},
	{"037777777777", "224.0.0.0/3"},
	{"::ffff:255.255.255.255", "224.0.0.0/3"},
	/* IPv4 of the open Internet */
	{"8.8.8.8", NULL},
	{"134744072", NULL},
	{"0x08080808", NULL},
	{"010.010.010.010", NULL},
	{"::ffff:8.8.8.8", NULL},
	{"93.184.216.34", NULL},
	/* IPv6: global unicast and its holes */
	{"2000::", NULL},
	{"2606:4700:4700::1111", NULL},
	{"2001:200::", NULL},
	{"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"2001::", "2001::/23"},
	{"2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::/23"},
	{"2001:10::1", "2001::/23"},
	{"2001:20::1", "2001::/23"},
	{"2001:1ff:ffff::", "2001::/23"},
	{"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::/23"},
	{"2001:db7:ffff::", NULL},
	{"2001:db8::", "2001:db8::/32"},
	{"2001:db8:ffff::ffff", "2001:db8::/32"},
	{"2001:0DB8:0:0:0:0:0:1", "2001:db8::/32"},
	{"2001:db9::", NULL},
	{"2001:ffff:ffff::", NULL},
	{"2002::", "2002::/16"},
	{"2002:7f00:1::1", "2002::/16"},
	{"2002:ffff::", "2002::/16"},
	{"2003::", NULL},
	{"3ffe:ffff::", NULL},
	{"3fff::", "3fff::/20"},
	{"3fff:fff:ffff::", "3fff::/20"},
	{"3fff:1000::", NULL},
	{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	/* IPv6: the rest */
	{"::", "outside 2000::/3"},
	{"::1", "::1"},
	{"0:0:0:0:0:0:0:1", "::1"},
	{"0000:0000:0000:0000:0000:0000:0000:0001", "::1"},
	{"::2", "outside 2000::/3"},
	{"::127.0.0.1", "outside 2000::/3"},
	{"::8.8.8.8", "outside 2000::/3"},
	{"::7f00:1", "outside 2000::/3"},
	{"::ffff:0:127.0.0.1", "outside 2000::/3"},
	{"::fffe:127.0.0.1", "outside 2000::/3"},
	{"64:ff9b::127.0.0.1", "64:ff9b::/96"},
	{"64:ff9b::8.8.8.8", "64:ff9b::/96"},
	{"64:ff9b::169.254.169.254", "169.254.0.0/16 (link-local) by NAT64"},
	{"64:ff9b:1::1", "outside 2000::/3"},
	{"100::1", "outside 2000::/3"},
	{"1fff:ffff:ffff::", "outside 2000::/3"},
	{"4000::", "outside 2000::/3"},
	{"5f00::1", "outside 2000::/3"},
	{"fbff::1", "outside 2000::/3"},
	{"fc00::", "fc00::/7"},
	{"fd12:3456::1", "fc00::/7"},
	{"fdff:ffff::", "fc00::/7"},
	{"fe00::", "outside 2000::/3"},
	{"fe7f:ffff::", "outside 2000::/3"},
	{"fe80::", "fe80::/10"},
	{"fe80::1", "fe80::/10"},
	{"FE80::A9FE:A9FE", "fe80::/10"},
	{"febf:ffff::", "fe80::/10"},
	{"fec0::1", "outside 2000::/3"},
	{"ff00::", "ff00::/8"},
	{"ff02::1", "ff00::/8"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ff00::/8"},
	{"fd00:ec2::254", "fd00:ec2::254"},
	{"fd00:0ec2:0:0:0:0:0:0254", "fd00:ec2::254"},
	{"fd00:ec2::253", "fc00::/7"},
	{"2002:a9fe:a9fe::1", "169.254.0.0/16 (link-local) by 6to4"},
};

START_TEST(without_a_list_exactly_the_special_ranges_are_denied)
{
	struct network_policy policy;

	network_policy_init(&policy);
	check_reason(&policy, usual_rows[_i].address, usual_rows[_i].range);
	network_policy_finish(&policy);
}
END_TEST

static const struct {
	const char *allow[2];
	const char *inside[5], *outside[5]; /* permitted; denied */
} allow_rows[] = {
	{{"127.0.0.0/8"},
         {"127.0.0.1", "2130706433", "::ffff:127.0.0.1", "127.255.255.255"},
         {"::1", "10.0.0.1", "0.0.0.0", "::7f00:1"}},
	{{"127.0.0.1"}, {"127.0.0.1", "127.1"}, {"127.0.0.2", "127.0.0.0"}},
	{{"127.0.0.1/32", "::1/128"}, {"127.0.0.1", "::1"}, {"127.0.0.2", "::2", "::"}},
	{{"::1"}, {"::1"}, {"::2", "127.0.0.1"}},
	{{"10.16.0.0/13"},
         {"10.16.0.0", "10.23.255.255", "012.027.1.1"},
         {"10.15.255.255", "10.24.0.0"}},
	{{"192.168.7.128/25"},
         {"192.168.7.128", "192.168.7.255"},
         {"192.168.7.127", "192.168.8.0"}},
	{{"192.168.7.4/31"}, {"192.168.7.4", "192.168.7.5"}, {"192.168.7.3", "192.168.7.6"}},
	{{"::ffff:10.0.0.0/104"}, {"10.1.2.3", "::ffff:10.1.2.3"}, {"172.16.0.1", "127.0.0.1"}},
	{{"fd12:3456::/32"}, {"fd12:3456::", "fd12:3456:ffff::1"}, {"fd12:3455::", "fd12:3457::"}},
	{{"fd12:3456:789a:bcde::/63"},
         {"fd12:3456:789a:bcde::", "fd12:3456:789a:bcdf::1"},
         {"fd12:3456:789a:bcdd::", "fd12:3456:789a:bce0::"}},
	{{"64:ff9b::/96"},
         {"64:ff9b::127.0.0.1"},
         {"64:ff9b::169.254.169.254", "64:ff9b::100.100.100.200", "64:ff9b:1::"}},
	{{"2002::/16"}, {"2002:7f00:1::"}, {"2002:a9fe:a9fe::", "2002:6464:64c8::1"}},
	{{"0.0.0.0/0"},
         {"127.0.0.1", "255.255.255.255", "0.0.0.0", "::ffff:10.0.0.1", "100.100.100.199"},
         {"169.254.169.254", "169.254.1.1", "100.100.100.200", "::1", "fd00::1"}},
	{{"::/0"},
         {"::1", "fd00::1", "ff02::1", "2001:db8::1", "64:ff9b::10.0.0.1"},
         {"127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254"}},
	{{"169.254.0.0/16", "fe80::/10"},
         {"8.8.8.8"},
         {"169.254.169.254", "169.254.0.1", "fe80::1", "::ffff:169.254.0.1"}},
};

START_TEST(a_list_opens_its_ranges_and_nothing_else)
{
	struct network_policy policy;

	network_policy_init(&policy);
	for (size_t i = 0; i < 2 && allow_rows[_i].allow[i]; i++)
		ck_assert_int_eq(network_policy_add(&policy, allow_rows[_i].allow[i], NULL), 0);
	for (size_t i = 0; i < 5 && allow_rows[_i].inside[i]; i++)
		check_reason(&policy, allow_rows[_i].inside[i], NULL);
	for (size_t i = 0; i < 5 && allow_rows[_i].outside[i]; i++)
		ck_assert_msg(reason_of(&policy, allow_rows[_i].outside[i], 80), "%s is open",
		              allow_rows[_i].outside[i]);
	network_policy_finish(&policy);
}
END_TEST

static const struct {
	const char *cidr;
	const char *hint; /* part of the message */
} bad_rows[] = {
	{"10.1.2.3/8", "write 10.0.0.0/8"},
	{"192.168.1.0/23", "write 192.168.0.0/23"},
	{"1.2.3.4/0", "write 0.0.0.0/0"},
	{"fd00::1/64", "write fd00::/64"},
	{"::ffff:10.0.0.1/104", "write ::ffff:10.0.0.0/104"},
	{"", "not a range"},
	{"/8", "not a range"},
	{"10.0.0.0/", "not a range"},
	{"10.0.0.0/33", "not a range"},
	{"10.0.0.0/-1", "not a range"},
	{"10.0.0.0/+8", "not a range"},
	{"10.0.0.0/08", "not a range"},
	{"10.0.0.0/8 ", "not a range"},
	{" 10.0.0.0/8", "not a range"},
	{"10.0.0.0/8/8", "not a range"},
	{"10.0.0.0/255.0.0.0", "not a range"},
	{"10.0.0.0/4294967304", "not a range"},
	{"10/8", "not a range"},
	{"10.0/8", "not a range"},
	{"010.0.0.0/8", "not a range"},
	{"0x0a000000/8", "not a range"},
	{"167772160", "not a range"},
	{"10.0.0.256", "not a range"},
	{"fd00::/129", "not a range"},
	{"fd00:::/64", "not a range"},
	{"[::1]/128", "not a range"},
	{"fe80::1%lo", "not a range"},
	{"localhost", "not a range"},
	{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001/128", "not a range"},
};

START_TEST(a_malformed_range_is_refused_with_advice)
{
	struct network_policy policy;
	struct err e = {0};

	network_policy_init(&policy);
	ck_assert_int_eq(network_policy_add(&policy, bad_rows[_i].cidr, &e), ERR_INVALID);
	ck_assert_msg(strstr(e.text, bad_rows[_i].hint), "%s: %s", bad_rows[_i].cidr, e.text);
	ck_assert_msg(strstr(e.text, bad_rows[_i].cidr), "the text is not named: %s", e.text);
	check_reason(&policy, "10.1.2.3", "10.0.0.0/8");
	network_policy_finish(&policy);
}
END_TEST

static const struct {
	const char *listener;
	const char *denied[5], *permitted[5]; /* on the listener's port, all ranges open */
} listener_rows[] = {
	{"127.0.0.1",
         {"127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::", "2130706433"},
         {"127.0.0.2", "::1", "10.0.0.1"}},
	{"::1", {"::1", "::", "0.0.0.0"}, {"127.0.0.1", "::2"}},
	{"10.1.2.3", {"10.1.2.3", "::ffff:10.1.2.3", "0"}, {"10.1.2.4", "127.0.0.1", "::1"}},
	{"0.0.0.0", {"127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::"}, {"10.1.2.3", "8.8.8.8"}},
	{"::", {"::1", "127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"}, {"fd00::1", "8.8.8.8"}},
	{"8.8.8.8", {"8.8.8.8"}, {"8.8.4.4"}},
};

START_TEST(our_own_listeners_stay_closed_whatever_is_allowed)
{
	enum { PORT = 8686 };
	struct network_policy policy;
	socklen_t bytes;
	struct sockaddr_storage ours = parse(listener_rows[_i].listener, PORT, &bytes);

	network_policy_init(&policy);
	ck_assert_int_eq(network_policy_add(&policy, "0.0.0.0/0", NULL), 0);
	ck_assert_int_eq(network_policy_add(&policy, "::/0", NULL), 0);
	ck_assert_int_eq(
		network_policy_deny_listener(&policy, (struct sockaddr *)&ours, bytes, NULL), 0);
	for (size_t i = 0; i < 5 && listener_rows[_i].denied[i]; i++) {
		const char *address = listener_rows[_i].denied[i];
		const char *reason = reason_of(&policy, address, PORT);

		ck_assert_msg(reason && strstr(reason, "listener"), "%s is open", address);
		ck_assert_msg(!reason_of(&policy, address, PORT + 1), "%s, next port", address);
	}
	for (size_t i = 0; i < 5 && listener_rows[_i].permitted[i]; i++)
		ck_assert_msg(!reason_of(&policy, listener_rows[_i].permitted[i], PORT),
		              "%s is closed", listener_rows[_i].permitted[i]);
	network_policy_finish(&policy);
}
END_TEST

/* Every address of this machine, loopback among them. */
START_TEST(a_wildcard_listener_is_closed_at_every_interface)
{
	const struct sockaddr_in ours = {.sin_family = AF_INET, .sin_port = htons(8686)};
	struct network_policy policy;
	struct ifaddrs *all = NULL;
	size_t count = 0;

	network_policy_init(&policy);
	ck_assert_int_eq(network_policy_add(&policy, "0.0.0.0/0", NULL), 0);
	ck_assert_int_eq(network_policy_deny_own(&policy, (const struct sockaddr *)&ours,
	                                         sizeof(ours), NULL),
	                 0);
	ck_assert_int_eq(getifaddrs(&all), 0);
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET)
			continue;
		struct sockaddr_in to = *(const struct sockaddr_in *)(const void *)i->ifa_addr;
		to.sin_port = ours.sin_port;
		ck_assert_int_eq(network_permit(&policy, (struct sockaddr *)&to, sizeof(to)),
		                 ERR_DENIED);
		count++;
	}
	freeifaddrs(all);
	ck_assert_uint_gt(count, 0);
	network_policy_finish(&policy);
}
END_TEST

START_TEST(what_is_no_internet_address_is_denied)
{
	struct network_policy policy;
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/x.sock"};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in odd = v4;

	odd.sin_family = AF_PACKET;
	network_policy_init(&policy);
	ck_assert_int_eq(network_policy_add(&policy, "0.0.0.0/0", NULL), 0);
	ck_assert_int_eq(network_policy_add(&policy, "::/0", NULL), 0);
	ck_assert_int_eq(network_permit(&policy, (struct sockaddr *)&v4, sizeof(v4)), 0);

	const struct {
		const void *address;
		socklen_t bytes;
	} rows[] = {
		{&local, sizeof(local)},
		{&odd, sizeof(odd)},
		{&v4, sizeof(v4) - 1},
		{&v4, 1},
		{&v4, 0},
		{&v6, sizeof(v6) - 1},
		{&v6, sizeof(v4)},
		{NULL, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_int_eq(network_permit(&policy, rows[i].address, rows[i].bytes),
		                 ERR_DENIED);
	ck_assert_int_eq(network_policy_deny_listener(&policy, (struct sockaddr *)&local,
	                                              sizeof(local), NULL),
	                 0);
	ck_assert_uint_eq(policy.listener_count, 0);
	network_policy_finish(&policy);
}
END_TEST

START_TEST(without_memory_the_policy_stays_as_it_was)
{
	struct network_policy policy;
	struct err e = {0};
	socklen_t bytes;
	struct sockaddr_storage ours = parse("127.0.0.1", 80, &bytes);

	network_policy_init(&policy);
	ck_assert_int_eq(network_policy_add(&policy, "10.0.0.0/8", NULL), 0);
	mem_fail_at(1);
	ck_assert_int_eq(network_policy_add(&policy, "127.0.0.0/8", &e), ERR_NO_MEMORY);
	mem_fail_at(1);
	ck_assert_int_eq(
		network_policy_deny_listener(&policy, (struct sockaddr *)&ours, bytes, NULL),
		ERR_NO_MEMORY);
	mem_fail_at(0);
	check_reason(&policy, "10.1.1.1", NULL);
	check_reason(&policy, "127.0.0.1", "127.0.0.0/8");
	network_policy_finish(&policy);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(without_a_list_exactly_the_special_ranges_are_denied, usual_rows),
	SUITE_LOOP(a_list_opens_its_ranges_and_nothing_else, allow_rows),
	SUITE_LOOP(a_malformed_range_is_refused_with_advice, bad_rows),
	SUITE_LOOP(our_own_listeners_stay_closed_whatever_is_allowed, listener_rows),
	SUITE_TEST(a_wildcard_listener_is_closed_at_every_interface),
	SUITE_TEST(what_is_no_internet_address_is_denied),
	SUITE_TEST(without_memory_the_policy_stays_as_it_was),
};

SUITE_MAIN("network", tests)
