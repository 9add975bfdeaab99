# The tables of bench/outbox.sh, from lines of NAME key=value…  Needs median.awk.

function median(name, key,    count, i, list) {
	count = runs[name, key]
	for (i = 1; i <= count; i++)
		list[i] = values[name, key, i]
	return middle(list, count)
}

function rate(name) {
	return median(name, "rate")
}

function cpu(name) {
	return median(name, "cpu_s_per_100k")
}

function better(a, b) {
	return rate(a) >= rate(b) ? a : b
}

function accepting(name, what) {
	printf "%-14s %9d  %8.2f %8.2f  %s\n", name, rate(name), rate(name) / rate("sqlite"),
		rate(name) / rate("append"), what
}

function delivering(name, what) {
	printf "%-14s %9d  %8.2f  %8.2f %8.2f  %s\n", name, rate(name), cpu(name),
		rate(name) / rate(rival), cpu(name) / cpu(rival), what
}

{
	for (i = 2; i <= NF; i++) {
		split($i, pair, "=")
		values[$1, pair[1], ++runs[$1, pair[1]]] = pair[2]
	}
}

END {
	rival = better("syslog_ng_1", "syslog_ng_4")
	ours = better("pipe", better("socket", "batch"))
	printf "Accepting alone, %d messages of 512 bytes.  Messages/s; over bare SQLite and over append" \
		" + fdatasync, in groups of %d as the daemon's own were (goal of the socket: >= 0.50)\n",
		messages, median("accept_socket", "group")
	print "what           accepted/s    SQLite   append"
	accepting("accept_socket", verdict(rate("accept_socket") / rate("sqlite") >= 0.5))
	accepting("accept_batch", "100 lines a request")
	accepting("accept_pipe", "linkspan pipe")
	accepting("sqlite", "")
	accepting("append", "")
	print ""
	printf "Accepted and delivered to nginx.  Messages/s; CPU seconds per 100 000 of the daemon; over" \
		" %s (goal of the best: rate >= 1.20, CPU <= 0.85)\n", rival
	print "what          delivered/s      CPU      rate      CPU"
	delivering("socket", "")
	delivering("batch", "")
	delivering("pipe", "")
	delivering("syslog_ng_1", "")
	delivering("syslog_ng_4", "")
	printf "%s: rate %s, CPU %s\n", ours, verdict(rate(ours) / rate(rival) >= 1.2),
		verdict(cpu(ours) / cpu(rival) <= 0.85)
	print ""
	printf "CPU of a durable delivery over the bare libcurl loop's (%.2f s per 100 000): socket %.2f," \
		" batch %.2f, pipe %.2f (goal: <= 1.80) %s\n", cpu("libcurl"),
		cpu("socket") / cpu("libcurl"), cpu("batch") / cpu("libcurl"),
		cpu("pipe") / cpu("libcurl"), verdict(cpu(ours) / cpu("libcurl") <= 1.8)
	printf "Memory: %.1f MiB for %d queued, %.1f MiB for %d in flight\n",
		median("queued", "bytes") / 1048576, median("queued", "count"),
		median("flying", "bytes") / 1048576, median("flying", "count")
	if (missed)
		printf "\n%d goals missed\n", missed
}
