/* The routes of the API and whom they are for, as JSON: what tests and reviewers walk. */
#pragma once

struct buf;

/* 0 or ERR_NO_MEMORY. */
int routes_show(struct buf *text);
