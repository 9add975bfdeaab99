/* One token.  Whatever belongs to it lies in its own arena. */
#include "core/token.h"

#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#define PREFIX    "lks_"
#define YEARS_MAX 10
#define DAY_MS    (24 * 3600 * INT64_C(1000))

enum { PREFIX_LENGTH = sizeof(PREFIX) - 1, SECRET_BYTES = 32 };

static const char id_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_-.";

_Static_assert(TOKEN_LENGTH ==
                       PREFIX_LENGTH + TOKEN_ID_LENGTH + 1 + BASE64_URL_LENGTH(SECRET_BYTES),
               "a token has this form");

struct owned {
	struct token token; /* first */
	struct arena arena;
};

void token_hold(struct token *token)
{
	if (token)
		atomic_fetch_add(&token->holders, 1);
}

void token_release(struct token *token)
{
	if (!token || atomic_fetch_sub(&token->holders, 1) > 1)
		return;
	struct owned *owned = container_of(token, struct owned, token);
	arena_finish(&owned->arena);
	mem_free(owned);
}

struct who token_who(const struct token *token)
{
	return (struct who){
		.kind = WHO_TOKEN,
		.name = token->who_name,
		.grants = token->grants,
		.grant_count = token->grant_count,
		.connections = token->connections,
	};
}

/*
 * Wishes
 */

static bool is_name(const char *name, const char *also, size_t max)
{
	size_t length = strlen(name), at = 0;

	while (name[at] && (strchr(name_letters, name[at]) || strchr(also, name[at])))
		at++;
	return length > 0 && length <= max && at == length && name[0] != ' ';
}

/* also: what may stand in a name beside letters; any: what may stand for all of them. */
static int check_list(const char *what, const char *const *names, const char *also, const char *any,
                      size_t max, struct err *e)
{
	size_t count = 0;

	for (; names && names[count]; count++)
		if (strcmp(names[count], any) != 0 && !is_name(names[count], also, max))
			return err_set(e, ERR_USAGE, "\"%.40s\" cannot be the name of a %s",
			               names[count], what);
	if (count > TOKEN_PROJECTS_MAX)
		return err_set(e, ERR_USAGE, "more than %d names of a %s", TOKEN_PROJECTS_MAX,
		               what);
	return 0;
}

int token_check_wish(const struct token_wish *wish, int64_t now_ms, struct err *e)
{
	bool limited = wish->connections && wish->connections[0];

	if (!is_name(wish->name, "", TOKEN_NAME_MAX))
		return err_set(e, ERR_USAGE,
		               "a token's name has 1 to %d letters, digits, \"_\", \"-\" and \".\"",
		               TOKEN_NAME_MAX);
	if (limited && wish->role != ACCESS_SENDER)
		return err_set(e, ERR_USAGE, "only the role sender can be limited to connections");
	if (wish->expires_ms <= now_ms)
		return err_set(e, ERR_USAGE, "a token must expire later than now");
	if (wish->expires_ms - now_ms > YEARS_MAX * 366 * DAY_MS)
		return err_set(e, ERR_USAGE, "a token is good for %d years at most", YEARS_MAX);
	int rc = check_list("project", wish->projects, "", ACCESS_ALL_PROJECTS, 64, e);
	return rc < 0 ? rc : check_list("connection", wish->connections, " ", "", 100, e);
}

/*
 * Making
 */

static const char *const *copy_names(struct arena *a, const char *const *names, size_t *ret_count)
{
	size_t count = 0;

	while (names && names[count])
		count++;
	const char **copy = arena_array(a, count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = arena_strdup(a, names[i]);
		copy = copy[i] ? copy : NULL;
	}
	*ret_count = count;
	return copy;
}

static bool take_wish(struct owned *o, const struct token_wish *wish)
{
	static const char *const all[] = {ACCESS_ALL_PROJECTS, NULL};
	bool limited = wish->connections && wish->connections[0];
	bool named = wish->projects && wish->projects[0];
	struct token *t = &o->token;
	size_t count = 0;

	const char *const *projects = copy_names(&o->arena, named ? wish->projects : all, &count);
	struct grant *grants = arena_array(&o->arena, count, sizeof(*grants));
	for (size_t i = 0; projects && grants && i < count; i++)
		grants[i] = (struct grant){.project = projects[i], .role = wish->role};
	t->grants = grants;
	t->grant_count = count;
	t->connections = limited ? copy_names(&o->arena, wish->connections, &count) : NULL;
	t->role = wish->role;
	t->name = arena_strdup(&o->arena, wish->name);
	t->who_name = arena_printf(&o->arena, "token:%s", wish->name);
	t->expires_ms = wish->expires_ms;
	return projects && grants && t->name && t->who_name && (t->connections || !limited);
}

static struct owned *owned_create(const struct token_wish *wish, const char *created_by)
{
	struct owned *o = mem_zalloc(sizeof(*o));

