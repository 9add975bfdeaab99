# shellcheck shell=bash
# An nginx of the measurement's own on free loopback ports, with a CA of its own; and a linkspan.conf
# to send to it.  Everything is in $folder, which goes when the script ends.

folder=$(mktemp -d)
trap 'finish' EXIT
nginx_pid=

finish() {
	[ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
	[ -z "$nginx_pid" ] || wait "$nginx_pid" 2>/dev/null || true
	rm -rf "$folder"
}

# Two ports that nobody listens on just now.
free_ports() {
	/usr/bin/python3 -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))'
}

build_programs() { # NAME…
	make -s -C "$LINKSPAN_BUILD" "${@/#/bench/}"
}

make_certificates() {
	local new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
	openssl req -x509 -days 2 -subj '/CN=Linkspan bench CA' "${new_key[@]}" \
		-addext basicConstraints=critical,CA:TRUE \
		-keyout "$folder/ca.key" -out "$folder/ca.pem"
	openssl req -subj /CN=127.0.0.1 "${new_key[@]}" \
		-keyout "$folder/server.key" -out "$folder/server.csr"
	echo 'subjectAltName=IP:127.0.0.1' >"$folder/server.ext"
	openssl x509 -req -days 2 -in "$folder/server.csr" -extfile "$folder/server.ext" \
		-CA "$folder/ca.pem" -CAkey "$folder/ca.key" -CAcreateserial \
		-out "$folder/server.pem"
}

# /pooled keeps the connection, /fresh closes it after each reply; both say whether the TLS session
# was resumed.
write_nginx_conf() {
	local user='' name
	[ "$(id -u)" -ne 0 ] || user='user root;'
	cat <<-CONF
		daemon off;
		$user
		worker_processes 1;
		pid $folder/nginx.pid;
		error_log stderr error;
		events { worker_connections 8192; }
		http {
		    access_log off;
	CONF
	for name in client_body proxy fastcgi uwsgi scgi; do
		echo "    ${name}_temp_path $folder/$name;"
	done
	cat <<-CONF
		    keepalive_requests 1000000;
		    client_body_buffer_size 64k;
		    default_type text/plain;
		    server {
		        listen 127.0.0.1:$http_port backlog=1024;
		        listen 127.0.0.1:$https_port ssl backlog=1024;
		        listen unix:$folder/nginx.sock backlog=1024;
		        ssl_certificate $folder/server.pem;
		        ssl_certificate_key $folder/server.key;
		        ssl_session_cache shared:bench:10m;
		        location /pooled { return 200 "\$ssl_session_reused\n"; }
		        location /accepted { return 202 "accepted\n"; }
		        location /count { stub_status; }
		        location /fresh { keepalive_timeout 0; return 200 "\$ssl_session_reused\n"; }
		    }
		}
	CONF
}

start_nginx() {
	read -r http_port https_port < <(free_ports)
	make_certificates 2>"$folder/openssl.log" || {
		cat "$folder/openssl.log"
		return 1
	}
	write_nginx_conf >"$folder/nginx.conf"
	nginx -p "$folder" -c "$folder/nginx.conf" -e stderr &
	nginx_pid=$!
	until (exec 3<>"/dev/tcp/127.0.0.1/$https_port") 2>/dev/null; do
		kill -0 "$nginx_pid"
		sleep 0.05
	done
}

url_of() { # http|https PATH
	case $1 in
	http) echo "http://127.0.0.1:$http_port/$2" ;;
	https) echo "https://127.0.0.1:$https_port/$2" ;;
	esac
}

write_site() {
	mkdir -p "$folder/site/environments" "$folder/site/connections"
	cat >"$folder/site/linkspan.conf" <<-CONF
		host: {
		  name = "bench";
		  environments = ( "Bench" );
		  state = "$folder/state";
		  socket = "$folder/linkspand.sock";
		  plugins = ( "$LINKSPAN_PREFIX/lib/linkspan/plugins" );
		};
	CONF
	cat >"$folder/site/environments/Bench.conf" <<-CONF
		environment: {
		  name = "Bench";
		  auto_deploy = true;
		  network: { allow = ( "127.0.0.0/8" ); };
		  tls: { ca_file = "$folder/ca.pem"; };
		};
	CONF
}

write_connection() { # NAME URL [SETTING…]
	local name=$1 url=$2
	shift 2
	cat >"$folder/site/connections/$name.conf" <<-CONF
		connection: {
		  name = "$name";
		  type = "webhook";
		  settings: { method = "POST"; url = "$url"; $* };
		  environments: { Bench: { }; };
		};
	CONF
}
