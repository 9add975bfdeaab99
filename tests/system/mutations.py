"""Valid requests, and what chance makes of them."""

SEND = "/api/v1/projects/global/connections/Orders/send"

EVENT = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":[1,2,{"b":null}]}}'
ALERTS = (b'{"version":"4","groupKey":"{}:{a=\\"b\\"}","status":"firing","receiver":"r",'
          b'"externalURL":"http://am","alerts":[{"labels":{"a":"b"}}]}')


def request(method, target, body=None, *headers):
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def chunked(target, pieces, *headers):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return request("POST", target, None, "Transfer-Encoding: chunked", *headers) + body


SEEDS = (
    request("POST", SEND, b'{"order": 7, "text": "\xc3\xa4\\u00e4"}', "Content-Type: application/json",
            "Linkspan-Header-X-A: b", "Linkspan-Ordering-Key: k"),
    request("POST", f"{SEND}?mode=durable&uri.id=%37&ce.type=a%2eb", b"x", "ce-specversion: 1.0",
            "ce-id: 1", "ce-source: /a%20b"),
    request("POST", SEND, EVENT, "Content-Type: application/cloudevents+json"),
    request("POST", f"{SEND}?format=alertmanager&ordering=groupKey", ALERTS),
    request("POST", f"{SEND}?framing=ndjson", b'{"a":1}\n[2]\n"three"\n', "Idempotency-Key: i"),
    chunked(SEND, [b'{"a"', b":", b"1}"], "Content-Type: application/json"),
    request("GET", "/api/v1/deliveries?state=done,dead&limit=3&since=2026-01-31T09:30:00Z&q=msg_"),
    request("GET", "/api/v1/deliveries/msg_00000000000000000000000000"),
    request("POST", "/api/v1/deliveries:replay?dry_run=true",
            b'{"state":"dead","connection":"Orders","limit":5,"since":"2026-01-31T09:30:00Z"}'),
    request("POST", "/api/v1/projects/global/connections/Orders:pause?dry_run=true",
            b'{"reason":"why"}'),
    request("GET", "/api/v1/events?after=0&kind=dead"),
    request("GET", "/api/v1/status") + request("HEAD", "/healthz") + request("GET", "/readyz"),
    request("GET", "/api/v1/openapi.json", None, 'If-None-Match: "x"'),
)

# What readers of HTTP, of URLs and of JSON stumble over.
WORDS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"%", b"%00", b"%0a", b"%2f", b"%zz", b"%c0%80",
    b"\xff", b"\xc3", b"\xed\xa0\x80", b"/../", b"//", b"?", b"&", b"=", b"#", b"*", b"HTTP/1.0",
    b"HTTP/9.9", b"Content-Length: 0\r\n", b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: -1\r\n", b"Content-Length: +5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity, chunked\r\n", b"Expect: 100-continue\r\n", b"Host: other\r\n",
    b"Connection: close\r\n", b" folded\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b"0;ext=1\r\n",
    b"ce-: x\r\n", b"ce-id: %00\r\n", b"{", b"}", b"[" * 700, b'"', b"\\", b"\\u0000", b"\\ud800",
    b"1e999", b"-0", b"9" * 40, b"null", b'"a":1,"a":2,', b"A" * 9000, b"X: y\r\n" * 200,
)


def _cut(chance, data):
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 20):]


def _double(chance, data):
    start = chance.randrange(len(data))
    end = start + chance.randrange(1, 60)
    return data[:end] + data[start:]


def _flip(chance, data):
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1:]


def _insert(chance, data):
    at = chance.randrange(len(data))
    return data[:at] + chance.choice(WORDS) + data[at:]


def _insert_at_line(chance, data):
    """Where a header could be."""
    lines = data.split(b"\r\n")
    lines.insert(chance.randrange(len(lines)), chance.choice(WORDS).removesuffix(b"\r\n"))
    return b"\r\n".join(lines)


def _replace(chance, data):
    at = chance.randrange(len(data))
    word = chance.choice(WORDS)
    return data[:at] + word + data[at + len(word):]


def _end(chance, data):
    return data[:chance.randrange(1, len(data))]


def _swap(chance, data):
    lines = data.split(b"\r\n")
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"\r\n".join(lines)


KINDS = (_cut, _double, _flip, _flip, _insert, _insert, _insert_at_line, _replace, _end, _swap)


def mutated(chance):
    """One request that chance has changed in a few places."""
    data = chance.choice(SEEDS)
    for _ in range(chance.randrange(1, 5)):
        if len(data) < 8:
            break
        data = chance.choice(KINDS)(chance, data)
    return data
