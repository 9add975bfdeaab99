/* URI Templates: every example of RFC 6570, what is refused, arguments, and damaged input. */
#include "webhook/uritemplate.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "webhook/text.h"

/* The variables of RFC 6570, 3.2, and those of its other examples.  An empty list or map and a null
 * value ("empty_keys", "undef") are what no argument defines. */
/* clang-format off */
static const char *const rfc_attrs[] = {
	"uri.count", "one",
	"uri.count", "two",
	"uri.count", "three",
	"uri.dom", "example",
	"uri.dom", "com",
	"uri.dub", "me/too",
	"uri.hello", "Hello World!",
	"uri.half", "50%",
	"uri.var", "value",
	"uri.who", "fred",
	"uri.base", "http://example.com/home/",
	"uri.path", "/foo/bar",
	"uri.list", "red",
	"uri.list", "green",
	"uri.list", "blue",
	"uri.keys.semi", ";",
	"uri.keys.dot", ".",
	"uri.keys.comma", ",",
	"uri.v", "6",
	"uri.x", "1024",
	"uri.y", "768",
	"uri.empty", "",
	"uri.semi", ";",
	"uri.year", "1965",
	"uri.year", "2000",
	"uri.year", "2012",
	"uri.username", "mark",
	"uri.term", "dog",
	"uri.q", "chien",
	"uri.lang", "fr",
	"uri.query", "mycelium",
	"uri.number", "100",
};
/* clang-format on */

struct row {
	const char *template, *url;
};

