/* linkspan delivery list, get, retry, cancel. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/delivery.h"
#include "linkspan/delivery_columns.h"
#include "linkspan/delivery_filter.h"
#include "linkspan/output.h"
#include "linkspan/route.h"
#include "json/json.h"

enum { LIMIT = 50, LIMIT_MOST = 1000000, PAGE = 1000 };

/* A copy of what one page has, at the end of all. */
static int append(struct json *all, const struct json *items, struct err *e)
{
	for (size_t i = 0; i < json_count(items); i++)
		if (json_push(all, json_copy(json_at(items, i))) < 0)
			return err_no_memory(e);
	return 0;
}

static int page_target(const struct cli *cli, int64_t now_ms, long limit, const char *cursor,
                       struct buf *target, struct err *e)
{
	buf_add_str(target, "/api/v1/deliveries");
	int rc = delivery_filter_query(cli, now_ms, target, e);
	if (rc < 0)
		return rc;
	buf_printf(target, "%climit=%ld", strchr(buf_str(target), '?') ? '&' : '?',
	           limit < PAGE ? limit : PAGE);
	route_query(target, "order", cli_has(cli, "oldest") ? "asc" : NULL);
	route_query(target, "cursor", cursor);
	return buf_failed(target) ? err_set(e, ERR_USAGE, "the filter is too long") : 0;
}

/* Page after page into `all`; *ret_next is the cursor behind the last one, or NULL. */
static int gather(struct client *c, const struct cli *cli, long limit, struct json *all,
                  struct json **ret_page, struct err *e)
{
	int64_t now_ms = clock_system.unix_ms();
	const char *cursor = NULL;
	struct buf target;
	int rc;

	buf_init(&target, BUF_MAX_LINE);
	do {
		buf_clear(&target);
		rc = page_target(cli, now_ms, limit - (long)json_count(all), cursor, &target, e);
		json_free(*ret_page);
		*ret_page = NULL;
		if (rc == 0)
			rc = client_get(c, buf_str(&target), ret_page, e);
		if (rc == 0)
			rc = append(all, json_get(*ret_page, "items"), e);
		cursor = json_as_string(json_get(*ret_page, "next"));
	} while (rc == 0 && cursor && (long)json_count(all) < limit);
	buf_finish(&target);
	return rc;
}

static int show_list(const struct cli *cli, struct json *all, const char *next, struct err *e)
{
	static const struct output_shape shape = {delivery_columns, "id", "items", NULL};
	struct json *document = json_object();

	json_set(document, "items", all);
	if (json_set(document, "next", json_string_or_null(next)) < 0) {
		json_free(document);
		document = NULL;
	}
	return output_show(cli, &shape, document, e);
}

int cmd_delivery_list(struct cli *cli, struct err *e)
{
	struct json *all = json_array(), *page = NULL;
	struct client c;
	long limit = LIMIT;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = cli_number(cli, "limit", 0, LIMIT_MOST, &limit, e);
	if (rc == 0)
		rc = gather(&c, cli, limit ? limit : LIMIT_MOST, all, &page, e);
	if (rc == 0)
		rc = show_list(cli, all, json_as_string(json_get(page, "next")), e);
	else
		json_free(all);
	json_free(page);
	client_close(&c);
	return rc;
}

static void show_one(const struct cli *cli, const struct json *delivery, struct buf *b)
{
	(void)cli;
	delivery_show(delivery, clock_system.unix_ms(), b);
}

int cmd_delivery_get(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {delivery_columns, "id", NULL, show_one};
	struct json *delivery = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = delivery_fetch(&c, cli->args[0], 0, &delivery, e);
	client_close(&c);
	return rc < 0 ? rc : output_show(cli, &shape, delivery, e);
}

static int change_one(struct client *c, const char *id, const char *verb, struct json **ret,
                      struct err *e)
{
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	delivery_route(&target, id, verb);
	int rc = buf_failed(&target) ? err_set(e, ERR_USAGE, "no such id")
	                             : client_post(c, buf_str(&target), NULL, ret, e);
	buf_finish(&target);
	return rc;
}

/* The faults of single messages are printed; the others go on. */
static int change_all(struct client *c, struct cli *cli, const char *verb, struct json *all,
                      struct err *e)
{
	size_t done = 0;
	int rc = 0, worst = 0;

	for (size_t i = 0; i < cli->arg_count; i++) {
		struct json *delivery = NULL;
		struct err why = {0};
		rc = change_one(c, cli->args[i], verb, &delivery, &why);
		if (rc == ERR_UNREACHABLE || rc == ERR_INTERRUPTED || rc == ERR_NO_MEMORY)
			return err_set(e, rc, "%s (%zu of %zu done)", why.text, done,
			               cli->arg_count);
		if (rc < 0) {
			worst = rc;
			fprintf(stderr, "linkspan: %s: %s\n", cli->args[i], why.text);
			continue;
		}
		done++;
		if (json_push(all, delivery) < 0)
			return err_no_memory(e);
	}
	if (worst < 0)
		cli->exit_status = err_exit_status(done > 0 ? ERR_PARTLY : worst);
	return 0;
}

static void show_states(const struct cli *cli, const struct json *document, struct buf *b)
{
	const struct json *items = json_get(document, "items");

	(void)cli;
	for (size_t i = 0; i < json_count(items); i++) {
		const char *id = json_as_string(json_get(json_at(items, i), "id"));
		buf_printf(b, "%s: ", id ? id : "");
		delivery_show_state(json_at(items, i), clock_system.unix_ms(), b);
		buf_add_char(b, '\n');
	}
}

static int show_changed(const struct cli *cli, struct json *all, struct err *e)
{
	static const struct output_shape shape = {delivery_columns, "id", "items", show_states};
	struct json *document = json_object();

	if (json_set(document, "items", all) < 0) {
		json_free(document);
		document = NULL;
	}
	return output_show(cli, &shape, document, e);
}

static int change(struct cli *cli, const char *verb, struct err *e)
{
	struct json *all = json_array();
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = change_all(&c, cli, verb, all, e);
	client_close(&c);
	if (rc < 0) {
		json_free(all);
		return rc;
	}
	return show_changed(cli, all, e);
}

int cmd_delivery_retry(struct cli *cli, struct err *e)
{
	return change(cli, ":retry", e);
}

int cmd_delivery_cancel(struct cli *cli, struct err *e)
{
	return change(cli, ":cancel", e);
}
