/* Stored messages as a table. */
#include "linkspan/delivery_columns.h"

#include <stddef.h>

#include "base/banned.h"

const struct list_column delivery_columns[] = {
	{"ID", "id", LIST_TEXT, false},
	{"CONNECTION", "connection", LIST_TEXT, false},
	{"PROJECT", "project", LIST_TEXT, true},
	{"ENVIRONMENT", "environment", LIST_TEXT, false},
	{"STATE", "state", LIST_STATE, false},
	{"ATTEMPTS", "attempts", LIST_NUMBER, false},
	{"ACCEPTED", "accepted", LIST_TEXT, true},
	{"AGE", "accepted", LIST_AGE, false},
	{"WHEN", "due", LIST_WHEN, false},
	{"STATUS", "status", LIST_NUMBER, true},
	{"MS", "duration_ms", LIST_NUMBER, true},
	{"REPLAY", "replay", LIST_NUMBER, true},
	{"ORDERING KEY", "ordering_key", LIST_TEXT, true},
	{"REASON", "reason", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};