	if (!o)
		return NULL;
	arena_init(&o->arena);
	atomic_init(&o->token.holders, 1);
	o->token.created_by = arena_strdup(&o->arena, created_by);
	if (o->token.created_by && take_wish(o, wish))
		return o;
	token_release(&o->token);
	return NULL;
}

struct token *token_create(const struct token_wish *wish, const char *created_by, int64_t now_ms,
                           char *ret_text)
{
	struct owned *o = owned_create(wish, created_by);
	uint8_t secret[SECRET_BYTES];

	if (!o)
		return NULL;
	for (int i = 0; i < TOKEN_ID_LENGTH; i++)
		o->token.id[i] = id_letters[random_below(sizeof(id_letters) - 1)];
	random_bytes(secret, sizeof(secret));
	memcpy(ret_text, PREFIX, PREFIX_LENGTH);
	memcpy(ret_text + PREFIX_LENGTH, o->token.id, TOKEN_ID_LENGTH);
	ret_text[PREFIX_LENGTH + TOKEN_ID_LENGTH] = '_';
	base64_url(secret, sizeof(secret), ret_text + PREFIX_LENGTH + TOKEN_ID_LENGTH + 1);
	mem_wipe(secret, sizeof(secret));
	hash_of(ret_text, TOKEN_LENGTH, o->token.digest);
	o->token.created_ms = now_ms;
	return &o->token;
}

bool token_parse(const char *text, char *ret_id, uint8_t *ret_digest)
{
	const char *id = text + PREFIX_LENGTH;

	if (strlen(text) != TOKEN_LENGTH || strncmp(text, PREFIX, PREFIX_LENGTH) != 0 ||
	    strspn(id, id_letters) != TOKEN_ID_LENGTH || id[TOKEN_ID_LENGTH] != '_')
		return false;
	memcpy(ret_id, id, TOKEN_ID_LENGTH);
	ret_id[TOKEN_ID_LENGTH] = '\0';
	hash_of(text, TOKEN_LENGTH, ret_digest);
	return true;
}

/*
 * Rows.  Names have no commas.
 */

static char *join(const char *const *names)
{
	struct buf text;

	buf_init(&text, BUF_MAX_LINE);
	for (size_t i = 0; names[i]; i++)
		buf_printf(&text, "%s%s", i ? "," : "", names[i]);
	return buf_take(&text);
}

/* Cuts a copy; NULL: no memory. */
static const char *const *cut(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text ? text : "");
	size_t count = 0, at = 0;

	for (const char *s = text; s && *s; s++)
		count += *s == ',';
	const char **names = arena_array(a, count + 2, sizeof(*names));
	if (!copy || !names)
		return NULL;
	for (char *name = copy; *name; at++) {
		size_t length = strcspn(name, ",");
		names[at] = name;
		name += length;
		if (*name)
			*name++ = '\0';
	}
	return names;
}

int token_to_row(const struct token *token, struct token_row *ret)
{
	const char *projects[TOKEN_PROJECTS_MAX + 1] = {NULL};

	for (size_t i = 0; i < token->grant_count && i < TOKEN_PROJECTS_MAX; i++)
		projects[i] = token->grants[i].project;
	ret->projects = join(projects);
	ret->connections = token->connections ? join(token->connections) : NULL;
	ret->stored = (struct store_token){
		.id = token->id,
		.name = token->name,
		.role = access_roles[token->role],
		.projects = ret->projects,
		.connections = ret->connections,
		.created_by = token->created_by,
		.created_ms = token->created_ms,
		.expires_ms = token->expires_ms,
	};
	memcpy(ret->stored.digest, token->digest, sizeof(ret->stored.digest));
	if (ret->projects && (ret->connections || !token->connections))
		return 0;
	token_row_finish(ret);
	return ERR_NO_MEMORY;
}

void token_row_finish(struct token_row *row)
{
	mem_free(row->projects);
	mem_free(row->connections);
}

int token_from_row(const struct store_token *stored, struct token **ret)
{
	struct token_wish wish = {.name = stored->name, .expires_ms = stored->expires_ms};
	struct arena arena;

	if (access_role_parse(stored->role, &wish.role) < 0 ||
	    strlen(stored->id) != TOKEN_ID_LENGTH || !stored->projects[0] ||
	    (stored->connections && !stored->connections[0]))
		return ERR_INVALID;
	arena_init(&arena);
	wish.projects = cut(&arena, stored->projects);
	wish.connections = cut(&arena, stored->connections);
	struct owned *o =
		wish.projects && wish.connections ? owned_create(&wish, stored->created_by) : NULL;
	arena_finish(&arena);
	if (!o)
		return ERR_NO_MEMORY;
	memcpy(o->token.id, stored->id, TOKEN_ID_LENGTH);
	memcpy(o->token.digest, stored->digest, sizeof(o->token.digest));
	o->token.created_ms = stored->created_ms;
	atomic_init(&o->token.used_ms, stored->used_ms);
	*ret = &o->token;
	return 0;
}
