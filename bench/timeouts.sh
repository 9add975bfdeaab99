#!/usr/bin/env bash
# How late time-outs end: of connections to an address that never answers, and of requests to a
# receiver that accepts and stays silent.  Goal: at most 100 ms after the time that was set.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=bench/lib/receiver.sh
. "$bench/lib/receiver.sh"

rounds=${BENCH_ROUNDS:-5}
stall_pid=

# A full backlog lets no connection finish; the other socket takes all of them and says nothing.
start_stalling() {
	/usr/bin/python3 - >"$folder/ports" <<-'PYTHON' &
		import socket, time
		full, silent = socket.socket(), socket.socket()
		for s, backlog in (full, 0), (silent, 64):
		    s.bind(("127.0.0.1", 0))
		    s.listen(backlog)
		keep = []
		for _ in range(4):
		    keep.append(socket.socket())
		    keep[-1].setblocking(False)
		    keep[-1].connect_ex(full.getsockname())
		print(full.getsockname()[1], silent.getsockname()[1], flush=True)
		time.sleep(600)
	PYTHON
	stall_pid=$!
	until [ -s "$folder/ports" ]; do
		kill -0 "$stall_pid"
		sleep 0.05
	done
	read -r full_port silent_port <"$folder/ports"
}

stop() {
	[ -z "$stall_pid" ] || kill "$stall_pid" 2>/dev/null || true
	finish
}

# Milliseconds between hand-over and outcome, and the reason, as `linkspan send` tells them.
send_once() { # CONNECTION
	local answer
	answer=$("$LINKSPAN_PREFIX/bin/linkspan" --config "$folder/site/linkspan.conf" \
		--standalone send "$1" --env Bench -d '{}' -o json) || true
	/usr/bin/python3 -c 'import json, sys
a = json.load(sys.stdin)
print(a["duration_ms"], a["reason"])' <<<"$answer"
}

measure() { # CONNECTION TIMEOUT-MS REASON
	local i took reason worst=0 late
	for ((i = 0; i < rounds; i++)); do
		read -r took reason < <(send_once "$1")
		[ "$reason" = "$3" ] || {
			echo "$1 ended with \"$reason\", not \"$3\""
			return 1
		}
		late=$((took - $2))
		[ "$late" -ge 0 ] || {
			echo "$1 ended $((-late)) ms too early"
			return 1
		}
		[ "$late" -le "$worst" ] || worst=$late
	done
	printf '%-16s set %5d ms, at worst %3d ms late (goal: 100)\n' "$3" "$2" "$worst"
	[ "$worst" -le 100 ]
}

trap stop EXIT
start_stalling
write_site
write_connection Connect "http://127.0.0.1:$full_port/" \
	'connection_timeout_ms = 1000; request_timeout_ms = 5000; retry_inline = 0;'
write_connection Reply "http://127.0.0.1:$silent_port/" \
	'connection_timeout_ms = 1000; request_timeout_ms = 2000; retry_inline = 0;'
write_connection Handshake "https://127.0.0.1:$silent_port/" \
	'connection_timeout_ms = 1000; request_timeout_ms = 5000; retry_inline = 0;'
make_certificates 2>/dev/null
measure Connect 1000 timeout_connect
measure Handshake 1000 timeout_tls
measure Reply 2000 timeout_reply
