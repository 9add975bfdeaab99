/* URI Templates (RFC 6570): the parser, and the expansion by the table of its appendix A. */
#include "uritemplate.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

enum { PREFIX_DIGITS = 4 };

struct rule {
	char symbol;
	const char *first, *separator;
	bool named;
	const char *if_empty; /* follows the name of an empty value */
	bool keep_reserved;   /* reserved characters and percent-encoded triplets pass */
};

static const struct rule rules[] = {
	{'\0', "", ",", false, "", false}, {'+', "", ",", false, "", true},
	{'#', "#", ",", false, "", true},  {'.', ".", ".", false, "", false},
	{'/', "/", "/", false, "", false}, {';', ";", ";", true, "", false},
	{'?', "?", "&", true, "=", false}, {'&', "&", "&", true, "=", false},
};

struct variable {
	const char *name; /* in the template's text */
	size_t name_bytes;
	size_t prefix; /* code points; 0: the whole value */
	bool explode;
};

struct part {
	const struct rule *rule; /* NULL: a literal */
	size_t offset, bytes;    /* of a literal */
	size_t first, count;     /* variables of an expression */
};

struct uritemplate {
	struct part *parts;
	struct variable *variables;
	size_t part_count, variable_count;
	char text[]; /* the character behind each variable name is replaced by NUL */
};

/* Characters */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_unreserved(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("-._~", c));
}

static bool is_reserved(char c)
{
	return c != '\0' && strchr(":/?#[]@!$&'()*+,;=", c);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* True when "%41" or the like stands at s. */
static bool is_triplet(const char *s, size_t bytes)
{
	return bytes >= 3 && s[0] == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0;
}

static uint32_t code_point(const char *s, size_t bytes)
{
	uint32_t point = (unsigned char)s[0] & (0xffu >> (bytes + 1));

	for (size_t i = 1; i < bytes; i++)
		point = point << 6 | ((unsigned char)s[i] & 0x3fu);
	return point;
}

/* ucschar and iprivate of RFC 6570, 1.5: no controls, noncharacters or tags. */
static bool is_foreign_literal(uint32_t point)
{
	return point >= 0xa0 && (point & 0xfffe) != 0xfffe &&
	       !(point >= 0xfdd0 && point <= 0xfdef) && !(point >= 0xfff0 && point <= 0xffff) &&
	       !(point >= 0xe0000 && point <= 0xe0fff);
}

/* Bytes of the literal character at s, or 0. */
static size_t literal_step(const char *s, size_t bytes)
{
	if (is_unreserved(*s) || is_reserved(*s))
		return 1;
	if (*s == '%')
		return is_triplet(s, bytes) ? 3 : 0;
	size_t step = text_utf8_step(s, bytes);
	return step > 1 && is_foreign_literal(code_point(s, step)) ? step : 0;
}

/* Parsing */

struct parser {
	struct uritemplate *t;
	char *s; /* where it stands, in t->text */
	const char *message;
};

static int fail(struct parser *p, const char *message)
{
	p->message = message;
	return LK_EINVAL;
}

static int parse_literal(struct parser *p)
{
	struct part *part = &p->t->parts[p->t->part_count++];
	size_t left = strlen(p->s), step;

	part->offset = (size_t)(p->s - p->t->text);
	while (*p->s != '\0' && *p->s != '{') {
		if (*p->s == '}')
			return fail(p, "\"}\" without a \"{\" before it");
		step = literal_step(p->s, left);
		if (step == 0 && *p->s == '%')
			return fail(p, "\"%\" must be followed by two hexadecimal digits");
		if (step == 0)
			return fail(p, "this character cannot stand in a URL: write it "
			               "percent-encoded");
		p->s += step;
		left -= step;
		part->bytes += step;
	}
	return 0;
}

static int parse_operator(struct parser *p, struct part *part)
{
	part->rule = &rules[0];
	if (*p->s != '\0' && strchr("=,!@|", *p->s))
		return fail(p, "this operator is reserved; usable are + # . / ; ? &");
	for (size_t i = 1; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].symbol == *p->s) {
			part->rule = &rules[i];
			p->s++;
			break;
		}
	}
	return 0;
}

