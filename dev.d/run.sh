# shellcheck shell=bash
# The first look: a receiver, a host with one connection, one webhook delivered.

receiver_pid=
host_pid=

stop_receiver() {
	[ -z "$receiver_pid" ] || kill "$receiver_pid" 2>/dev/null || true
	receiver_pid=
}

stop_host() {
	[ -z "$host_pid" ] || kill "$host_pid" 2>/dev/null || true
	[ -z "$host_pid" ] || wait "$host_pid" 2>/dev/null || true
	host_pid=
}

stop_all() {
	stop_host
	stop_receiver
}

# Starts `linkspan listen` on a free port; sets receiver_port and leaves its output on descriptor 3.
start_receiver() {
	local line
	exec 3< <(exec "$build/run/bin/linkspan" listen --port 0 2>&1)
	receiver_pid=$!
	receiver_port=
	while [ -z "$receiver_port" ] && read -r -t 20 line <&3; do
		printf '%s\n' "$line"
		[[ ! $line =~ 127\.0\.0\.1:([0-9]+) ]] || receiver_port=${BASH_REMATCH[1]}
	done
	[ -n "$receiver_port" ] || die 'the receiver did not start'
}

# The sample configuration, with the receiver's port, and nothing left of the last time.
write_sample() { # FOLDER
	rm -rf "$1"
	cp -r conf "$1"
	sed -i "s/\(port *= *\)\"[0-9]*\"/\1\"$receiver_port\"/" "$1/environments/Development.conf"
}

start_host() { # CONFIGURATION
	"$build/run/sbin/linkspand" --config "$1" &
	host_pid=$!
	"$build/run/bin/linkspan" --config "$1" status --wait 20s
}

verb_run() {
	local folder=$build/run/conf status=0
	local config=$folder/linkspan.conf

	need build
	say 'building'
	build_main
	install_from "$build"

	trap stop_all EXIT
	say 'starting a receiver'
	start_receiver

	say 'starting a host'
	write_sample "$folder"
	start_host "$config" || die 'the host did not start'

	say 'sending through the connection Hello'
	printf '{"text": "Hello from Linkspan", "sent": "%s"}\n' "$(date -u +%FT%TZ)" \
		>"$build/run/hello.json"
	"$build/run/bin/linkspan" --config "$config" send Hello --env Development \
		-d "@$build/run/hello.json" --durable --wait || status=$?

	say 'what the receiver got'
	stop_all
	cat <&3
	[ "$status" -eq 0 ] || die "the delivery failed (exit status $status)"
	cat <<-TEXT

		== delivered; to go on by yourself, in two terminals:
		$build/run/bin/linkspan listen --port $receiver_port
		$build/run/sbin/linkspand --config $config
		and in a third:
		$build/run/bin/linkspan --config $config send Hello --durable -d '{"hello": "world"}'
	TEXT
}
