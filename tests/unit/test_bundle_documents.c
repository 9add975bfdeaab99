/* Bundles whose documents say what is not so: each is refused, with what is wrong and where. */

#include "hostile_bundle.h"

START_TEST(what_is_in_an_entry_is_what_metadata_says)
{
	begin();
	zip_add(&parts, "dependencies/a.pem", "certificate");
	zip_finish(&parts, NULL, &zip);
	parts.items[2].bytes = "Certificate";
	buf_clear(&zip);
	zip_write(&parts, &zip);
	assert_refused("dependencies/a.pem in the bundle was changed: its SHA-256");
	parts.items[2].size_bytes = 5;
	buf_clear(&zip);
	zip_write(&parts, &zip);
	assert_refused("dependencies/a.pem in the bundle was changed: it has 5 bytes");
	buf_finish(&zip);
}
END_TEST

START_TEST(no_entry_is_there_that_metadata_does_not_name)
{
	begin();
	zip_add(&parts, "dependencies/a.pem", "x")->unnamed = true;
	zip_finish(&parts, NULL, &zip);
	assert_refused("dependencies/a.pem is in the bundle, but metadata.json does not name it");
	buf_finish(&zip);
}
END_TEST

START_TEST(no_entry_is_missing)
{
	begin();
	zip_add(&parts, "dependencies/a.pem", "x");
	zip_finish(&parts, NULL, &zip);
	parts.items[2] = parts.items[3];
	parts.count--;
	buf_clear(&zip);
	zip_write(&parts, &zip);
	assert_refused("dependencies/a.pem is missing in the bundle");
	buf_finish(&zip);
}
END_TEST

#define HEAD(format, product, connections)                                                         \
	"\"format\":" format ",\"product\":\"" product "\",\"product_version\":\"9\","             \
	"\"created\":\"2024-07-04T05:00:00Z\",\"host\":\"h\",\"connections\":[" connections "],"
#define ROW(project, name, type, entry)                                                            \
	"{\"project\":\"" project "\",\"name\":\"" name "\",\"type\":\"" type                      \
	"\",\"revision\":\"" ZIP_REVISION "\",\"at\":\"2024-07-04T05:00:00Z\",\"entry\":\"" entry  \
	"\"}"

static const struct {
	const char *head, *text;
} heads[] = {
	{HEAD("2", "Linkspan", ZIP_ROW),
         "the bundle was made by a younger Linkspan: its format is 2"},
	{HEAD("0", "Linkspan", ZIP_ROW), "\"format\" must be a number from 1"},
	{HEAD("\"1\"", "Linkspan", ZIP_ROW), "\"format\" must be a number from 1"},
	{HEAD("1", "Other", ZIP_ROW), "this is no bundle of Linkspan"},
	{HEAD("1", "Linkspan", ""), "\"connections\" must be a list"},
	{HEAD("1", "Linkspan", "7"), "must have the texts"},
	{HEAD("1", "Linkspan", ROW("global", "Other", "webhook", "connection.json")),
         "connection.json in the bundle is not as it should be: its \"name\""},
	{HEAD("1", "Linkspan", ROW("global", "Hook", "other", "connection.json")), "its \"type\""},
	{HEAD("1", "Linkspan", ROW("..", "Hook", "webhook", "connection.json")),
         "the name of the project \"..\""},
	{HEAD("1", "Linkspan", ROW("global", "../Hook", "webhook", "connection.json")),
         "the name of the connection \"../Hook\""},
	{HEAD("1", "Linkspan", ROW("global", "Hook", "webhook", "dependencies.json")),
         "\"entry\" of each"},
	{HEAD("1", "Linkspan", ZIP_ROW "," ZIP_ROW), "\"entry\" of each"},
	{"\"format\":1,\"product\":\"Linkspan\",", "\"product_version\" and \"host\""},
	{"\"format\":1,\"product\":\"Linkspan\",\"product_version\":\"1\",\"host\":\"h\","
         "\"created\":\"today\",",
         "\"created\" must be a moment"},
};

START_TEST(metadata_has_its_shape)
{
	begin();
	zip_finish(&parts, heads[_i].head, &zip);
	assert_refused(heads[_i].text);
	buf_finish(&zip);
}
END_TEST

START_TEST(a_younger_format_is_named_whatever_else_is_in_it)
{
	begin();
	zip_add(&parts, "flows/a.json", "x");
	zip_finish(&parts, HEAD("2", "Linkspan", "7"), &zip);
	assert_refused("the bundle was made by a younger Linkspan");
	buf_finish(&zip);
}
END_TEST

