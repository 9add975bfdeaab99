#!/usr/bin/env bash
# Durable sending: messages accepted and delivered in a second, and what they cost, beside SQLite with
# nothing around it, a plain file, syslog-ng's http() with a reliable disk buffer, and a bare libcurl
# loop; and memory.  Repetitions alternate; every figure is a median.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=bench/lib/daemon.sh
. "$bench/lib/daemon.sh"
# shellcheck source=bench/lib/deliveries.sh
. "$bench/lib/deliveries.sh"
# shellcheck source=bench/lib/syslog_ng.sh
. "$bench/lib/syslog_ng.sh"

messages=${BENCH_MESSAGES:-100000}
seconds=${BENCH_SECONDS:-1.5}
rounds=${BENCH_ROUNDS:-3}
in_flight=64
batch=100
queued=100000
flying=10000
flying_links=20
results=$folder/results

stop_all() {
	[ -z "$syslog_ng_pid" ] || kill "$syslog_ng_pid" 2>/dev/null || true
	finish_daemon
}
trap stop_all EXIT

load() { # CONNECTION MESSAGES BATCH
	local query=
	[ "$3" -eq 1 ] || query=framing=ndjson
	"$LINKSPAN_BUILD/bench/socket_load" "$socket" "$(target "$1" "$query")" "$in_flight" "$2" "$3"
}

make_lines() {
	awk -v count="$messages" 'BEGIN {
		line = sprintf("%510s", "")
		gsub(/ /, "x", line)
		for (i = 0; i < count; i++)
			print "\"" line "\""
	}' >"$folder/lines"
}

feed_pipe() { # CONNECTION
	"$LINKSPAN_PREFIX/bin/linkspan" --config "$config" pipe "$1" --env Bench <"$folder/lines" \
		>"$folder/pipe.log" 2>&1 || {
		cat "$folder/pipe.log"
		return 1
	}
}

group_size() {
	awk -v operations="$(status store operations)" -v commits="$(status store commits)" \
		'BEGIN { printf "%d", commits ? operations / commits + 0.5 : 1 }'
}

# Accepting alone: the link is paused, so nothing goes out.

run_accept_socket() {
	start_daemon
	pause outbox
	local line
	line=$(load outbox "$messages" 1)
	group=$(group_size)
	echo "$line group=$group" >"$folder/line"
	stop_daemon
}

run_accept_batch() {
	start_daemon
	pause outbox
	load outbox "$messages" "$batch" >"$folder/line"
	stop_daemon
}

run_accept_pipe() {
	local began ended
	start_daemon
	pause outbox
	began=$(date +%s.%N)
	feed_pipe outbox
	ended=$(date +%s.%N)
	awk -v count="$messages" -v began="$began" -v ended="$ended" \
		'BEGIN { printf "rate=%.0f\n", count / (ended - began) }' >"$folder/line"
	stop_daemon
}

# With groups of the size that accept_socket had just now.
run_sqlite() {
	"$LINKSPAN_BUILD/bench/bare_sqlite" "$folder/bare.db" "$group" "$seconds" >"$folder/line"
	rm -f "$folder"/bare.db*
}

run_append() {
	"$LINKSPAN_BUILD/bench/bare_append" "$folder/bare.file" "$group" "$seconds" >"$folder/line"
	rm -f "$folder/bare.file"
}

# From the first byte given to the last message that nginx has answered.

run_socket() {
	start_daemon
	count_deliveries "$daemon_pid" load outbox "$messages" 1
	stop_daemon
}

run_batch() {
	start_daemon
	count_deliveries "$daemon_pid" load outbox "$messages" "$batch"
	stop_daemon
}

run_pipe() {
	start_daemon
	count_deliveries "$daemon_pid" feed_pipe outbox
	stop_daemon
}

feed_syslog_ng() {
	cat "$folder/lines" >"/dev/tcp/127.0.0.1/$syslog_ng_port"
}

run_syslog_ng_1() {
	start_syslog_ng 1
	count_deliveries "$syslog_ng_pid" feed_syslog_ng
	stop_syslog_ng
}

run_syslog_ng_4() {
	start_syslog_ng 4
	count_deliveries "$syslog_ng_pid" feed_syslog_ng
	stop_syslog_ng
}

run_libcurl() {
	"$LINKSPAN_BUILD/bench/bare_multi" "$(url_of http pooled)" "$folder/ca.pem" "$in_flight" \
		"$seconds" >"$folder/line"
}

measure() { # NAME
	"run_$1"
	printf '%s %s\n' "$1" "$(cat "$folder/line")" >>"$results"
}

# Memory, once each.

memory_of_queue() {
	local before
	start_daemon
	pause outbox
	load outbox 1000 "$batch" >"$folder/fed"
	before=$(rss_bytes "$daemon_pid")
	load outbox "$queued" "$batch" >"$folder/fed"
	echo "queued count=$queued bytes=$(($(rss_bytes "$daemon_pid") - before))" >>"$results"
	stop_daemon
}

memory_in_flight() {
	local before port n answer
	coproc HANG { exec /usr/bin/python3 "$bench/lib/hang.py"; }
	local hang=$HANG_PID out in
	exec {out}<&"${HANG[0]}" {in}>&"${HANG[1]}"
	read -r port <&"$out"
	for ((n = 0; n < flying_links; n++)); do
		write_connection "hang_$n" "http://127.0.0.1:$port/" \
			"pool_size = $((flying / flying_links)); request_timeout_ms = 60000;"
	done
	start_daemon
	before=$(rss_bytes "$daemon_pid")
	for ((n = 0; n < flying_links; n++)); do
		load "hang_$n" $((flying / flying_links)) "$batch" >"$folder/fed"
	done
	echo "$flying" >&"$in"
	read -r -t 60 answer <&"$out" || answer=no
	if [ "$answer" != reached ]; then
		echo "not $flying requests in flight: $(status active) are active" >&2
		return 1
	fi
	echo "flying count=$flying bytes=$(($(rss_bytes "$daemon_pid") - before))" >>"$results"
	kill -9 "$daemon_pid" "$hang"
	wait "$daemon_pid" "$hang" 2>/dev/null || true
	daemon_pid=
}

build_programs bare_append bare_multi bare_sqlite socket_load
unpack_syslog_ng
start_nginx
write_site
write_connection outbox "$(url_of http pooled)" "pool_size = $in_flight;" \
	'content_type = "application/json";'
make_lines
for ((round = 0; round < rounds; round++)); do
	for name in accept_socket accept_batch accept_pipe sqlite append socket batch pipe \
		syslog_ng_1 syslog_ng_4 libcurl; do
		measure "$name"
	done
done
memory_of_queue
memory_in_flight
awk -v messages="$messages" -f "$bench/lib/median.awk" -f "$bench/lib/outbox.awk" "$results"
