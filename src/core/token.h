/* One token: made, read from its text, and as a row of the store; for tokens.c. */
#pragma once

#include <stdbool.h>

#include "core/tokens.h"
#include "store/store.h"

/* 0, or ERR_USAGE with what is not allowed. */
int token_check_wish(const struct token_wish *wish, int64_t now_ms, struct err *e);
/* A new token with a text; held once.  NULL: no memory. */
struct token *token_create(const struct token_wish *wish, const char *created_by, int64_t now_ms,
                           char *ret_text);
/* Takes a text apart: the id with its NUL byte, and the digest of all of it.  False: it is no token. */
bool token_parse(const char *text, char *ret_id, uint8_t *ret_digest);

/* As a row, and back: ERR_INVALID, ERR_NO_MEMORY. */
struct token_row {
	struct store_token stored;
	char *projects, *connections;
};
int token_to_row(const struct token *token, struct token_row *ret);
void token_row_finish(struct token_row *row);
int token_from_row(const struct store_token *stored, struct token **ret);