static const struct row rfc_rows[] = {
	/* 1.1 */
	{"http://example.com/~{username}/", "http://example.com/~mark/"},
	{"http://example.com/dictionary/{term:1}/{term}", "http://example.com/dictionary/d/dog"},
	{"http://example.com/search{?q,lang}", "http://example.com/search?q=chien&lang=fr"},
	{"http://www.example.com/foo{?query,number}",
         "http://www.example.com/foo?query=mycelium&number=100"},
	{"http://www.example.com/foo{?undef,number}", "http://www.example.com/foo?number=100"},
	{"http://www.example.com/foo{?undef,empty_keys}", "http://www.example.com/foo"},

	/* 1.2, level 1 */
	{"{var}", "value"},
	{"{hello}", "Hello%20World%21"},
	/* 1.2, level 2 */
	{"{+var}", "value"},
	{"{+hello}", "Hello%20World!"},
	{"{+path}/here", "/foo/bar/here"},
	{"here?ref={+path}", "here?ref=/foo/bar"},
	{"X{#var}", "X#value"},
	{"X{#hello}", "X#Hello%20World!"},
	/* 1.2, level 3 */
	{"map?{x,y}", "map?1024,768"},
	{"{x,hello,y}", "1024,Hello%20World%21,768"},
	{"{+x,hello,y}", "1024,Hello%20World!,768"},
	{"{+path,x}/here", "/foo/bar,1024/here"},
	{"{#x,hello,y}", "#1024,Hello%20World!,768"},
	{"{#path,x}/here", "#/foo/bar,1024/here"},
	{"X{.var}", "X.value"},
	{"X{.x,y}", "X.1024.768"},
	{"{/var}", "/value"},
	{"{/var,x}/here", "/value/1024/here"},
	{"{;x,y}", ";x=1024;y=768"},
	{"{;x,y,empty}", ";x=1024;y=768;empty"},
	{"{?x,y}", "?x=1024&y=768"},
	{"{?x,y,empty}", "?x=1024&y=768&empty="},
	{"?fixed=yes{&x}", "?fixed=yes&x=1024"},
	{"{&x,y,empty}", "&x=1024&y=768&empty="},
	/* 1.2, level 4 */
	{"{var:3}", "val"},
	{"{var:30}", "value"},
	{"{list}", "red,green,blue"},
	{"{list*}", "red,green,blue"},
	{"{keys}", "semi,%3B,dot,.,comma,%2C"},
	{"{keys*}", "semi=%3B,dot=.,comma=%2C"},
	{"{+path:6}/here", "/foo/b/here"},
	{"{+list}", "red,green,blue"},
	{"{+list*}", "red,green,blue"},
	{"{+keys}", "semi,;,dot,.,comma,,"},
	{"{+keys*}", "semi=;,dot=.,comma=,"},
	{"{#path:6}/here", "#/foo/b/here"},
	{"{#list}", "#red,green,blue"},
	{"{#list*}", "#red,green,blue"},
	{"{#keys}", "#semi,;,dot,.,comma,,"},
	{"{#keys*}", "#semi=;,dot=.,comma=,"},
	{"X{.var:3}", "X.val"},
	{"X{.list}", "X.red,green,blue"},
	{"X{.list*}", "X.red.green.blue"},
	{"X{.keys}", "X.semi,%3B,dot,.,comma,%2C"},
	{"X{.keys*}", "X.semi=%3B.dot=..comma=%2C"},
	{"{/var:1,var}", "/v/value"},
	{"{/list}", "/red,green,blue"},
	{"{/list*}", "/red/green/blue"},
	{"{/list*,path:4}", "/red/green/blue/%2Ffoo"},
	{"{/keys}", "/semi,%3B,dot,.,comma,%2C"},
	{"{/keys*}", "/semi=%3B/dot=./comma=%2C"},
	{"{;hello:5}", ";hello=Hello"},
	{"{;list}", ";list=red,green,blue"},
	{"{;list*}", ";list=red;list=green;list=blue"},
	{"{;keys}", ";keys=semi,%3B,dot,.,comma,%2C"},
	{"{;keys*}", ";semi=%3B;dot=.;comma=%2C"},
	{"{?var:3}", "?var=val"},
	{"{?list}", "?list=red,green,blue"},
	{"{?list*}", "?list=red&list=green&list=blue"},
	{"{?keys}", "?keys=semi,%3B,dot,.,comma,%2C"},
	{"{?keys*}", "?semi=%3B&dot=.&comma=%2C"},
	{"{&var:3}", "&var=val"},
	{"{&list}", "&list=red,green,blue"},
	{"{&list*}", "&list=red&list=green&list=blue"},
	{"{&keys}", "&keys=semi,%3B,dot,.,comma,%2C"},
	{"{&keys*}", "&semi=%3B&dot=.&comma=%2C"},

	/* 2.4.1 */
	{"{var:20}", "value"},
	{"{semi}", "%3B"},
	{"{semi:2}", "%3B"},
	/* 2.4.2 */
	{"find{?year*}", "find?year=1965&year=2000&year=2012"},
	{"www{.dom*}", "www.example.com"},

	/* 3.2.1 */
	{"{count}", "one,two,three"},
	{"{count*}", "one,two,three"},
	{"{/count}", "/one,two,three"},
	{"{/count*}", "/one/two/three"},
	{"{;count}", ";count=one,two,three"},
	{"{;count*}", ";count=one;count=two;count=three"},
	{"{?count}", "?count=one,two,three"},
	{"{?count*}", "?count=one&count=two&count=three"},
	{"{&count*}", "&count=one&count=two&count=three"},
	/* 3.2.2; what 1.2 has already is not repeated, here and below */
	{"{half}", "50%25"},
	{"O{empty}X", "OX"},
	{"O{undef}X", "OX"},
	{"{x,y}", "1024,768"},
	{"?{x,empty}", "?1024,"},
	{"?{x,undef}", "?1024"},
	{"?{undef,y}", "?768"},
	/* 3.2.3 */
	{"{+half}", "50%25"},
	{"{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"},
	{"{+base}index", "http://example.com/home/index"},
	{"O{+empty}X", "OX"},
	{"O{+undef}X", "OX"},
	{"up{+path}{var}/here", "up/foo/barvalue/here"},
	/* 3.2.4 */
	{"{#var}", "#value"},
	{"{#hello}", "#Hello%20World!"},
	{"{#half}", "#50%25"},
	{"foo{#empty}", "foo#"},
	{"foo{#undef}", "foo"},
	/* 3.2.5 */
	{"{.who}", ".fred"},
	{"{.who,who}", ".fred.fred"},
	{"{.half,who}", ".50%25.fred"},
	{"X{.empty}", "X."},
	{"X{.undef}", "X"},
	{"X{.empty_keys}", "X"},
	{"X{.empty_keys*}", "X"},
	/* 3.2.6 */
	{"{/who}", "/fred"},
	{"{/who,who}", "/fred/fred"},
	{"{/half,who}", "/50%25/fred"},
	{"{/who,dub}", "/fred/me%2Ftoo"},
	{"{/var,empty}", "/value/"},
	{"{/var,undef}", "/value"},
	/* 3.2.7 */
	{"{;who}", ";who=fred"},
	{"{;half}", ";half=50%25"},
	{"{;empty}", ";empty"},
	{"{;v,empty,who}", ";v=6;empty;who=fred"},
	{"{;v,bar,who}", ";v=6;who=fred"},
	{"{;x,y,undef}", ";x=1024;y=768"},
	/* 3.2.8 */
	{"{?who}", "?who=fred"},
	{"{?half}", "?half=50%25"},
	{"{?x,y,undef}", "?x=1024&y=768"},
	/* 3.2.9 */
	{"{&who}", "&who=fred"},
	{"{&half}", "&half=50%25"},
	{"{&x}", "&x=1024"},
	{"{&x,y,undef}", "&x=1024&y=768"},
};

