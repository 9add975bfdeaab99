# shellcheck shell=bash
# A linkspand of the measurement's own, over the site of receiver.sh.

# shellcheck source=bench/lib/receiver.sh
. "${bench:?}/lib/receiver.sh"

daemon_pid=
config=$folder/site/linkspan.conf
socket=$folder/linkspand.sock

finish_daemon() {
	[ -z "$daemon_pid" ] || kill -9 "$daemon_pid" 2>/dev/null || true
	finish
}
trap finish_daemon EXIT

# One call of the API; prints the answer.
api() { # METHOD PATH [BODY]
	/usr/bin/python3 "$bench/lib/api.py" "$socket" "$@"
}

# A number of the daemon's status, as in `status store commits`.
status() { # MEMBER…
	api GET /api/v1/status | /usr/bin/python3 -c '
import json, sys
value = json.load(sys.stdin)
for member in sys.argv[1:]:
    value = value[member]
print(value)' "$@"
}

# Starts from nothing; returns when it is ready.
start_daemon() {
	rm -rf "$folder/state"
	"$LINKSPAN_PREFIX/sbin/linkspand" --config "$config" 2>"$folder/daemon.log" &
	daemon_pid=$!
	until api GET /readyz >"$folder/ready" 2>&1; do
		kill -0 "$daemon_pid" 2>/dev/null || {
			cat "$folder/daemon.log"
			return 1
		}
		sleep 0.05
	done
}

stop_daemon() {
	kill "$daemon_pid"
	wait "$daemon_pid" || {
		cat "$folder/daemon.log"
		return 1
	}
	daemon_pid=
}

rss_bytes() { # PID
	awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$1/status"
}

pause() { # CONNECTION
	api POST "/api/v1/projects/global/connections/$1:pause?env=Bench" >"$folder/answer"
}

# Where messages for a connection are sent.
target() { # CONNECTION [QUERY]
	echo "/api/v1/projects/global/connections/$1/send?env=Bench${2:+&$2}"
}