/* varname = varchar *( ["."] varchar ) */
static int parse_name(struct parser *p, struct variable *v)
{
	v->name = p->s;
	for (;;) {
		if (v->name_bytes > 0 && *p->s == '.')
			p->s++;
		if (is_alnum(*p->s) || *p->s == '_')
			p->s++;
		else if (is_triplet(p->s, strnlen(p->s, 3)))
			p->s += 3;
		else
			break;
		v->name_bytes = (size_t)(p->s - v->name);
	}
	if (v->name_bytes == 0 || p->s[-1] == '.')
		return fail(p,
		            "the name of a variable is needed here: letters, digits, \"_\", with "
		            "single dots between them");
	return 0;
}

static int parse_modifier(struct parser *p, struct variable *v)
{
	if (*p->s == '*') {
		v->explode = true;
		p->s++;
	} else if (*p->s == ':') {
		const char *digits = ++p->s;
		while (*p->s >= '0' && *p->s <= '9' && p->s - digits < PREFIX_DIGITS)
			v->prefix = v->prefix * 10 + (size_t)(*p->s++ - '0');
		if (p->s == digits || *digits == '0' || (*p->s >= '0' && *p->s <= '9'))
			return fail(p, "the length of a prefix is a number from 1 to 9999");
	}
	return 0;
}

static int parse_variable(struct parser *p)
{
	struct variable *v = &p->t->variables[p->t->variable_count++];
	int rc = parse_name(p, v);

	if (rc == 0)
		rc = parse_modifier(p, v);
	if (rc < 0)
		return rc;
	if (*p->s == '\0')
		return fail(p, "\"{\" without a \"}\" behind it");
	if (*p->s != ',' && *p->s != '}')
		return fail(p,
		            "this character cannot stand in an expression; behind a variable come "
		            "\":LENGTH\" or \"*\", then \",\" or \"}\"");
	return 0;
}

static int parse_expression(struct parser *p)
{
	struct part *part = &p->t->parts[p->t->part_count++];
	int rc;

	p->s++;
	part->first = p->t->variable_count;
	rc = parse_operator(p, part);
	while (rc == 0) {
		rc = parse_variable(p);
		if (rc < 0)
			break;
		part->count++;
		char *end = p->s++;
		bool last = *end == '}';
		/* The name was read already, so what follows it can become its NUL. */
		const struct variable *v = &p->t->variables[p->t->variable_count - 1];
		p->t->text[(size_t)(v->name - p->t->text) + v->name_bytes] = '\0';
		if (last)
			break;
	}
	return rc;
}

static size_t count_char(const char *s, char c)
{
	size_t count = 0;

	for (; *s; s++)
		count += *s == c;
	return count;
}

/* An empty template with room for what the text can hold at most. */
static struct uritemplate *allocate(const char *text, size_t bytes)
{
	struct uritemplate *t = wh_array(1, sizeof(*t) + bytes + 1);
	size_t expressions = count_char(text, '{');

	if (!t)
		return NULL;
	t->parts = wh_array(2 * expressions + 1, sizeof(*t->parts));
	t->variables = wh_array(expressions + count_char(text, ','), sizeof(*t->variables));
	if (!t->parts || !t->variables) {
		uritemplate_destroy(t);
		return NULL;
	}
	memcpy(t->text, text, bytes + 1);
	return t;
}

int uritemplate_parse(const char *text, struct uritemplate **ret, const char **ret_message,
                      size_t *ret_offset)
{
	size_t bytes = strnlen(text, URITEMPLATE_MAX_BYTES + 1);
	int rc = 0;

	if (bytes > URITEMPLATE_MAX_BYTES) {
		*ret_message = "a template has at most 8192 bytes";
		*ret_offset = URITEMPLATE_MAX_BYTES;
		return LK_EINVAL;
	}
	struct uritemplate *t = allocate(text, bytes);
	if (!t)
		return LK_ENOMEM;

	struct parser p = {.t = t, .s = t->text};
	while (rc == 0 && *p.s != '\0')
		rc = *p.s == '{' ? parse_expression(&p) : parse_literal(&p);
	if (rc < 0) {
		*ret_message = p.message;
		*ret_offset = (size_t)(p.s - t->text);
		uritemplate_destroy(t);
		return rc;
	}
	*ret = t;
	return 0;
}

void uritemplate_destroy(struct uritemplate *t)
{
	if (!t)
		return;
	wh_free(t->parts);
	wh_free(t->variables);
	wh_free(t);
}

size_t uritemplate_variables(const struct uritemplate *t)
{
	return t->variable_count;
}

