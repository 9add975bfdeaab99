"""Real servers for the tests: each on loopback ports of its own, stopped by its own PID."""

import http.client
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import threading
import urllib.parse
import urllib.request

PYTHON = "/usr/bin/python3"
DEADLINE_S = 30
API = "/api/v1"


def listening_socket(port=0):
    """A socket on a loopback port, open already: whoever connects waits until it is served."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(512)
    sock.set_inheritable(True)
    return sock


class Lines:
    """The lines of a stream, as they come; a test waits for the next one instead of sleeping."""

    def __init__(self, stream):
        self.seen = []
        self._coming = queue.Queue()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            self._coming.put(line.rstrip("\n"))
        self._coming.put(None)

    def next(self, deadline_s=DEADLINE_S):
        """The next line; None at the end of the stream; queue.Empty when none comes in time."""
        line = self._coming.get(timeout=deadline_s)
        if line is None:
            self._coming.put(None)
        else:
            self.seen.append(line)
        return line

    def find(self, pattern, deadline_s=DEADLINE_S):
        """The match of the next line that has the pattern."""
        while (line := self.next(deadline_s)) is not None:
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no line with {pattern!r} in:\n" + "\n".join(self.seen))

    def rest(self):
        """Everything until the stream ends."""
        while self.next() is not None:
            pass
        return self.seen


class Server:
    """A process with its output as lines."""

    def __init__(self, args, **options):
        self.process = subprocess.Popen(
            [str(a) for a in args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", **options)
        self.out = Lines(self.process.stdout)
        self.err = Lines(self.process.stderr)

    def stop(self, signal_number=signal.SIGTERM):
        """Ends it; returns the exit status, negative for a signal."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            status = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        return status