/* What the RFC says in words. */
/* clang-format off */
static const char *const other_attrs[] = {
	"uri.last.name", "Doe",
	"uri.geo.lat", "1.5",
	"uri.geo.long", "2.5",
	"uri.a.b.c", "deep",
	"uri.a.d", "shallow",
	"uri.Stra%C3%9Fe", "Gr\xc3\xbcner Weg",
	"uri.euros", "\xe2\x82\xac\xe2\x82\xac\xf0\x9f\x98\x80",
	"uri.done", "%C3%A9%41x",
	"uri.broken", "%zz%",
	"uri.two", "",
	"uri.two", "",
	"uri.m.a&b", "1=2",
	"uri.m.empty", "",
	"uri.", "no name",
	"uri.lonely.", "no member",
	"header.x", "not the URL's",
	"x", "nor this",
};
/* clang-format on */

static const struct row other_rows[] = {
	{"", ""},
	{"/~a'b(c)", "/~a'b(c)"},
	{"/stra\xc3\x9f"
         "e/%c3%9f",
         "/stra%C3%9Fe/%c3%9f"},
	{"{last.name}", "Doe"},
	{"{last}", "name,Doe"},
	{"{?geo*}", "?lat=1.5&long=2.5"},
	{"{geo.lat}{?geo*}", "1.5?long=2.5"},
	{"{?a.b*}{&a*}", "?c=deep&d=shallow"},
	{"{?a*}", "?b.c=deep&d=shallow"},
	{"{?Stra%C3%9Fe}", "?Stra%C3%9Fe=Gr%C3%BCner%20Weg"},
	{"{euros:1}", "%E2%82%AC"},
	{"{euros:3}", "%E2%82%AC%E2%82%AC%F0%9F%98%80"},
	{"{done}", "%25C3%25A9%2541x"},
	{"{+done}", "%C3%A9%41x"},
	{"{+done:1}-{+done:2}-{done:2}", "%C3%A9-%C3%A9%41-%25C"},
	{"{+broken}-{#broken}", "%25zz%25-#%25zz%25"},
	{"{two}{?two}{&two*}{;two*}", ",?two=,&two=&two=;two;two"},
	{"{?m*}{&m}", "?a%26b=1%3D2&empty=&m=a%26b,1%3D2,empty,"},
	{"{m*}{;m*}", "a%26b=1%3D2,empty=;a%26b=1%3D2;empty"},
	{"{+m*}", "a&b=1=2,empty="},
	{"{lonely}{x}", ""},
};

/* Expands; the result is static.  NULL: refused, and why is filled in. */
static const char *expand(const char *template, const char *const *attrs, size_t pairs, char *why,
                          size_t why_bytes)
{
	static char url[4096];
	struct uri_args args = {attrs, (uint32_t)pairs};
	struct uritemplate *t = NULL;
	struct text out;
	const char *message = "";
	size_t offset;

	if (uritemplate_parse(template, &t, &message, &offset) < 0) {
		snprintf(why, why_bytes, "%s", message);
		return NULL;
	}
	text_init(&out, sizeof(url) - 1);
	int rc = uritemplate_expand(t, &args, &out, why, why_bytes);
	snprintf(url, sizeof(url), "%s", text_str(&out));
	text_finish(&out);
	uritemplate_destroy(t);
	ck_assert(rc == 0 || rc == LK_EINVAL);
	return rc == 0 ? url : NULL;
}

#define PAIRS(attrs) (sizeof(attrs) / sizeof((attrs)[0]) / 2)

static void check_row(const struct row *row, const char *const *attrs, size_t pairs)
{
	char why[256] = "";
	const char *url = expand(row->template, attrs, pairs, why, sizeof(why));

	ck_assert_msg(url && strcmp(url, row->url) == 0, "%s gives %s, not %s", row->template,
	              url ? url : why, row->url);
}