const char *uritemplate_variable(const struct uritemplate *t, size_t i)
{
	return t->variables[i].name;
}

bool uritemplate_has(const struct uritemplate *t, const char *name)
{
	for (size_t i = 0; i < t->variable_count; i++)
		if (strcmp(t->variables[i].name, name) == 0)
			return true;
	return false;
}

/* Arguments */

static const char arg_prefix[] = "uri.";

/* True when the argument of that name is the variable's value (*ret_member NULL) or a member. */
static bool fits(const char *arg, const char *name, size_t name_bytes, const char **ret_member)
{
	if (strncmp(arg, name, name_bytes) != 0)
		return false;
	*ret_member = arg[name_bytes] == '.' ? arg + name_bytes + 1 : NULL;
	return arg[name_bytes] == '\0' || (*ret_member && **ret_member != '\0');
}

static bool belongs(const struct uritemplate *t, const char *arg, const char *name,
                    size_t name_bytes, const char **ret_member)
{
	const char *other;

	if (!fits(arg, name, name_bytes, ret_member))
		return false;
	for (size_t i = 0; *ret_member && i < t->variable_count; i++)
		if (t->variables[i].name_bytes > name_bytes &&
		    fits(arg, t->variables[i].name, t->variables[i].name_bytes, &other))
			return false;
	return true;
}

/* A walk over the arguments of one variable. */
struct walk {
	const struct uritemplate *t;
	const struct uri_args *args;
	const char *name;
	size_t name_bytes;
	size_t next;
	const char *member, *value; /* where it stands; member NULL: not a map's */
};

static bool step(struct walk *w)
{
	while (w->next < w->args->count) {
		const char *key = w->args->attrs[2 * w->next];
		w->value = w->args->attrs[2 * w->next + 1];
		w->next++;
		if (strncmp(key, arg_prefix, sizeof(arg_prefix) - 1) == 0 &&
		    belongs(w->t, key + sizeof(arg_prefix) - 1, w->name, w->name_bytes, &w->member))
			return true;
	}
	return false;
}

bool uritemplate_given(const struct uritemplate *t, const char *name, const struct uri_args *args)
{
	struct walk w = {.t = t, .args = args, .name = name, .name_bytes = strlen(name)};

	return step(&w);
}

/* Expansion */

/* NULL, or what is wrong with a text that comes from outside. */
static const char *fault_of(const char *s)
{
	size_t left = strlen(s), bytes;

	for (; left > 0; s += bytes, left -= bytes) {
		bytes = text_utf8_step(s, left);
		if (bytes == 0)
			return "is not well-formed UTF-8";
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return "contains a control character";
	}
	return NULL;
}

/* How many bytes the first character has.  Where triplets pass, those that stand for one code point
 * are one character. */
static size_t character(const char *s, size_t bytes, bool keep_reserved)
{
	char octets[4];
	size_t count = 0;

	if (!keep_reserved || !is_triplet(s, bytes))
		return text_utf8_step(s, bytes);
	for (; count < sizeof(octets) && is_triplet(s + 3 * count, bytes - 3 * count); count++)
		octets[count] =
			(char)(hex_digit(s[3 * count + 1]) << 4 | hex_digit(s[3 * count + 2]));
	count = text_utf8_step(octets, count);
	return count ? 3 * count : 3;
}

static size_t prefix_bytes(const char *s, size_t prefix, bool keep_reserved)
{
	size_t all = strlen(s), bytes = 0;

	if (prefix == 0)
		return all;
	for (; prefix > 0 && bytes < all; prefix--)
		bytes += character(s + bytes, all - bytes, keep_reserved);
	return bytes;
}

static void encode(struct text *out, const char *s, size_t bytes, bool keep_reserved)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t clean = 0; /* how many bytes from s on need no encoding */

	while (clean < bytes) {
		char c = s[clean];
		if (is_unreserved(c) || (keep_reserved && is_reserved(c))) {
			clean++;
		} else if (keep_reserved && is_triplet(s + clean, bytes - clean)) {
			clean += 3;
		} else {
			char triplet[3] = {'%', hex[(unsigned char)c >> 4],
			                   hex[(unsigned char)c & 15]};
			text_add(out, s, clean);
			text_add(out, triplet, sizeof(triplet));
			s += clean + 1;
			bytes -= clean + 1;
			clean = 0;
		}
	}
	text_add(out, s, clean);
}