class Running:
    """A command that goes on, with a standard input that stays open."""

    def __init__(self, program, *args):
        self.process = subprocess.Popen(
            [str(program), *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.out = Lines(self.process.stdout)
        self.err = Lines(self.process.stderr)

    def say(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(DEADLINE_S)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Listener(Server):
    """`linkspan listen`: what arrived comes as one JSON object each."""

    def __init__(self, program, *args):
        super().__init__([program, "listen", "--port", "0", "-o", "json", *args])
        self.port = int(self.err.find(r"127\.0\.0\.1:(\d+)")[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def next(self, deadline_s=DEADLINE_S):
        """The next request that arrives, its headers also by their names in lower case."""
        line = self.out.next(deadline_s)
        assert line is not None, "the listener ended:\n" + "\n".join(self.err.rest())
        request = json.loads(line)
        request["header"] = {name.lower(): value for name, value in request["headers"]}
        return request

    def received(self):
        """Ends it; how many requests it had received."""
        self.stop()
        return int(self.err.find(r"^(\d+) requests? over")[1])


class Answer:
    """What the API answered."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body!r}"


class UnixHTTP(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=DEADLINE_S):
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def ask(self, method, path, body=None, headers=None):
        """One request over this connection, which stays open."""
        self.request(method, path, body=body, headers=headers or {})
        return Answer(self.getresponse())


class Daemon(Server):
    """linkspand on a configuration; its log is `err`, its API answers get(), post() and ask()."""

    def __init__(self, program, config, *args, ready=True, within=(), **options):
        super().__init__([*within, program, "--config", config.file, *args], **options)
        self.socket = config.folder / config.host["socket"]
        if ready:
            self.ready()

    def ready(self, deadline_s=DEADLINE_S):
        """Waits for the line that says so."""
        return self.err.find(r"message=ready\b", deadline_s)

    def connect(self, timeout=DEADLINE_S):
        return UnixHTTP(self.socket, timeout)

    def ask(self, method, path, body=None, headers=None, timeout=DEADLINE_S):
        """One request over a connection of its own; the path is that below /api/v1."""
        connection = self.connect(timeout)
        try:
            return connection.ask(method, API + path, body, headers)
        finally:
            connection.close()

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options)

    def send(self, name, body=b"{}", project="global", **query):
        """A durable message, or with mode="direct" a direct one."""
        question = "?" + urllib.parse.urlencode(query) if query else ""
        return self.post(f"/projects/{project}/connections/{name}/send{question}", body,
                         headers={"Content-Type": "application/json"})

    def delivery(self, id, wait_s=DEADLINE_S - 5):
        """A delivery once it has ended, or as it is when the time is up."""
        return self.get(f"/deliveries/{id}?wait={wait_s}").json

    def reload(self):
        """Tells it to read its configuration anew; the line of the log that says how that went."""
        self.process.send_signal(signal.SIGHUP)
        return self.err.find(r"message=(reloaded|reload_failed)\b.*")[0]

    def kill(self):
        """As a crash would end it."""
        self.process.kill()
        self.process.wait(DEADLINE_S)


class Doorbell:
    """A socket that nobody serves: it tells how many connections it was given."""

    def __init__(self, address="127.0.0.1", port=0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_STREAM)
        self._sock.bind((address, port))
        self._sock.listen(64)
        self._sock.setblocking(False)
        self.port = self._sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def rings(self):
        """Connections since the last question; on loopback, one is complete when connect() is."""
        count = 0
        while True:
            try:
                self._sock.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def stop(self):
        self._sock.close()


class Scripted:
    """A server that reads one request head per connection and lets `reply(head, write)` answer.

    The connection stays open until the server is stopped, however little was written.
    """

    def __init__(self, reply):
        self._sock = listening_socket()
        self._reply = reply
        self._open = []
        self.port = self._sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                peer, _ = self._sock.accept()
            except OSError:
                return
            self._open.append(peer)
            head = b""
            while b"\r\n\r\n" not in head and (piece := peer.recv(65536)):
                head += piece
            self._reply(head.decode("latin-1"), peer.sendall)

    def stop(self):
        self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(DEADLINE_S)
        self._sock.close()
        for peer in self._open:
            peer.close()


class Authority:
    """A certificate authority of the test's own, by the openssl program."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca_file = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        self._openssl("req", "-x509", "-days", "30", "-subj", "/CN=Linkspan test CA",
                      "-addext", "basicConstraints=critical,CA:TRUE",
                      *self._new_key(self._key), "-out", self.ca_file)

    def _openssl(self, *args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    def _new_key(self, path):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", path)

    def certificate(self, name, alternatives="DNS:localhost,IP:127.0.0.1", days=30):
        """Files of a new certificate and its key."""
        request, cert, key = (self.folder / f"{name}.{end}" for end in ("csr", "pem", "key"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\n")
        self._openssl("req", "-subj", f"/CN={name}", *self._new_key(key), "-out", request)
        self._openssl("x509", "-req", "-in", request, "-days", days, "-CA", self.ca_file,
                      "-CAkey", self._key, "-CAcreateserial", "-extfile", extensions,
                      "-out", cert)
        return cert, key


NGINX_CONF = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    log_format json escape=json '{{"method":"$request_method","uri":"$request_uri",'
        '"status":$status,"body":"$request_body","bytes":$request_length,'
        '"content_type":"$http_content_type","content_length":"$http_content_length",'
        '"host":"$http_host","authorization":"$http_authorization","x_test":"$http_x_test",'
        '"client":"$ssl_client_verify $ssl_client_s_dn",'
        '"connection":$connection,"tls":"$ssl_protocol","reused":"$ssl_session_reused"}}';
    access_log /dev/stdout json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 32m;
    client_body_buffer_size 1m;
    large_client_header_buffers 8 64k;
    keepalive_requests 1000000;
    default_type text/plain;
    server {{
        listen 127.0.0.1:{http_port};
        listen 127.0.0.1:{https_port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_client_certificate {ca_file};
        ssl_verify_client optional;
        location / {{
            add_header X-Method $request_method always;
            return 200 "$request_method $request_uri\\n";
        }}
        {statuses}
        # Reads the whole body before it answers: a return would not look at it.
        location /body {{ proxy_pass http://127.0.0.1:{http_port}/kept; }}
        location /kept {{ access_log off; return 200 "$content_length\\n"; }}
        location /mutual {{
            if ($ssl_client_verify != SUCCESS) {{ return 403; }}
            return 200;
        }}
        location /redirect {{ return 302 /elsewhere; }}
    }}
}}
"""


class Nginx(Server):
    """HTTP and HTTPS; every request is a JSON object of the access log, which is its output."""

    def __init__(self, folder, authority):
        # nginx takes over sockets that it finds listed in NGINX, so it is reachable from the start.
        http, https = listening_socket(), listening_socket()
        self.port, self.https_port = http.getsockname()[1], https.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.https_url = f"https://localhost:{self.https_port}"
        self.ca_file = authority.ca_file
        certificate, key = authority.certificate("nginx")
        statuses = " ".join(f"location = /status/{n} {{ return {n}; }}"
                            for n in (204, 301, 400, 401, 404, 410, 413, 429, 500, 502, 503))
        conf = pathlib.Path(folder) / "nginx.conf"
        conf.write_text(NGINX_CONF.format(
            folder=folder, user="user root;" if os.geteuid() == 0 else "",
            http_port=self.port, https_port=self.https_port, certificate=certificate, key=key,
            ca_file=self.ca_file, statuses=statuses))
        super().__init__(["nginx", "-p", folder, "-c", conf, "-e", "stderr"],
                         pass_fds=(http.fileno(), https.fileno()),
                         env={**os.environ, "NGINX": f"{http.fileno()};{https.fileno()};"})
        http.close()
        https.close()

    def next(self, deadline_s=DEADLINE_S):
        """The next request of the access log."""
        line = self.out.next(deadline_s)
        assert line is not None, "nginx ended:\n" + "\n".join(self.err.rest())
        return json.loads(line)

    def marker(self):
        """Makes a request of our own: when next() gives it, nothing came before it."""
        urllib.request.urlopen(f"{self.url}/marker", timeout=DEADLINE_S).read()
        return "/marker"


class Httpbin(Server):
    """httpbin under gunicorn, on a socket that is open before it starts."""

    def __init__(self):
        sock = listening_socket()
        self.port = sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [PYTHON, "-m", "gunicorn", "--bind", f"fd://{sock.fileno()}", "--threads", "8",
             "--worker-tmp-dir", "/dev/shm", "httpbin:app"],
            pass_fds=(sock.fileno(),))
        sock.close()
