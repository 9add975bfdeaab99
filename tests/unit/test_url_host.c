/* Hosts of URLs. */
#include "conf/url_host.h"

#include "suite.h"

static const struct {
	const char *url, *host;
} urls[] = {
	{"https://a.example/x", "a.example"},
	{"https://a.example:8443", "a.example:8443"},
	{"http://user:secret@a.example/", "a.example"},
	{"http://user:se@cret@a.example/", "a.example"},
	{"http://[::1]:9000/x", "[::1]:9000"},
	{"https://a.example?key=secret", "a.example"},
	{"https://a.example#x", "a.example"},
	{"https://a.example{?q}", "a.example"},
	{"https://${host}:${port}/orders/{id}", "${host}:${port}"},
	{"${base}/orders", ""},
	{"/orders", ""},
	{"", ""},
	{NULL, ""},
};

START_TEST(the_host_of_a_url)
{
	char text[64];

	url_host(urls[_i].url, text, sizeof(text));
	ck_assert_str_eq(text, urls[_i].host);
}
END_TEST

START_TEST(a_long_host_is_cut)
{
	char text[4];

	url_host("https://a.example/", text, sizeof(text));
	ck_assert_str_eq(text, "a.e");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(the_host_of_a_url, urls),
	SUITE_TEST(a_long_host_is_cut),
};

SUITE_MAIN("url_host", tests)