static void encode_str(struct text *out, const char *s, const struct rule *rule)
{
	encode(out, s, strlen(s), rule->keep_reserved);
}

/* {keys*}: every member on its own. */
static void add_exploded(struct walk *w, const struct rule *rule, struct text *out)
{
	bool first = true;

	while (step(w)) {
		if (!first)
			text_add_str(out, rule->separator);
		first = false;
		if (w->member)
			encode_str(out, w->member, rule);
		else if (rule->named)
			text_add(out, w->name, w->name_bytes);
		if (w->member || rule->named)
			text_add_str(out, rule->named && *w->value == '\0' ? rule->if_empty : "=");
		encode_str(out, w->value, rule);
	}
}

/* {keys}: all members as one value, joined by commas.  A text is a list of one. */
static void add_joined(struct walk *w, const struct variable *v, const struct rule *rule,
                       bool is_empty, struct text *out)
{
	bool first = true;

	if (rule->named) {
		text_add(out, w->name, w->name_bytes);
		text_add_str(out, is_empty ? rule->if_empty : "=");
	}
	while (step(w)) {
		if (!first)
			text_add_char(out, ',');
		first = false;
		if (w->member) {
			encode_str(out, w->member, rule);
			text_add_char(out, ',');
		}
		encode(out, w->value, prefix_bytes(w->value, v->prefix, rule->keep_reserved),
		       rule->keep_reserved);
	}
}

/* What a variable is in this call. */
struct shape {
	size_t values, members;
	bool is_empty; /* one value, and that is "" */
};

static int refuse(const struct variable *v, const char *what, char *why, size_t why_bytes)
{
	snprintf(why, why_bytes, "the URL's variable \"%.64s\" %s", v->name, what);
	return LK_EINVAL;
}

static int inspect(struct walk w, const struct variable *v, struct shape *ret, char *why,
                   size_t why_bytes)
{
	struct shape shape = {0};

	while (step(&w)) {
		const char *fault = fault_of(w.value);
		if (!fault && w.member)
			fault = fault_of(w.member);
		if (fault)
			return refuse(v, fault, why, why_bytes);
		if (w.member)
			shape.members++;
		else
			shape.values++;
		shape.is_empty = shape.values == 1 && *w.value == '\0';
	}
	if (shape.values && shape.members)
		return refuse(v, "is given both as a value and as a map", why, why_bytes);
	if (v->prefix && (shape.values > 1 || shape.members))
		return refuse(v, "has a length in the template, so it cannot be a list or a map",
		              why, why_bytes);
	*ret = shape;
	return 0;
}

static int expand_expression(const struct uritemplate *t, const struct part *part,
                             const struct uri_args *args, struct text *out, char *why,
                             size_t why_bytes)
{
	bool first = true;

	for (size_t i = part->first; i < part->first + part->count; i++) {
		const struct variable *v = &t->variables[i];
		struct walk w = {
			.t = t, .args = args, .name = v->name, .name_bytes = v->name_bytes};
		struct shape shape;
		int rc = inspect(w, v, &shape, why, why_bytes);

		if (rc < 0)
			return rc;
		if (!shape.values && !shape.members)
			continue;
		text_add_str(out, first ? part->rule->first : part->rule->separator);
		first = false;
		if (v->explode)
			add_exploded(&w, part->rule, out);
		else
			add_joined(&w, v, part->rule, shape.is_empty, out);
	}
	return 0;
}

size_t uritemplate_parts(const struct uritemplate *t)
{
	return t->part_count;
}

bool uritemplate_part_is_literal(const struct uritemplate *t, size_t i)
{
	return !t->parts[i].rule;
}

int uritemplate_expand_part(const struct uritemplate *t, size_t i, const struct uri_args *args,
                            struct text *out, char *why, size_t why_bytes)
{
	const struct part *part = &t->parts[i];
	int rc = 0;

	if (part->rule)
		rc = expand_expression(t, part, args, out, why, why_bytes);
	else
		encode(out, t->text + part->offset, part->bytes, true);
	return rc < 0 ? rc : text_failed(out);
}

int uritemplate_expand(const struct uritemplate *t, const struct uri_args *args, struct text *out,
                       char *why, size_t why_bytes)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->part_count; i++)
		rc = uritemplate_expand_part(t, i, args, out, why, why_bytes);
	return rc;
}
