/* Which secrets a deployment would send where, and whether that was ever agreed to. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/catalog_impl.h"
#include "core/deployment.h"
#include "plug/load.h"
#include "json/json.h"

void consent_init(struct consent *s)
{
	*s = (struct consent){0};
	arena_init(&s->arena);
}

void consent_finish(struct consent *s)
{
	json_free(s->refused);
	arena_finish(&s->arena);
}

static const struct {
	const char *scheme, *port;
} usual_ports[] = {{"http", "80"}, {"https", "443"}};

static const char *usual_port(const char *scheme, size_t length)
{
	for (size_t i = 0; i < sizeof(usual_ports) / sizeof(usual_ports[0]); i++)
		if (strlen(usual_ports[i].scheme) == length &&
		    strncasecmp(usual_ports[i].scheme, scheme, length) == 0)
			return usual_ports[i].port;
	return "";
}

/* "https://receiver.example:443" of a URL; of a type without one, its name. */
static const char *origin_of(struct arena *a, const struct deployment *d)
{
	const struct lk_value *value = deployment_value(d, "url");
	const char *url = value ? value->u.s : NULL, *host = url ? strstr(url, "://") : NULL;
	struct buf text;

	if (!host)
		return arena_printf(a, "%s:", d->type->type.id);
	size_t scheme = (size_t)(host - url);
	host += 3;
	size_t length = strcspn(host, "/?#{");
	const char *colon = memchr(host, ']', length);
	colon = memchr(colon ? colon : host, ':', length - (size_t)((colon ? colon : host) - host));
	buf_init(&text, BUF_MAX_LINE);
	buf_printf(&text, "%.*s://%.*s", (int)scheme, url, (int)length, host);
	if (!colon)
		buf_printf(&text, ":%s", usual_port(url, scheme));
	for (size_t i = 0; i < text.len_bytes; i++) /* neither scheme nor host has a case */
		if (text.data[i] >= 'A' && text.data[i] <= 'Z')
			text.data[i] = (char)(text.data[i] + ('a' - 'A'));
	const char *origin = buf_failed(&text) ? NULL : arena_strdup(a, buf_str(&text));
	buf_finish(&text);
	return origin;
}

static bool is_noted(const struct consent *s, const char *secret)
{
	for (size_t i = 0; i < s->fresh_count; i++)
		if (strcmp(s->fresh[i].secret, secret) == 0)
			return true;
	return false;
}

/* Every reference once, as if none were approved. */
static int gather(struct consent *s, const struct deployment *d)
{
	const char *origin = origin_of(&s->arena, d);
	size_t most = 0;

	for (size_t i = 0; i < d->values.secret_count; i++)
		most += d->values.secrets[i].part_count;
	s->fresh = arena_array(&s->arena, most + 1, sizeof(*s->fresh));
	if (!s->fresh || !origin)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < d->values.secret_count; i++) {
		const struct secret_text *text = &d->values.secrets[i];
		for (size_t k = 0; k < text->part_count; k++) {
			const struct text_part *part = &text->parts[k];
			if (part->kind != TEXT_SECRET || is_noted(s, part->text))
				continue;
			s->fresh[s->fresh_count++] = (struct store_approval){
				.secret = arena_strdup(&s->arena, part->text), .origin = origin};
			if (!s->fresh[s->fresh_count - 1].secret)
				return ERR_NO_MEMORY;
		}
	}
	return 0;
}

/* What the store knows of the secrets. */
struct known {
	struct consent *consent;
	bool *approved, *elsewhere; /* of each fresh one */
};

static void compare(void *arg, const struct store_approval *approval)
{
	struct known *k = arg;

	for (size_t i = 0; i < k->consent->fresh_count; i++) {
		const struct store_approval *own = &k->consent->fresh[i];
		if (strcmp(own->secret, approval->secret) != 0)
			continue;
		if (strcmp(own->origin, approval->origin) == 0)
			k->approved[i] = true;
		else
			k->elsewhere[i] = true;
	}
}

static int refuse(struct consent *s, const char *secret, const char *origin)
{
	struct json *item = json_object();

	json_set(item, "secret", json_string(secret));
	json_set(item, "origin", json_string(origin));
	return json_push(s->refused, item);
}

/* moves: another origin is to have what the present one has. */
static int judge(struct consent *s, const struct known *k, bool moves)
{
	size_t left = 0;

	s->refused = json_array();
	for (size_t i = 0; i < s->fresh_count; i++) {
		const struct store_approval pair = s->fresh[i];
		if (k->approved[i])
			continue;
		s->fresh[left++] = pair;
		if ((k->elsewhere[i] || moves) && refuse(s, pair.secret, pair.origin) < 0)
			return ERR_NO_MEMORY;
	}
	s->fresh_count = left;
	return s->refused ? 0 : ERR_NO_MEMORY;
}

int consent_read(struct consent *s, struct store *store, const struct deployment *d,
                 const struct deployment *before, const char *const *literals, struct err *e)
{
	struct known k = {.consent = s};
	const char *origin = origin_of(&s->arena, d);
	const char *present = before ? origin_of(&s->arena, before) : origin;

	if (!origin || !present)
		return err_no_memory(e);
	bool moves = strcmp(origin, present) != 0;

	if (gather(s, d) < 0)
		return err_no_memory(e);
	k.approved = arena_array(&s->arena, s->fresh_count + 1, sizeof(*k.approved));
	k.elsewhere = arena_array(&s->arena, s->fresh_count + 1, sizeof(*k.elsewhere));
	if (!k.approved || !k.elsewhere)
		return err_no_memory(e);
	if (s->fresh_count > 0) {
		int rc = store_approvals(store, compare, &k, e);
		if (rc < 0)
			return rc;
	}
	int rc = judge(s, &k, moves);
	for (; rc == 0 && moves && literals && *literals; literals++)
		rc = refuse(s, *literals, origin);
	return rc < 0 ? err_no_memory(e) : 0;
}
