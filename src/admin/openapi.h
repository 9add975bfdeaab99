/*
 * The OpenAPI 3.1 document of the API, generated from the table of routes, the tables of inputs, and
 * what openapi_routes.c and openapi_schemas.c say of answers.
 */
#pragma once

struct json;

struct json *openapi_json(void); /* NULL: no memory */