START_TEST(examples_of_the_rfc)
{
	check_row(&rfc_rows[_i], rfc_attrs, PAIRS(rfc_attrs));
}
END_TEST

START_TEST(rules_of_the_rfc)
{
	check_row(&other_rows[_i], other_attrs, PAIRS(other_attrs));
}
END_TEST

static const struct {
	const char *template;
	size_t offset;
	const char *message; /* contains this */
} malformed[] = {
	{"/a{b", 4, "without a \"}\""},
	{"{/id*", 5, "without a \"}\""},
	{"{", 1, "name of a variable"},
	{"{}", 1, "name of a variable"},
	{"{?}", 2, "name of a variable"},
	{"{a,}", 3, "name of a variable"},
	{"{,a}", 1, "reserved"},
	{"{a..b}", 3, "name of a variable"},
	{"{.a.}", 4, "name of a variable"},
	{"{..a}", 2, "name of a variable"},
	{"{%4}", 1, "name of a variable"},
	{"/id*}", 4, "without a \"{\""},
	{"{{a}}", 1, "name of a variable"},
	{"{a{b}}", 2, "cannot stand in an expression"},
	{"{/?id}", 2, "name of a variable"},
	{"{??hello}", 2, "name of a variable"},
	{"{=path}", 1, "reserved"},
	{"{!hello}", 1, "reserved"},
	{"{@hello}", 1, "reserved"},
	{"{|var*}", 1, "reserved"},
	{"{$var}", 1, "name of a variable"},
	{"{~thing}", 1, "name of a variable"},
	{"{*keys?}", 1, "name of a variable"},
	{"{keys?}", 5, "cannot stand in an expression"},
	{"{?empty=default,var}", 7, "cannot stand in an expression"},
	{"x{?empty|foo=none}", 8, "cannot stand in an expression"},
	{"{var}{-prefix|/-/|var}", 6, "name of a variable"},
	{"?q={searchTerms}&amp;c={example:color?}", 32, "1 to 9999"},
	{"/h{#hello+}", 9, "cannot stand in an expression"},
	{"/h#{hello+}", 9, "cannot stand in an expression"},
	{"/sparql{?query){&default-graph-uri*}", 14, "cannot stand in an expression"},
	{"{default-graph-uri}", 8, "cannot stand in an expression"},
	{"/resolution{?x, y}", 15, "name of a variable"},
	{"{with space}", 5, "cannot stand in an expression"},
	{"{ leading}", 1, "name of a variable"},
	{"{hello:2*}", 8, "cannot stand in an expression"},
	{"{hello*:2}", 7, "cannot stand in an expression"},
	{"{;keys:1*}", 8, "cannot stand in an expression"},
	{"{var:prefix}", 5, "1 to 9999"},
	{"{var:}", 5, "1 to 9999"},
	{"{var:0}", 6, "1 to 9999"},
	{"{var:01}", 7, "1 to 9999"},
	{"{var:10000}", 9, "1 to 9999"},
	{"{var:-1}", 5, "1 to 9999"},
	{"/a b", 2, "cannot stand in a URL"},
	{"/\"", 1, "cannot stand in a URL"},
	{"/<a>", 1, "cannot stand in a URL"},
	{"/a>", 2, "cannot stand in a URL"},
	{"/\\", 1, "cannot stand in a URL"},
	{"/^", 1, "cannot stand in a URL"},
	{"/`", 1, "cannot stand in a URL"},
	{"/|", 1, "cannot stand in a URL"},
	{"/a\r\n", 2, "cannot stand in a URL"},
	{"/\x7f", 1, "cannot stand in a URL"},
	{"/\xc2\x85", 1, "cannot stand in a URL"},
	{"/\xef\xbf\xbe", 1, "cannot stand in a URL"},
	{"/\xef\xb7\x90", 1, "cannot stand in a URL"},
	{"/\xf3\xa0\x80\x81", 1, "cannot stand in a URL"},
	{"/\xed\xa0\x80", 1, "cannot stand in a URL"},
	{"/\xff", 1, "cannot stand in a URL"},
	{"/%", 1, "two hexadecimal digits"},
	{"/%4", 1, "two hexadecimal digits"},
	{"/%4{a}", 1, "two hexadecimal digits"},
	{"/%zz", 1, "two hexadecimal digits"},
};

