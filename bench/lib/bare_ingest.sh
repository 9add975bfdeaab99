# shellcheck shell=bash
# The bare program that takes messages in, for as long as its standard input is open.

bare_socket=${folder:?}/bare.sock
bare_pid=

# An empty URL: they are only kept.
start_bare() { # URL
	rm -f "$folder"/bare.db* "$folder/bare.in"
	mkfifo "$folder/bare.in"
	"$LINKSPAN_BUILD/bench/bare_ingest" "$bare_socket" "$folder/bare.db" ${1:+"$1"} \
		<"$folder/bare.in" >"$folder/bare.out" &
	bare_pid=$!
	exec {bare_in}>"$folder/bare.in"
	until grep -q ready "$folder/bare.out"; do
		kill -0 "$bare_pid"
		sleep 0.05
	done
}

stop_bare() {
	exec {bare_in}>&-
	wait "$bare_pid"
	bare_pid=
	rm -f "$folder"/bare.db*
}
