/* Stored messages as a table. */
#pragma once

#include "linkspan/list_show.h"

extern const struct list_column delivery_columns[];
