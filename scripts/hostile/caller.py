"""A caller who behaves: one connection, calls at a steady rate, the latency of each."""

import collections
import json
import os
import select
import socket
import struct
import time

from hpack import Decoder

from . import wire


class Caller:
    """Runs in a process of its own, and is asked for its figures over a socket."""

    def __init__(self, target, token, session, rate):
        self.asking, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.asking.close()
            try:
                _Loop(target, token, session, rate, theirs).run()
            finally:
                os._exit(0)
        theirs.close()
        self._lines = self.asking.makefile("r")

    def take(self):
        """The figures since they were last taken."""
        self.asking.sendall(b"t")
        figures = json.loads(self._lines.readline())
        latencies = sorted(figures.pop("latencies"))
        figures["calls"] = len(latencies)
        for name, part in (("p50", 0.5), ("p99", 0.99)):
            place = min(len(latencies) - 1, int(len(latencies) * part))
            figures[name] = latencies[place] if latencies else float("inf")
        return figures

    def stop(self):
        self.asking.sendall(b"q")
        os.waitpid(self.pid, 0)


class _Loop:
    CALL_LIMIT = 10.0
    # Fewer than any server allows.
    MOST_STREAMS = 90

    def __init__(self, target, token, session, rate, asking):
        self.target = target
        self.interval = 1 / rate
        self.asking = asking
        self.block = wire.request_block("getSessionStatus", token)
        self.body = wire.envelope(json.dumps({"sessionName": session}).encode())
        self.socket = None
        # Of each open stream: since when its call is due, the status, the body.
        self.open = {}
        # Since when the calls are due that wait for a stream.
        self.waiting = collections.deque()
        self.reset_figures()

    def reset_figures(self):
        self.latencies = []
        self.failures = {}
        self.reconnects = 0

    def fail(self, why, count=1):
        if count:
            self.failures[why] = self.failures.get(why, 0) + count

    def run(self):
        self.connect()
        due = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= due:
                self.waiting.append(now)
                due += self.interval
                # After a pause of this whole process there is no burst: that is not its rate.
                due = max(due, now - 10 * self.interval)
                self.begin()
                continue
            sockets = [self.asking] + ([self.socket] if self.socket else [])
            ready = select.select(sockets, [], [], due - now)[0]
            if self.socket and self.socket in ready:
                self.receive()
                self.begin()
            if self.asking in ready and not self.asked():
                return

    def asked(self):
        asked = self.asking.recv(1)
        if asked != b"t":
            return False
        self.expire()
        figures = {"latencies": self.latencies, "failures": self.failures,
                   "reconnects": self.reconnects}
        self.asking.sendall(json.dumps(figures).encode() + b"\n")
        self.reset_figures()
        return True

    def connect(self):
        self.input, self.decoder, self.stream, self.open = b"", Decoder(), 1, {}
        try:
            self.socket = socket.create_connection(self.target, timeout=2)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(
                wire.MAGIC + wire.settings()
                + wire.window_update(0, wire.GREATEST_WINDOW - 65535))
        except OSError as error:
            self.socket = None
            self.fail("connect: %s" % error)

    def lost(self, why):
        self.fail(why, max(1, len(self.open)))
        self.open = {}
        self.reconnects += 1
        if self.socket:
            self.socket.close()
        self.connect()

    def begin(self):
        self.expire()
        if not self.socket:
            self.connect()
            if not self.socket:
                self.waiting.clear()
                return
        while self.waiting and len(self.open) < self.MOST_STREAMS:
            stream = self.stream
            self.stream += 2
            self.open[stream] = [self.waiting.popleft(), None, b""]
            try:
                self.socket.sendall(
                    wire.headers(stream, self.block)
                    + wire.frame(wire.DATA, wire.END_STREAM, stream, self.body))
            except OSError as error:
                self.lost("send: %s" % error)
                return

    def expire(self):
        """Gives up the calls that have waited long enough; they are in order of their age."""
        limit = time.monotonic() - self.CALL_LIMIT
        old = []
        for stream, entry in self.open.items():
            if entry[0] > limit:
                break
            old.append(stream)
        for stream in old:
            del self.open[stream]
            self.fail("no answer within %d s" % self.CALL_LIMIT)
            try:
                self.socket.sendall(wire.reset(stream))
            except OSError as error:
                self.lost("send: %s" % error)
                return

    def receive(self):
        try:
            data = self.socket.recv(1 << 16)
        except OSError as error:
            return self.lost("receive: %s" % error)
        if not data:
            return self.lost("closed")
        self.input += data
        while len(self.input) >= 9:
            high, low, kind, flags, stream = struct.unpack_from(">BHBBI", self.input)
            length = high << 16 | low
            if len(self.input) < 9 + length:
                return None
            payload = self.input[9:9 + length]
            self.input = self.input[9 + length:]
            self.frame(kind, flags, stream, payload)
        return None

    def frame(self, kind, flags, stream, payload):
        entry = self.open.get(stream)
        if kind == wire.HEADERS:
            fields = dict(self.decoder.decode(payload))
            if entry:
                entry[1] = fields.get(":status")
        elif kind == wire.DATA and entry:
            entry[2] += payload
        elif kind == wire.RST_STREAM and entry:
            del self.open[stream]
            self.fail("RST_STREAM " + wire.code_name(struct.unpack(">I", payload)[0]))
            return
        elif kind == wire.SETTINGS and not flags & wire.ACK:
            self.socket.sendall(wire.frame(wire.SETTINGS, wire.ACK, 0))
        elif kind == wire.PING and not flags & wire.ACK:
            self.socket.sendall(wire.frame(wire.PING, wire.ACK, 0, payload))
        elif kind == wire.GOAWAY:
            self.lost("GOAWAY " + wire.code_name(struct.unpack_from(">I", payload, 4)[0]))
            return
        if entry and kind in (wire.HEADERS, wire.DATA) and flags & wire.END_STREAM:
            del self.open[stream]
            if entry[1] == "200" and entry[2].endswith(b"\2\0\0\0\2{}"):
                self.latencies.append(time.monotonic() - entry[0])
            else:
                self.fail("%s %s" % (entry[1], entry[2][5:].decode(errors="replace")))
