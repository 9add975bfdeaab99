"""api.py SOCKET METHOD PATH [BODY]: one request over a local socket; prints the answer's body."""

import http.client
import socket
import sys

path, method, target = sys.argv[1:4]
connection = http.client.HTTPConnection("localhost")
connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
try:
    connection.sock.connect(path)
    connection.request(method, target, *sys.argv[4:5])
    answer = connection.getresponse()
except OSError as error:
    sys.exit(f"{path}: {error}")
print(answer.read().decode())
sys.exit(answer.status >= 300)
