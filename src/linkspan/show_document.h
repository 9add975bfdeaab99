/* How the document of an answer looks, for people. */
#pragma once

struct buf;
struct json;

/* What a direct send answers, wherever it comes from (docs/api.md). */
void show_answer_document(const struct json *document, struct buf *b);
