/* Wrong credentials, counted by address. */
#include "admin/throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "httpd/request.h"
#include "suite.h"

static struct throttle throttle;

static struct http_peer peer(const char *text)
{
	struct http_peer p = {0};
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&p.address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&p.address;
	bool six = strchr(text, ':') != NULL;

	p.address.ss_family = six ? AF_INET6 : AF_INET;
	void *at = six ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr;
	ck_assert_int_eq(inet_pton(p.address.ss_family, text, at), 1);
	return p;
}

static unsigned count(const char *text, int64_t now_ms)
{
	const struct http_peer p = peer(text);

	return throttle_count(&throttle, &p, now_ms);
}

static void use_up(const char *text, int64_t now_ms)
{
	for (int i = 0; i < THROTTLE_BURST; i++)
		ck_assert_uint_eq(count(text, now_ms), 0);
}

START_TEST(some_are_answered_then_one_now_and_then)
{
	throttle_init(&throttle);
	use_up("192.0.2.1", 1000);
	ck_assert_uint_eq(count("192.0.2.1", 1000), 6);
	ck_assert_uint_eq(count("192.0.2.1", 1001), 6);
	ck_assert_uint_eq(count("192.0.2.1", 6000), 1);
	ck_assert_uint_eq(count("192.0.2.1", 7000), 0);
	ck_assert_uint_eq(count("192.0.2.1", 7000), 6);
	/* After a minute all of it is there again. */
	use_up("192.0.2.1", 67000);
	throttle_finish(&throttle);
}
END_TEST

START_TEST(others_are_not_touched)
{
	throttle_init(&throttle);
	use_up("192.0.2.1", 0);
	ck_assert_uint_eq(count("192.0.2.2", 0), 0);
	ck_assert_uint_eq(count("2001:db8::1", 0), 0);
	throttle_finish(&throttle);
}
END_TEST

/* Whoever has one address of IPv6 has all of its /64. */
START_TEST(a_network_of_ipv6_is_one)
{
	throttle_init(&throttle);
	use_up("2001:db8:0:1::1", 0);
	ck_assert_uint_gt(count("2001:db8:0:1:ffff::2", 0), 0);
	ck_assert_uint_eq(count("2001:db8:0:2::1", 0), 0);
	throttle_finish(&throttle);
}
END_TEST

START_TEST(the_table_does_not_grow)
{
	char text[32];

	throttle_init(&throttle);
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		ck_assert_uint_eq(count(text, i), 0);
	}
	throttle_finish(&throttle);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(some_are_answered_then_one_now_and_then),
	SUITE_TEST(others_are_not_touched),
	SUITE_TEST(a_network_of_ipv6_is_one),
	SUITE_TEST(the_table_does_not_grow),
};

SUITE_MAIN("throttle", tests)
