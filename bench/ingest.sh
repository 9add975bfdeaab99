#!/usr/bin/env bash
# Taking in over HTTP: requests of 512 bytes accepted durably in a second and how long each takes, at 1,
# 16, 64 and 256 connections, beside a bare program of the same libraries, and nginx that only says 202.
# All on Unix sockets, one after the other; every figure is a median.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=bench/lib/daemon.sh
. "$bench/lib/daemon.sh"
# shellcheck source=bench/lib/bare_ingest.sh
. "$bench/lib/bare_ingest.sh"

messages=${BENCH_MESSAGES:-50000}
rounds=${BENCH_ROUNDS:-3}
connections=${BENCH_CONNECTIONS:-1 16 64 256}
results=$folder/results

stop_all() {
	[ -z "$bare_pid" ] || kill -9 "$bare_pid" 2>/dev/null || true
	finish_daemon
}
trap stop_all EXIT

# One connection waits for each commit by itself: a tenth says as much.
count_for() { # CONNECTIONS
	if [ "$1" -lt 16 ]; then echo $((messages / 10)); else echo "$messages"; fi
}

load() { # SOCKET TARGET CONNECTIONS
	"$LINKSPAN_BUILD/bench/socket_load" "$1" "$2" "$3" "$(count_for "$3")" 1
}

run_linkspan() {
	start_daemon
	pause ingest
	load "$socket" "$(target ingest)" "$1" >"$folder/line"
	stop_daemon
}

run_bare() {
	start_bare ""
	load "$bare_socket" "$(target ingest)" "$1" >"$folder/line"
	stop_bare
}

run_nginx() {
	load "$folder/nginx.sock" /accepted "$1" >"$folder/line"
}

build_programs bare_ingest socket_load
start_nginx
write_site
write_connection ingest "$(url_of http pooled)" 'content_type = "application/json";'
for ((round = 0; round < rounds; round++)); do
	for count in $connections; do
		for name in linkspan bare nginx; do
			"run_$name" "$count"
			printf '%s %s %s\n' "$name" "$count" "$(cat "$folder/line")" >>"$results"
		done
	done
done
awk -f "$bench/lib/median.awk" -f "$bench/lib/ingest.awk" "$results"
