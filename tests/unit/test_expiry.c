/* Tests of when certificates of links end: what is told, how often, and where it is seen. */
#include "core/expiry.h"

#include "durable.h"
#include "suite.h"

#define DAY_MS (24ll * 60 * 60 * 1000)
#define ONE_MS 1796427143000ll /* the end of the certificate below */

static const char one[] = "-----BEGIN CERTIFICATE-----\n"
			  "MIIBcDCCARegAwIBAgIUS7PFnEwuQ2TnaRQvAIXlFH4+5dowCgYIKoZIzj0EAwIw\n"
			  "DjEMMAoGA1UEAwwDb25lMB4XDTI2MTEyNDIzMzIyM1oXDTI2MTIwNDIzMzIyM1ow\n"
			  "DjEMMAoGA1UEAwwDb25lMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4KUH/QuE\n"
			  "JP4gimgQ+ICxRaaVbJx3vndzIITU/kf+55im623J5U71EcJkMxM3f9KALlKH3XAl\n"
			  "XsmhVKwh2a77faNTMFEwHQYDVR0OBBYEFNu62k/CbCXG4xQBsNPDz9LiFEOoMB8G\n"
			  "A1UdIwQYMBaAFNu62k/CbCXG4xQBsNPDz9LiFEOoMA8GA1UdEwEB/wQFMAMBAf8w\n"
			  "CgYIKoZIzj0EAwIDRwAwRAIgaK1U5kN9ItIcJJo/GjNrRjlRjwi0T1BDsgY4Oo9D\n"
			  "8SMCIEd6eT3WnpVrlI/O0Am7WSZPyylhNQG/6VEdd8lngTAp\n"
			  "-----END CERTIFICATE-----\n";

/* So many days before the certificate ends, with Hook, that names it, deployed. */
static void begin(int64_t days)
{
	char settings[1024];

	durable_begin();
	hosting_load("webhook");
	clock_fake_set(1000000, ONE_MS - days * DAY_MS);
	folder_write("ca.pem", one);
	snprintf(
		settings, sizeof(settings),
		"method = \"POST\"; url = \"https://receiver.test/\"; alert_connection = \"Bell\"; "
		"tls: { ca_file = \"%s\"; };",
		folder_path("ca.pem"));
	hosting_define("Hook", "webhook", settings);
	hosting_define("Bell", "actor", "");
	durable_start();
	hosting_open("Bell");
	hosting_open("Hook");
	durable_settle();
}

static unsigned told(struct event *ret)
{
	return durable_events(EVENT_CERTIFICATE_EXPIRES, "Hook", ret);
}

START_TEST(it_is_told_at_each_threshold_once)
{
	struct event event;

	begin(40);
	ck_assert_uint_eq(told(NULL), 0);
	durable_advance(11 * DAY_MS); /* 29 */
	ck_assert_uint_eq(told(&event), 1);
	ck_assert_str_eq(event.reason, "certificate_expires");
	ck_assert_ptr_nonnull(strstr(event.detail, "CN=one"));
	ck_assert_ptr_nonnull(strstr(event.detail, "2026-12-04"));
	durable_advance(14 * DAY_MS); /* 15 */
	ck_assert_uint_eq(told(NULL), 1);
	durable_advance(2 * DAY_MS); /* 13 */
	ck_assert_uint_eq(told(NULL), 2);
	durable_advance(7 * DAY_MS); /* 6 */
	ck_assert_uint_eq(told(NULL), 3);
	durable_advance(6 * DAY_MS - 1000);
	ck_assert_uint_eq(told(NULL), 4);
	durable_advance(30 * DAY_MS);
	ck_assert_uint_eq(told(&event), 5);
	ck_assert_str_eq(event.reason, "certificate_expired");
	durable_end();
}
END_TEST

START_TEST(one_that_ends_soon_is_told_once_at_the_start)
{
	begin(3);
	ck_assert_uint_eq(told(NULL), 1);
	/* So is whoever the connection alerts. */
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 1);
	ck_assert_ptr_nonnull(strstr(durable_seen(), "certificate_expires"));
	durable_end();
}
END_TEST

START_TEST(a_new_deployment_tells_nothing_again)
{
	begin(10);
	ck_assert_int_eq(host_replace(hosting.host, hosting_deployment("Hook"), NULL), 0);
	durable_settle();
	ck_assert_uint_eq(told(NULL), 1);
	durable_end();
}
END_TEST

START_TEST(what_is_closed_is_forgotten)
{
	begin(40);
	ck_assert_int_eq(durable_link("Hook").certificates[EXPIRY_CA].ends_ms, ONE_MS);
	ck_assert_str_eq(durable_link("Hook").certificates[EXPIRY_CA].subject, "CN=one");
	ck_assert_int_eq(durable_link("Hook").certificates[EXPIRY_CLIENT].ends_ms, 0);
	ck_assert_int_eq(host_close(hosting.host, NULL, "Hook", "Test", NULL), 0);
	ck_assert_int_eq(durable_link("Hook").certificates[EXPIRY_CA].ends_ms, 0);
	durable_advance(50 * DAY_MS);
	ck_assert_uint_eq(told(NULL), 0);
	durable_end();
}
END_TEST

START_TEST(a_file_that_was_renewed_is_seen_within_a_day)
{
	begin(20);
	ck_assert_uint_eq(told(NULL), 1);
	folder_write("ca.pem", "none any more");
	durable_advance(DAY_MS + 1000);
	ck_assert_int_eq(durable_link("Hook").certificates[EXPIRY_CA].ends_ms, 0);
	durable_end();
}
END_TEST

START_TEST(a_link_without_certificates_has_no_timer)
{
	durable_begin_with("");
	ck_assert_int_eq(host_next_ms(hosting.host), -1);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(it_is_told_at_each_threshold_once),
	SUITE_TEST(one_that_ends_soon_is_told_once_at_the_start),
	SUITE_TEST(a_new_deployment_tells_nothing_again),
	SUITE_TEST(what_is_closed_is_forgotten),
	SUITE_TEST(a_file_that_was_renewed_is_seen_within_a_day),
	SUITE_TEST(a_link_without_certificates_has_no_timer),
};

SUITE_MAIN("expiry", tests)
