# shellcheck shell=bash
# Counts what nginx was given of `messages` messages, and the CPU time of whoever sends them, while a
# command feeds it.  The line of figures goes to $folder/line.

count_deliveries() { # PID COMMAND…
	local pid=$1 ready
	shift
	coproc COUNTER { exec /usr/bin/python3 "${bench:?}/lib/nginx_count.py" "$(url_of http count)" \
		"${messages:?}" "$pid" 2>"${folder:?}/counter.log"; }
	# Of our own: bash closes its descriptors of a coprocess as soon as that has ended.
	local counter=$COUNTER_PID out in
	exec {out}<&"${COUNTER[0]}" {in}>&"${COUNTER[1]}"
	read -r ready <&"$out"
	[ "$ready" = ready ]
	echo go >&"$in"
	"$@" >"$folder/fed"
	cat <&"$out" >"$folder/line"
	exec {out}<&- {in}>&-
	wait "$counter" || {
		cat "$folder/counter.log"
		return 1
	}
}
