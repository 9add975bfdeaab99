#!/usr/bin/env bash
# Through: HTTP in, durable, HTTP out to nginx, over 64 connections.  Messages delivered in a second, from
# the first byte in to the last message that nginx has answered, and the CPU time of 100 000 of them,
# beside a bare program of the same libraries.  Every figure is a median.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=bench/lib/daemon.sh
. "$bench/lib/daemon.sh"
# shellcheck source=bench/lib/bare_ingest.sh
. "$bench/lib/bare_ingest.sh"
# shellcheck source=bench/lib/deliveries.sh
. "$bench/lib/deliveries.sh"

messages=${BENCH_MESSAGES:-100000}
rounds=${BENCH_ROUNDS:-3}
in_flight=64
results=$folder/results

stop_all() {
	[ -z "$bare_pid" ] || kill -9 "$bare_pid" 2>/dev/null || true
	finish_daemon
}
trap stop_all EXIT

load() { # SOCKET
	"$LINKSPAN_BUILD/bench/socket_load" "$1" "$(target through)" "$in_flight" "$messages" 1
}

run_linkspan() {
	start_daemon
	count_deliveries "$daemon_pid" load "$socket"
	stop_daemon
}

run_bare() {
	start_bare "$(url_of http pooled)"
	count_deliveries "$bare_pid" load "$bare_socket"
	stop_bare
}

build_programs bare_ingest socket_load
start_nginx
write_site
write_connection through "$(url_of http pooled)" "pool_size = $in_flight;" \
	'content_type = "application/json";'
for ((round = 0; round < rounds; round++)); do
	for name in linkspan bare; do
		"run_$name"
		printf '%s %s %s\n' "$name" "$in_flight" "$(cat "$folder/line")" >>"$results"
	done
done
awk -f "$bench/lib/median.awk" -f "$bench/lib/through.awk" "$results"
