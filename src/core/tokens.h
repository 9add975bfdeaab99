/*
 * API tokens: "lks_ID_SECRET", known here by their SHA-256 alone.
 *
 * All of them are in memory, read once at the start: a check asks no database, and one that is revoked
 * is gone with the call that does it.  Any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/access.h"

struct err;
struct store;
struct store_audit;
struct tokens;

enum {
	TOKEN_ID_LENGTH = 12,
	TOKEN_LENGTH = 4 + TOKEN_ID_LENGTH + 1 + 43,
	TOKEN_NAME_MAX = 64,
	TOKEN_PROJECTS_MAX = 100,
};

/* One token.  Counted; constant but for the time of its last use. */
struct token {
	_Atomic unsigned holders;
	_Atomic int64_t used_ms; /* 0: never */
	char id[TOKEN_ID_LENGTH + 1];
	const char *name, *created_by;
	const char *who_name; /* "token:NAME" */
	enum access_role role;
	const struct grant *grants; /* one for each project, all with the role */
	size_t grant_count;
	const char *const *connections; /* ended by NULL; NULL: any */
	int64_t created_ms, expires_ms;
	uint8_t digest[32];
};

void token_hold(struct token *token);    /* takes NULL */
void token_release(struct token *token); /* takes NULL */
/* What it may do, borrowed from the token. */
struct who token_who(const struct token *token);

struct token_wish {
	const char *name;
	enum access_role role;
	const char *const *projects;    /* ended by NULL; none: all */
	const char *const *connections; /* ended by NULL; none: any */
	int64_t expires_ms;             /* Unix time */
};

/* The store is borrowed until tokens_close(). */
int tokens_open(struct store *store, struct tokens **ret, struct err *e);
void tokens_close(struct tokens *tokens); /* takes NULL */

/* Makes a token; its text, TOKEN_LENGTH and a NUL byte, is nowhere else.  The subject of the audit row is
 * the name.  ERR_USAGE says what of the wish is not allowed; ERR_CONFLICT: there is one of that name. */
int tokens_create(struct tokens *tokens, const struct token_wish *wish,
                  const struct store_audit *audit, char *ret_text, struct token **ret,
                  struct err *e);
/* Checks a wish alone. */
int tokens_check_wish(struct tokens *tokens, const struct token_wish *wish, struct err *e);
/* ERR_NOT_FOUND. */
int tokens_revoke(struct tokens *tokens, const char *id, const struct store_audit *audit,
                  struct err *e);

/* The token with this text, if it is one in force: held for the caller, its use noted.  NULL: it is none. */
struct token *tokens_find(struct tokens *tokens, const char *text);
/* The same by its id; for whoever has shown the token before. */
struct token *tokens_find_id(struct tokens *tokens, const char *id);

/* All, held for the caller; expired ones too, by name.  *ret is given away (mem_free). */
int tokens_list(struct tokens *tokens, struct token ***ret, size_t *ret_count, struct err *e);
size_t tokens_count(struct tokens *tokens);