START_TEST(a_malformed_template_says_what_and_where)
{
	struct uritemplate *t = NULL;
	const char *message = "";
	size_t offset = 1000;

	ck_assert_int_eq(uritemplate_parse(malformed[_i].template, &t, &message, &offset),
	                 LK_EINVAL);
	ck_assert_ptr_null(t);
	ck_assert_msg(strstr(message, malformed[_i].message), "%s: %s", malformed[_i].template,
	              message);
	ck_assert_uint_eq(offset, malformed[_i].offset);
}
END_TEST

static const struct {
	const char *template;
	const char *attrs[4];
	const char *why; /* contains this */
} refused[] = {
	{"{id}", {"uri.id", "a\r\nX: y"}, "\"id\" contains a control character"},
	{"{+id}", {"uri.id", "\x7f"}, "control character"},
	{"{id}", {"uri.id", "\xff"}, "\"id\" is not well-formed UTF-8"},
	{"{id}", {"uri.id", "\xc3"}, "UTF-8"},
	{"{id}", {"uri.id", "\xc0\xaf"}, "UTF-8"},
	{"{id}", {"uri.id", "\xed\xa0\x80"}, "UTF-8"},
	{"{id:1}", {"uri.id", "a\xf5\x80\x80\x80"}, "UTF-8"},
	{"{id}", {"uri.id", "good", "uri.id", "\t"}, "control character"},
	{"{?m*}", {"uri.m.a\nb", "1"}, "\"m\" contains a control character"},
	{"{?m*}", {"uri.m.\xfe", "1"}, "UTF-8"},
	{"{id:3}", {"uri.id", "a", "uri.id", "b"}, "cannot be a list or a map"},
	{"{+m:1}", {"uri.m.a", "1"}, "cannot be a list or a map"},
	{"{m}", {"uri.m", "1", "uri.m.a", "1"}, "both as a value and as a map"},
};

START_TEST(a_value_that_could_do_harm_is_refused)
{
	char why[256] = "";
	size_t pairs = refused[_i].attrs[2] ? 2 : 1;

	ck_assert_ptr_null(
		expand(refused[_i].template, refused[_i].attrs, pairs, why, sizeof(why)));
	ck_assert_msg(strstr(why, refused[_i].why), "%s", why);
	ck_assert_ptr_null(strchr(why, '\n'));
}
END_TEST

