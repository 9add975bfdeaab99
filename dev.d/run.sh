# shellcheck shell=bash
# The first look: a receiver, one connection, one webhook delivered.

receiver_pid=

stop_receiver() {
	[ -z "$receiver_pid" ] || kill "$receiver_pid" 2>/dev/null || true
	receiver_pid=
}

# Starts `linkspan listen` on a free port; sets receiver_port and leaves its output on descriptor 3.
start_receiver() {
	local line
	exec 3< <(exec "$build/run/bin/linkspan" listen --port 0 2>&1)
	receiver_pid=$!
	trap stop_receiver EXIT
	receiver_port=
	while [ -z "$receiver_port" ] && read -r -t 20 line <&3; do
		printf '%s\n' "$line"
		[[ ! $line =~ 127\.0\.0\.1:([0-9]+) ]] || receiver_port=${BASH_REMATCH[1]}
	done
	[ -n "$receiver_port" ] || die 'the receiver did not start'
}

verb_run() {
	local conf=$build/run/conf status=0

	need build
	say 'building'
	build_main
	install_from "$build"

	say 'starting a receiver'
	start_receiver

	say 'sending through the connection Hello'
	rm -rf "$conf"
	cp -r conf "$conf"
	sed -i "s/\(port *= *\)\"[0-9]*\"/\1\"$receiver_port\"/" \
		"$conf/environments/Development.conf"
	printf '{"text": "Hello from Linkspan", "sent": "%s"}\n' "$(date -u +%FT%TZ)" \
		>"$build/run/hello.json"
	"$build/run/bin/linkspan" --config "$conf/linkspan.conf" --standalone \
		send Hello --env Development -d "@$build/run/hello.json" --print-request || status=$?

	say 'what the receiver got'
	stop_receiver
	cat <&3
	[ "$status" -eq 0 ] || die "the delivery failed (exit status $status)"
	say "delivered; edit $conf and try again with $build/run/bin/linkspan"
}
