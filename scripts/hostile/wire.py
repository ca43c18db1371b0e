"""HTTP/2 frames as bytes, and one end of a connection that keeps no rule it is not told to keep."""

import collections
import errno
import re
import select
import socket
import struct
import time

from hpack import Encoder

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
MAGIC = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
INITIAL_WINDOW = 4
GREATEST_WINDOW = (1 << 31) - 1

CODES = (
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
    "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
    "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
)

_HEAD = struct.Struct(">BHBBI")


def code_name(code):
    return CODES[code] if code < len(CODES) else hex(code)


def frame(kind, flags, stream, payload=b""):
    size = len(payload)
    return _HEAD.pack(size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def settings(values=None):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", k, v) for k, v in (values or {}).items()))


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def reset(stream, code=8):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def block(fields):
    """A header block that leaves the dynamic table alone, so that it can be sent any number of
    times, on any connection."""
    return Encoder().encode([(name, value, True) for name, value in fields], huffman=False)


def headers(stream, fragment, end_stream=False):
    """A header block in one HEADERS frame and as many CONTINUATIONs as it needs."""
    parts = [fragment[i:i + 16384] for i in range(0, len(fragment), 16384)]
    out = []
    for i, part in enumerate(parts):
        flags = END_HEADERS if i == len(parts) - 1 else 0
        if i == 0 and end_stream:
            flags |= END_STREAM
        out.append(frame(HEADERS if i == 0 else CONTINUATION, flags, stream, part))
    return b"".join(out)


def envelope(message):
    return b"\0" + struct.pack(">I", len(message)) + message


def request_block(procedure, token, content_type="application/user-api+json", extra=()):
    return block([
        (":method", "POST"), (":scheme", "http"), (":authority", "attack"),
        (":path", "/user.v1.User/" + procedure), ("content-type", content_type),
        ("authorization", "Bearer " + token), *extra,
    ])


def streams(first=1):
    """The ids of a client's streams."""
    return range(first, GREATEST_WINDOW, 2)


class Peer:
    """A connection to the server, and what the server had to say on it."""

    def __init__(self, target, deadline, source=None, receive_buffer=None, reads=True, acks=True,
                 preface=MAGIC + settings()):
        self.deadline = deadline
        self.reads = reads
        self.acks = acks
        self.is_closed = False
        self.has_settings = False
        self.goaway = None
        self.http1 = None
        self.resets = collections.Counter()
        self.ended = set()
        self.reset_streams = set()
        self.reasons = collections.Counter()
        self.data = 0
        self.sent = 0
        self.text = b""
        self.initial_window = 65535
        self.windows = collections.defaultdict(int)
        self._input = b""
        self._output = b""
        self._is_new = True
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            self.socket.connect(target)
        except OSError:
            self.is_closed = True
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        if preface:
            self.send(preface)

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends all of it, and meanwhile reads, if it reads.

        Returns False when the connection ended or the time was over before everything was sent.
        """
        if self._output:
            data, self._output = self._output + data, b""
        view = memoryview(data)
        while True:
            if self.is_closed:
                return False
            count = 0
            try:
                count = self.socket.send(view)
            except BlockingIOError:
                pass
            except OSError:
                # What the server said before it closed can still be read.
                self.receive()
                self.is_closed = True
                return False
            self.sent += count
            view = view[count:]
            if self.reads:
                self.receive()
            if not view:
                return not self.is_closed
            if time.monotonic() > self.deadline:
                return False
            if count == 0:
                self._wait(select.POLLOUT | (select.POLLIN if self.reads else 0), 0.2)

    def _wait(self, events, seconds):
        poll = select.poll()
        poll.register(self.socket, events)
        poll.poll(seconds * 1000)

    def receive(self):
        """Takes what is there to read."""
        while not self.is_closed:
            try:
                data = self.socket.recv(1 << 18)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EINTR,):
                    continue
                data = b""
            if not data:
                self.is_closed = True
                return
            self._parse(data)

    def read(self, until, seconds):
        """Reads until it is so, the connection ends, or the time is over."""
        end = time.monotonic() + seconds
        while True:
            self.receive()
            self._answer()
            if until(self):
                return True
            left = end - time.monotonic()
            if self.is_closed or left <= 0:
                return False
            self._wait(select.POLLIN, min(0.1, left))

    def _answer(self):
        if self._output and not self.is_closed:
            self.send(b"")

    def _parse(self, data):
        if self._is_new:
            data = self._input + data
            if data.startswith(b"HTTP/1.1"):
                self.http1 = data.split(b"\r\n")[0].decode("latin-1")
                self._input = data
                return
            if len(data) < 9:
                self._input = data
                return
            self._is_new = False
        elif self._input:
            data = self._input + data
        place, size = 0, len(data)
        unpack = _HEAD.unpack_from
        while size - place >= 9:
            high, low, kind, flags, stream = unpack(data, place)
            length = high << 16 | low
            if size - place - 9 < length:
                break
            if kind == DATA or kind == HEADERS:
                if kind == DATA:
                    self.data += length
                    self._find_reasons(data[place + 9:place + 9 + length])
                if flags & END_STREAM:
                    self.ended.add(stream)
            elif kind == RST_STREAM:
                self.resets[struct.unpack_from(">I", data, place + 9)[0]] += 1
                self.reset_streams.add(stream)
            elif kind == SETTINGS and not flags & ACK:
                self.has_settings = True
                for i in range(place + 9, place + 9 + length, 6):
                    key, value = struct.unpack_from(">HI", data, i)
                    if key == INITIAL_WINDOW:
                        self.initial_window = value
                if self.acks:
                    self._output += frame(SETTINGS, ACK, 0)
            elif kind == PING and not flags & ACK:
                if self.acks:
                    self._output += frame(PING, ACK, 0, data[place + 9:place + 17])
            elif kind == GOAWAY:
                self.goaway = struct.unpack_from(">I", data, place + 13)[0]
            elif kind == WINDOW_UPDATE:
                self.windows[stream] += struct.unpack_from(">I", data, place + 9)[0]
            place += 9 + length
        self._input = data[place:]

    def _find_reasons(self, payload):
        self.text = (self.text + payload)[-4096:]
        for reason in re.findall(rb'"reason":"([A-Z_]+)"', payload):
            self.reasons[reason.decode()] += 1

    def room(self, stream):
        """How many bytes of body the server's windows allow on a stream whose sent bytes the
        caller has taken off `windows`."""
        return min(65535 + self.windows[0], self.initial_window + self.windows[stream])

    def took(self, stream, count):
        self.windows[0] -= count
        self.windows[stream] -= count

    def outcome(self):
        """How the connection ended, or None when it has not."""
        if self.http1:
            return self.http1 + ("" if self.is_closed else ", left open")
        if self.goaway is not None:
            return "GOAWAY " + code_name(self.goaway) + ("" if self.is_closed else ", left open")
        return "closed" if self.is_closed else None


def call(target, token, procedure, message="{}", seconds=30):
    """One call in bare JSON, on a connection of its own.

    Returns the body of the answer.
    """
    peer = Peer(target, time.monotonic() + seconds,
                preface=MAGIC + settings({INITIAL_WINDOW: GREATEST_WINDOW})
                + window_update(0, GREATEST_WINDOW - 65535))
    peer.send(headers(1, request_block(procedure, token, "application/json"))
              + frame(DATA, END_STREAM, 1, message.encode()))
    peer.read(lambda p: 1 in p.ended or 1 in p.reset_streams, seconds)
    peer.close()
    return peer.text.decode(errors="replace")
