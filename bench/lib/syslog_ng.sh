# shellcheck shell=bash
# A syslog-ng of the measurement's own.  Its Debian package conflicts with rsyslog's, which the tests
# need, so it is not installed but unpacked below the build folder, and runs from there.

syslog_ng_pid=
syslog_ng_root=$LINKSPAN_BUILD/syslog-ng

unpack_syslog_ng() {
	local deb
	[ ! -x "$syslog_ng_root/usr/sbin/syslog-ng" ] || return 0
	mkdir -p "$syslog_ng_root.debs"
	(
		cd "$syslog_ng_root.debs"
		# The sandbox of apt cannot write here, and says so.
		apt-get download -q syslog-ng-core syslog-ng-mod-http
	) >"${folder:?}/apt.log" 2>&1 || {
		cat "$folder/apt.log"
		return 1
	}
	for deb in "$syslog_ng_root.debs"/*.deb; do
		dpkg-deb -x "$deb" "$syslog_ng_root.new"
	done
	mv "$syslog_ng_root.new" "$syslog_ng_root"
}

# Lines over TCP, each a message as it is; to the same nginx, by a disk buffer that is called reliable.
write_syslog_ng_conf() { # PORT WORKERS
	cat <<-CONF
		@version: 3.38
		options { stats-freq(0); threaded(yes); keep-hostname(yes); use-dns(no); };
		source s {
		    network(ip(127.0.0.1) port($1) transport(tcp) flags(no-parse)
		            log-iw-size(100000) log-fetch-limit(1000));
		};
		destination d {
		    http(url("$(url_of http pooled)") method("POST") workers($2)
		         headers("Content-Type: application/json") body("\$MSG")
		         disk-buffer(reliable(yes) disk-buf-size(2147483648) dir("$folder/syslog-ng")));
		};
		log { source(s); destination(d); flags(flow-control); };
	CONF
}

start_syslog_ng() { # WORKERS
	local libraries=$syslog_ng_root/usr/lib/syslog-ng home=$folder/syslog-ng
	rm -rf "$home"
	mkdir "$home"
	read -r syslog_ng_port _ < <(free_ports)
	write_syslog_ng_conf "$syslog_ng_port" "$1" >"$home/conf"
	LD_LIBRARY_PATH=$libraries "$syslog_ng_root/usr/sbin/syslog-ng" --foreground --no-caps \
		--module-path="$libraries/3.38" --cfgfile="$home/conf" --persist-file="$home/persist" \
		--pidfile="$home/pid" --control="$home/ctl" 2>"$home/log" &
	syslog_ng_pid=$!
	until (exec 3<>"/dev/tcp/127.0.0.1/$syslog_ng_port") 2>/dev/null; do
		kill -0 "$syslog_ng_pid" 2>/dev/null || {
			cat "$home/log"
			return 1
		}
		sleep 0.05
	done
}

stop_syslog_ng() {
	kill "$syslog_ng_pid"
	wait "$syslog_ng_pid" || true
	syslog_ng_pid=
}
