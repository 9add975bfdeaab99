/* Metrics, as Prometheus reads them. */
#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/metrics.h"
#include "admin/problem.h"
#include "admin/ready.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"
#include "httpd/reply.h"
#include "httpd/request.h"

void api_metrics(struct api_call *call)
{
	struct host *host = call->admin->host;
	struct err e = {0};
	struct sheet s;

	if (sheet_init(&s, host, &e) < 0) {
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	s.configuration = admin_settings(call);
	s.answers = &call->admin->answers;
	s.now_ms = store_now_ms(host_store(host));
	s.ready = !unready(s.configuration, &s.host, &s.store);
	metrics_write(&s);
	const struct http_reply reply = {
		.status = 200,
		.content_type = "text/plain; version=0.0.4; charset=utf-8",
		.body = buf_str(&s.text),
		.body_bytes = s.text.len_bytes,
	};
	if (buf_failed(&s.text))
		http_reply_problem(call->request, 503, "no_memory",
		                   "there is no memory for the answer");
	else
		http_reply(call->request, &reply);
	sheet_finish(&s);
}
