"""Many watches open at once, the changes that they are told of, and what that costs the server."""

import collections
import hashlib
import http.client
import itertools
import json
import os
import secrets
import select
import socket
import sqlite3
import struct
import time
import urllib.parse

from . import service, wire

STREAMS = 100
HEAD = struct.Struct(">BHBBI")
PREFACE = (wire.MAGIC + wire.settings({wire.INITIAL_WINDOW: wire.GREATEST_WINDOW})
           + wire.window_update(0, wire.GREATEST_WINDOW - 65535))
HEARTBEAT = wire.envelope(b"{}")
# A stand-in that lists ten thousand sessions answers nobody else meanwhile.
SETTINGS = {"USER_API_RECONCILE_INTERVAL": "0s", "USER_API_WEBHOOK_SECRET": "0" * 32}
QUICK = ("--contacts", "100", "--scan-after", "1ms", "--start-delay", "1ms")


class Connection:
    """One connection with many watches on it. Keeps what it reads with the time; what that means
    is looked at when nothing more comes."""

    def __init__(self, target, preface=PREFACE, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(target)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.chunks = []
        self.rest = b""
        self.parts = {}
        self.watches = {}
        self.next_stream = 1
        self.resets = collections.Counter()
        self.goaway = None
        self.is_closed = False
        self.socket.sendall(preface)
        self.socket.setblocking(False)

    def watch(self, token, session, tag, **fields):
        """The frames that open a watch, whose messages come with `tag`."""
        stream = self.next_stream
        self.next_stream += 2
        self.watches[stream] = tag
        return wire.headers(stream, wire.request_block("watchSession", token)) + wire.frame(
            wire.DATA, wire.END_STREAM, stream,
            wire.envelope(json.dumps({"sessionName": session, **fields}).encode()))

    def send(self, data):
        self.socket.setblocking(True)
        self.socket.sendall(data)
        self.socket.setblocking(False)

    def read(self, messages):
        """Turns what was read into `(time, tag, message)`, heartbeats left out."""
        answer = b""
        for when, data in self.chunks:
            data = self.rest + data
            place, size = 0, len(data)
            while size - place >= 9:
                high, low, kind, flags, stream = HEAD.unpack_from(data, place)
                length = high << 16 | low
                if size - place - 9 < length:
                    break
                payload = data[place + 9:place + 9 + length]
                place += 9 + length
                if kind == wire.DATA:
                    if payload != HEARTBEAT:
                        self.take(stream, when, payload, messages)
                elif kind == wire.SETTINGS and not flags & wire.ACK:
                    answer += wire.frame(wire.SETTINGS, wire.ACK, 0)
                elif kind == wire.PING and not flags & wire.ACK:
                    answer += wire.frame(wire.PING, wire.ACK, 0, payload)
                elif kind == wire.RST_STREAM:
                    self.resets[wire.code_name(struct.unpack(">I", payload)[0])] += 1
                elif kind == wire.GOAWAY:
                    self.goaway = wire.code_name(struct.unpack_from(">I", payload, 4)[0])
            self.rest = data[place:]
        self.chunks = []
        if answer and not self.is_closed:
            self.send(answer)

    def take(self, stream, when, payload, messages):
        payload = self.parts.pop(stream, b"") + payload
        while len(payload) >= 5:
            end = 5 + int.from_bytes(payload[1:5], "big")
            if len(payload) < end:
                break
            if payload[:end] != HEARTBEAT:
                messages.append((when, self.watches.get(stream), payload[5:end]))
            payload = payload[end:]
        if payload:
            self.parts[stream] = payload


class Watches:
    """Many connections, read by one loop."""

    def __init__(self, target):
        self.target = target
        self.connections = {}
        self.epoll = select.epoll()
        # What those were told that nobody asks for.
        self.others = []

    def connect(self, count, **options):
        new = [Connection(self.target, **options) for _ in range(count)]
        for connection in new:
            self.connections[connection.socket.fileno()] = connection
            self.epoll.register(connection.socket, select.EPOLLIN)
        return new

    def close(self):
        for connection in self.connections.values():
            if not connection.is_closed:
                self.epoll.unregister(connection.socket)
            connection.socket.close()
        self.connections = {}

    def read(self, until, seconds):
        """Reads until it is so of the messages that came, or the time is over. Gives them."""
        messages, dirty = [], set()
        end = time.monotonic() + seconds
        while True:
            ready = self.epoll.poll(0.005)
            for number, _ in ready:
                connection = self.connections[number]
                try:
                    data = connection.socket.recv(1 << 20)
                except OSError:
                    data = b""
                if data:
                    connection.chunks.append((time.time(), data))
                    dirty.add(connection)
                else:
                    connection.is_closed = True
                    self.epoll.unregister(number)
            # Only in a lull: those who have not been read from must not wait for this.
            if dirty and not ready:
                for connection in dirty:
                    connection.read(messages)
                dirty.clear()
            if not dirty and until(messages) or time.monotonic() > end:
                for connection in dirty:
                    connection.read(messages)
                self.others += [m for m in messages if m[1] is None]
                return [m for m in messages if m[1] is not None]

    def idle(self, seconds):
        return self.read(lambda messages: False, seconds)


class Steering:
    """The stand-in's control calls, over one connection that stays."""

    def __init__(self, url):
        self.host = urllib.parse.urlsplit(url).netloc
        self.http = http.client.HTTPConnection(self.host)

    def call(self, method, path, body=None):
        self.http.request(method, "/simulator" + path, body and json.dumps(body))
        return json.loads(self.http.getresponse().read())

    def change(self, sessions, status):
        """Puts them all into a status, with no pause between them."""
        body = json.dumps({"status": status}).encode()
        plug = socket.create_connection(self.host.split(":"))
        plug.sendall(b"".join(
            b"PUT /simulator/sessions/%s/status HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n"
            b"%s\r\n%s" % (name.encode(), len(body),
                           b"connection: close\r\n" if name == sessions[-1] else b"", body)
            for name in sessions))
        while plug.recv(1 << 16):
            pass
        plug.close()

    def moments(self):
        """When each session last changed, of those that changed since the last time: seconds, by
        its name."""
        report = self.call("GET", "/webhooks")
        self.call("DELETE", "/webhooks")
        return {entry["session"]: entry["atMs"] / 1e3 for entry in report["deliveries"]}


class Users:
    """Users with a token each, and a session that works."""

    def __init__(self, target, count):
        self.target = target
        self.tokens = ["uapi_" + secrets.token_hex(24) for _ in range(count)]
        database = sqlite3.connect(target.database)
        with database:
            database.executemany(
                "INSERT INTO api_tokens (id, digest, user_id, role, created_at)"
                " VALUES (?, ?, ?, 'USER', '2026-01-01T00:00:00.000Z')",
                [("tok_%d" % i, hashlib.sha256(token.encode()).digest(), "user-%d" % i)
                 for i, token in enumerate(self.tokens)])
        database.close()
        peer = wire.Peer(target.target, time.monotonic() + 300, preface=PREFACE)
        ids = wire.streams()
        for begin in range(0, count, 50):
            for i in range(begin, min(begin + 50, count)):
                peer.send(wire.headers(
                    ids[i], wire.request_block("initiateWhatsAppSession", self.tokens[i]),
                    end_stream=True))
            done = min(begin + 50, count)
            if not peer.read(lambda p: len(p.ended) >= done, 60) or peer.reasons:
                raise SystemExit("no sessions: %s" % (dict(peer.reasons) or peer.outcome()))
        peer.close()
        database = sqlite3.connect(target.database)
        names = dict(database.execute("SELECT user_id, session_name FROM whatsapp_sessions"))
        database.close()
        self.sessions = [names["user-%d" % i] for i in range(count)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(programs, with_webhooks=True, book=QUICK):
    port = free_port()
    settings = dict(SETTINGS)
    if with_webhooks:
        settings["USER_API_WEBHOOK_URL"] = "http://127.0.0.1:%d" % port
    return service.OwnService(
        programs, limits=settings, book=book, admin_listen="127.0.0.1:%d" % port)


def cpu(pid):
    """Seconds of a core that its threads have used."""
    used = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as file:
            used += int(file.read().split()[0])
    return used / 1e9


def figures(values):
    values = sorted(values)
    return tuple(values[min(len(values) - 1, int(len(values) * part))] * 1e3
                 for part in (0.5, 0.99)) + (values[-1] * 1e3,)


def open_watches(watches, connections, plan, **fields):
    """Opens the watches of `plan`, pairs of a token and a session, a hundred on a connection."""
    plan = iter(plan)
    count = 0
    for connection in connections:
        some = list(itertools.islice(plan, STREAMS))
        # A burst, but not all at once: the server reads what each of them says first.
        connection.send(b"".join(
            connection.watch(token, session, session, **fields) for token, session in some))
        count += len(some)
        watches.read(lambda m: len(m) >= len(some), 60)
    watches.idle(1)
    return count


def told(target, watches, steering, sessions, status, watchers, rounds):
    """How long after each change those who watch are told of it.

    Returns the latencies, how many never came, and the seconds that the server's core worked.
    """
    latencies, used = [], 0
    wanted, statuses = set(sessions), itertools.cycle(status)
    for _ in range(rounds):
        watches.idle(0.2)
        steering.moments()
        before = cpu(target.pid)
        steering.change(sessions, next(statuses))
        messages = watches.read(lambda m: sum(tag in wanted for _, tag, _ in m) >= watchers, 10)
        used += cpu(target.pid) - before
        moments = steering.moments()
        latencies += [when - moments[tag] for when, tag, _ in messages if tag in moments]
    return latencies, watchers * rounds - len(latencies), used


def settle(watches, steering, sessions, watchers):
    """Out of WORKING, where a change is shown only when it lasts."""
    steering.change(sessions, "STOPPED")
    came = watches.read(lambda m: len(m) >= watchers, 40)
    if len(came) < watchers:
        raise SystemExit("only %d of %d watches are alive" % (len(came), watchers))
