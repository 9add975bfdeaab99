/* json-c under names that leave json_object() and json_bool() to json.h: its types of those names
 * are renamed while its headers are read.  Only src/json includes this. */
#pragma once

#define json_object jsonc_object
#define json_bool   jsonc_bool
#include <json-c/json.h>
#undef json_object
#undef json_bool