START_TEST(variables_can_be_listed_and_asked_for)
{
	static const char *const names[] = {"term", "term", "a.b", "q", "list"};
	static const char *const attrs[] = {"uri.a.b", "1", "uri.list.x", "", "uri.qq", ""};
	struct uri_args args = {attrs, 3};
	struct uritemplate *t = NULL;
	const char *message;
	size_t offset;

	ck_assert_int_eq(
		uritemplate_parse("/{term:1}/{term}{/a.b}{?q,list*}", &t, &message, &offset), 0);
	ck_assert_uint_eq(uritemplate_variables(t), 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(uritemplate_variable(t, i), names[i]);
	ck_assert(uritemplate_has(t, "a.b"));
	ck_assert(!uritemplate_has(t, "a"));
	ck_assert(!uritemplate_has(t, "term:1"));
	ck_assert(uritemplate_given(t, "a.b", &args));
	ck_assert(uritemplate_given(t, "list", &args));
	ck_assert(!uritemplate_given(t, "q", &args));
	uritemplate_destroy(t);
	uritemplate_destroy(NULL);
}
END_TEST

static const struct {
	size_t bytes;
	int rc;
} lengths[] = {{URITEMPLATE_MAX_BYTES, 0}, {URITEMPLATE_MAX_BYTES + 1, LK_EINVAL}};

START_TEST(the_length_of_a_template_has_a_cap)
{
	static char text[URITEMPLATE_MAX_BYTES + 2];
	struct uritemplate *t = NULL;
	const char *message;
	size_t offset;

	memset(text, 'a', lengths[_i].bytes);
	ck_assert_int_eq(uritemplate_parse(text, &t, &message, &offset), lengths[_i].rc);
	uritemplate_destroy(t);
}
END_TEST

START_TEST(an_expansion_that_is_too_long_fails)
{
	static const char *const attrs[] = {"uri.a", "\xe2\x82\xac"};
	struct uri_args args = {attrs, 1};
	struct uritemplate *t = NULL;
	const char *message;
	char why[256];
	size_t offset;
	struct text out;

	ck_assert_int_eq(uritemplate_parse("/{a}/{a}", &t, &message, &offset), 0);
	text_init(&out, 19);
	ck_assert_int_eq(uritemplate_expand(t, &args, &out, why, sizeof(why)), LK_ETOOBIG);
	text_finish(&out);
	text_init(&out, 20);
	ck_assert_int_eq(uritemplate_expand(t, &args, &out, why, sizeof(why)), 0);
	ck_assert_str_eq(text_str(&out), "/%E2%82%AC/%E2%82%AC");
	text_finish(&out);
	uritemplate_destroy(t);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	struct uri_args args = {rfc_attrs, PAIRS(rfc_attrs)};
	int pending = 0;

	for (unsigned n = 1; !pending; n++) {
		struct uritemplate *t = NULL;
		const char *message;
		char why[256];
		size_t offset;
		struct text out;

		text_init(&out, 4096);
		wh_fail_at(n);
		int rc = uritemplate_parse("/{base}{/list*}{?keys*,base,hello}{&base}", &t,
		                           &message, &offset);
		if (rc == 0)
			rc = uritemplate_expand(t, &args, &out, why, sizeof(why));
		pending = wh_fail_pending();
		wh_fail_at(0);
		ck_assert_int_eq(rc, pending ? 0 : LK_ENOMEM);
		text_finish(&out);
		uritemplate_destroy(t);
		ck_assert_uint_lt(n, 20);
	}
}
END_TEST

/* A fixed sequence (xorshift), so that a failure can be repeated. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Changes, removes or doubles some bytes; buf holds bytes + 8. */
static void damage(char *buf, const char *s, uint32_t *state)
{
	static const char spice[] = "{}{}+#./;?&=,!@|*:.%09azAZ_ \"<\xc3\xa9\xe2\xff\r\n";
	size_t bytes = strlen(s);

	memcpy(buf, s, bytes + 1);
	for (uint32_t hits = next_random(state) % 4 + 1; hits > 0 && bytes > 0; hits--) {
		size_t at = next_random(state) % bytes;
		switch (next_random(state) % 3) {
		case 0:
			buf[at] = spice[next_random(state) % (sizeof(spice) - 1)];
			break;
		case 1:
			memmove(buf + at, buf + at + 1, bytes - at);
			bytes--;
			break;
		default:
			memmove(buf + at + 1, buf + at, bytes - at + 1);
			bytes++;
		}
	}
}

/* Whatever goes in: it is refused with a reason, or what comes out may stand in a URL. */
START_TEST(damaged_input_never_gives_a_damaged_url)
{
	uint32_t state = 2463534242u;
	unsigned expanded = 0;

	for (int round = 0; round < 5000; round++) {
		const struct row *row =
			&rfc_rows[next_random(&state) % (sizeof(rfc_rows) / sizeof(rfc_rows[0]))];
		char template[256], key[64], value[64], why[256] = "";
		size_t pair = next_random(&state) % PAIRS(rfc_attrs);
		const char *attrs[sizeof(rfc_attrs) / sizeof(rfc_attrs[0])];

		memcpy(attrs, rfc_attrs, sizeof(attrs));
		damage(template, row->template, &state);
		damage(key, attrs[2 * pair], &state);
		damage(value, attrs[2 * pair + 1], &state);
		attrs[2 * pair] = key;
		attrs[2 * pair + 1] = value;
		const char *url = expand(template, attrs, PAIRS(rfc_attrs), why, sizeof(why));
		if (!url) {
			ck_assert_str_ne(why, "");
			continue;
		}
		expanded++;
		for (const char *s = url; *s; s++)
			ck_assert_msg(*s > 0x20 && *s < 0x7f && !strchr("\"<>\\^`{|}", *s),
			              "%s gives %s", template, url);
	}
	ck_assert_uint_gt(expanded, 500); /* the damage is not so heavy that nothing is tested */
	ck_assert_uint_lt(expanded, 4500);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(examples_of_the_rfc, rfc_rows),
	SUITE_LOOP(rules_of_the_rfc, other_rows),
	SUITE_LOOP(a_malformed_template_says_what_and_where, malformed),
	SUITE_LOOP(a_value_that_could_do_harm_is_refused, refused),
	SUITE_TEST(variables_can_be_listed_and_asked_for),
	SUITE_LOOP(the_length_of_a_template_has_a_cap, lengths),
	SUITE_TEST(an_expansion_that_is_too_long_fails),
	SUITE_TEST(survives_every_failed_allocation),
	SUITE_TEST(damaged_input_never_gives_a_damaged_url),
};

SUITE_MAIN("uritemplate", tests)