static const struct {
	const char *definition, *text;
} definitions[] = {
	{"[]", "it must be an object"},
	{"{", "connection.json in the bundle: "},
	{"{\"name\":\"Hook\",\"name\":\"Hook\"}", "connection.json in the bundle: "},
	{"{\"type\":\"webhook\"}", "\"name\" must be a text"},
	{"{\"name\":7,\"type\":\"webhook\"}", "\"name\" must be a text"},
	{"{\"name\":\"Hook\"}", "\"type\" must be a text"},
	{"{\"name\":\"Hook\",\"type\":\"webhook\",\"enabled\":1}", "\"enabled\" must be"},
	{"{\"name\":\"Hook\",\"type\":\"webhook\",\"settings\":[]}", "\"settings\" must be"},
	{"{\"name\":\"Hook\",\"type\":\"webhook\",\"environments\":{\"P\":1}}",
         "\"environments\" must"},
	{"{\"name\":\"Hook\",\"type\":\"webhook\",\"environments\":{\"../P\":{}}}",
         "\"environments\" must"},
	{"{\"name\":\"hook\",\"type\":\"webhook\"}", "its \"name\" is not the one"},
};

START_TEST(definitions_have_their_shape)
{
	begin();
	parts.items[0].bytes = definitions[_i].definition;
	parts.items[0].size_bytes = strlen(definitions[_i].definition);
	zip_finish(&parts, NULL, &zip);
	assert_refused(definitions[_i].text);
	buf_finish(&zip);
}
END_TEST

START_TEST(a_deep_document_is_refused)
{
	char deep[400] = "";

	begin();
	memset(deep, '[', 199);
	parts.items[0].bytes = deep;
	parts.items[0].size_bytes = 199;
	zip_finish(&parts, NULL, &zip);
	assert_refused("connection.json in the bundle: ");
	buf_finish(&zip);
}
END_TEST

static const struct {
	const char *document, *text;
} dependencies[] = {
	{"[]", "\"files\" must name"},
	{"{\"items\":[],\"files\":[{\"name\":\"a.pem\",\"kind\":\"other\"}]}",
         "\"files\" must name"},
	{"{\"items\":{},\"files\":[]}", "\"items\" must be a list"},
	{"{\"items\":[1],\"files\":[]}", "must name a connection"},
	{"{\"items\":[{\"connection\":\"Other\",\"project\":\"global\"}],\"files\":[]}",
         "must name a connection"},
	{"{\"items\":[{\"connection\":\"Hook\",\"project\":\"global\",\"kind\":\"x\",\"name\":\"y\"}],"
         "\"files\":[]}",
         "must have a known \"kind\""},
	{"{\"items\":[{\"connection\":\"Hook\",\"project\":\"global\",\"kind\":\"file\",\"name\":\"y\","
         "\"file\":\"../../etc/passwd\"}],\"files\":[]}",
         "\"file\" must be one of"},
	{"{\"items\":[{\"connection\":\"Hook\",\"project\":\"global\",\"kind\":\"file\",\"name\":\"y\","
         "\"path\":7}],\"files\":[]}",
         "texts as \"path\""},
};

START_TEST(dependencies_have_their_shape)
{
	begin();
	parts.items[1].bytes = dependencies[_i].document;
	parts.items[1].size_bytes = strlen(dependencies[_i].document);
	zip_finish(&parts, NULL, &zip);
	assert_refused(dependencies[_i].text);
	buf_finish(&zip);
}
END_TEST

static const char *const needed[] = {"connection.json", "dependencies.json"};

START_TEST(the_documents_must_be_there)
{
	begin();
	parts.items[_i] = parts.items[1 - _i];
	parts.count = 1;
	zip_finish(&parts, NULL, &zip);
	assert_refused(needed[_i]);
	buf_clear(&zip);
	zip_start(&parts);
	zip_write(&parts, &zip);
	assert_refused("it has no metadata.json");
	buf_finish(&zip);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_is_in_an_entry_is_what_metadata_says),
	SUITE_TEST(no_entry_is_there_that_metadata_does_not_name),
	SUITE_TEST(no_entry_is_missing),
	SUITE_LOOP(metadata_has_its_shape, heads),
	SUITE_TEST(a_younger_format_is_named_whatever_else_is_in_it),
	SUITE_LOOP(definitions_have_their_shape, definitions),
	SUITE_TEST(a_deep_document_is_refused),
	SUITE_LOOP(dependencies_have_their_shape, dependencies),
	SUITE_LOOP(the_documents_must_be_there, needed),
};

SUITE_MAIN("bundle_documents", tests)
