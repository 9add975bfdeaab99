#!/bin/sh
# Holds the house of docs/HACKING.md: a room includes only rooms on floors below its own, and each
# third-party library has one room.  Prints TAP; finds the sources by LINKSPAN_SOURCE.
set -eu
cd "${LINKSPAN_SOURCE:-$(dirname "$0")/..}"

# room floor, and after them rooms of the same floor that it may include
rooms='
base      1
json      1 base
crypto    2
sign      2 crypto
schema    2
fetch     2
httpd     2
store     2 crypto
transform 2
journal   2
conf      3
plug      3
core      4
testhost  4
flow      5
admin     6
linkspand 7
linkspan  7
'

# what the header starts with, and after it the files that may include it
libraries='
json-c/            src/json/
sodium             src/crypto/
openssl/           src/crypto/ plugins/webhook/
curl/              src/fetch/ plugins/webhook/
microhttpd.h       src/httpd/
gnutls/            src/httpd/
sqlite3.h          src/store/
systemd/           src/journal/
libpq-fe.h         src/store/
libconfig.h        src/conf/
dlfcn.h            src/plug/
zip.h              src/core/bundle/
jv.h               src/transform/worker/
jq.h               src/transform/worker/
seccomp.h          src/transform/worker/
glib               src/flow/cron
libsmartcols       src/linkspan/
'

# FILE:LINE:HEADER for every include below the folders; HEADER keeps its opening quote or bracket.
includes() {
	find "$@" -name '*.[ch]' -exec grep -Hn '^[[:space:]]*#[[:space:]]*include' {} + |
		sed 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*/:/; s/[">][^">]*$//'
}

verdict() { # NUMBER and name; the faults come on standard input
	faults=$(cat)
	if [ -z "$faults" ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		echo "$faults" | sed 's/^/# /'
	fi
}

echo "1..4"

includes src | awk -F: -v table="$rooms" '
	BEGIN {
		rows = split(table, row, "\n")
		for (i = 1; i <= rows; i++) {
			fields = split(row[i], field, " +")
			if (fields < 2)
				continue
			floor[field[1]] = field[2]
			for (j = 3; j <= fields; j++)
				beside[field[1], field[j]] = 1
		}
	}
	{
		split($1, path, "/")
		room = path[2]
		if (!(room in floor))
			print $1 ": the room " room " is not in the table"
		if (substr($3, 1, 1) != "\"")
			next
		other = substr($3, 2)
		if (!sub("/.*", "", other) || !(other in floor))
			print $1 ":" $2 ": " $3 "\" does not name a room"
		else if (other != room && floor[other] >= floor[room] && !((room, other) in beside))
			print $1 ":" $2 ": " room " may not include " other
	}' | sort -u | verdict '1 - rooms include only floors below their own'

includes src plugins | awk -F: -v table="$libraries" '
	BEGIN {
		rows = split(table, row, "\n")
		for (i = 1; i <= rows; i++)
			if (split(row[i], field, " +") >= 2) {
				homes[field[1]] = row[i]
				sub(/^[^ ]+ +/, "", homes[field[1]])
			}
	}
	substr($3, 1, 1) == "<" {
		for (header in homes) {
			if (index(substr($3, 2), header) != 1)
				continue
			allowed = 0
			n = split(homes[header], home, " +")
			for (i = 1; i <= n; i++)
				allowed = allowed || index($1, home[i]) == 1
			if (!allowed)
				print $1 ":" $2 ": " $3 "> belongs to " homes[header] " alone"
		}
	}' | verdict '2 - each library has one room'

includes plugins | awk -F: '
	$3 ~ /\.\.\// || $3 ~ /^"(base|json|crypto|sign|schema|conf|plug|core)\// {
		print $1 ":" $2 ": " $3 ": a plugin includes nothing of src/"
	}' | verdict '3 - plugins know the installed headers only'

includes include | awk -F: '
	$3 !~ /^<(linkspan\/|stddef\.h|stdint\.h|stdbool\.h|sys\/socket\.h)/ {
		print $1 ":" $2 ": " $3 ": the ABI uses types of libc alone"
	}' | verdict '4 - installed headers include libc alone'
