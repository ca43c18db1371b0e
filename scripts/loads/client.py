"""Calls to several servers at once, over a few HTTP/2 connections to each. It writes and reads the
frames itself: two thousand calls a second are too many for a library in Python on half a core."""

import asyncio
import json
import random
import struct
import time

from hostile import wire

WINDOW = 1 << 30
ATTEMPTS = 4
# How much longer than the deadline that was sent, before it is said that no answer came.
PATIENCE = 5.0


class Lost(Exception):
    """The attempt came to nothing, and can be made again."""


class Answer:
    """How a call ended: its last message, or the code and the reason of its error."""

    def __init__(self, server, message=None, code="ok", reason=None):
        self.server = server
        self.message = message
        self.code = code
        self.reason = reason


class Stream:
    """A call under way on a connection."""

    def __init__(self, on_message):
        self.data = b""
        self.last = None
        self.on_message = on_message
        self.end = asyncio.get_running_loop().create_future()

    def take(self, payload):
        """Takes what came. Messages without a member are heartbeats."""
        self.data += payload
        while len(self.data) >= 5:
            flags, length = self.data[0], int.from_bytes(self.data[1:5], "big")
            if len(self.data) < 5 + length:
                return
            value = json.loads(self.data[5:5 + length])
            self.data = self.data[5 + length:]
            if flags & 2:
                self.finish(value.get("error") or {})
            elif self.on_message:
                self.on_message(value)
            else:
                self.last = value

    def finish(self, error):
        if not self.end.done():
            self.end.set_result(error)

    def lose(self, why):
        if not self.end.done():
            self.end.set_exception(Lost(why))


class Link(asyncio.Protocol):
    """A connection to one server. After a GOAWAY it takes no more calls."""

    def __init__(self):
        self.streams = {}
        self.next_stream = 1
        self.is_going = False
        self.rest = b""
        self.taken = 0
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        transport.write(wire.MAGIC + wire.settings({wire.INITIAL_WINDOW: WINDOW})
                        + wire.window_update(0, WINDOW))

    def connection_lost(self, _):
        self.is_going = True
        for stream in self.streams.values():
            stream.lose("the connection was lost")
        self.streams = {}

    def open(self, block, body, on_message):
        number = self.next_stream
        self.next_stream += 2
        self.streams[number] = stream = Stream(on_message)
        self.transport.write(
            wire.headers(number, block)
            + wire.frame(wire.DATA, wire.END_STREAM, number, wire.envelope(body)))
        return number, stream

    def cancel(self, number):
        if self.streams.pop(number, None) and not self.transport.is_closing():
            self.transport.write(wire.reset(number))

    def data_received(self, data):
        data = self.rest + data
        place, size = 0, len(data)
        while size - place >= 9:
            high, low, kind, flags, number = struct.unpack_from(">BHBBI", data, place)
            end = place + 9 + (high << 16 | low)
            if end > size:
                break
            self.frame(kind, flags, number, data[place + 9:end])
            place = end
        self.rest = data[place:]

    def frame(self, kind, flags, number, payload):
        if kind == wire.DATA:
            self.taken += len(payload)
            if self.taken > WINDOW // 2:
                self.transport.write(wire.window_update(0, self.taken))
                self.taken = 0
            if number in self.streams:
                self.streams[number].take(payload)
        elif kind == wire.RST_STREAM and number in self.streams:
            self.streams.pop(number).lose("the stream was reset")
        elif kind == wire.SETTINGS and not flags & wire.ACK:
            self.transport.write(wire.frame(wire.SETTINGS, wire.ACK, 0))
        elif kind == wire.PING and not flags & wire.ACK:
            self.transport.write(wire.frame(wire.PING, wire.ACK, 0, payload))
        elif kind == wire.GOAWAY:
            self.is_going = True
            last, = struct.unpack_from(">I", payload)
            for late in [n for n in self.streams if n > last]:
                self.streams.pop(late).lose("it was not processed")
        if kind in (wire.DATA, wire.HEADERS) and flags & wire.END_STREAM and number in self.streams:
            self.streams.pop(number).lose("it ended without its end")


class Client:
    """Makes calls at the servers of `addresses`, which may change at any time."""

    CONNECTIONS = 3

    def __init__(self, addresses):
        self.addresses = addresses
        self.links = {}
        self.locks = {}
        self.opened = set()
        self.retried = 0
        self.blocks = {}

    def block(self, procedure, user, deadline):
        """The header block, which is the same each time."""
        key = (procedure, user.name, deadline)
        if key not in self.blocks:
            extra = [("connect-timeout-ms", str(int(deadline * 1000)))] if deadline else []
            if user.acts_as:
                extra.append(("user-api-act-as", user.name))
            self.blocks[key] = wire.request_block(procedure, user.token, extra=extra)
        return self.blocks[key]

    async def link(self, address):
        place = (address, random.randrange(self.CONNECTIONS))
        # Those who wait for a connection share it.
        async with self.locks.setdefault(place, asyncio.Lock()):
            link = self.links.get(place)
            if link is None or link.is_going or len(link.streams) >= 200:
                try:
                    _, link = await asyncio.wait_for(
                        asyncio.get_running_loop().create_connection(Link, *address), 2)
                except (OSError, asyncio.TimeoutError) as error:
                    raise Lost("no connection") from error
                self.links[place] = link
                self.opened.add(link)
            return link

    async def call(self, procedure, user, message, deadline, on_message=None, address=None,
                   attempts=ATTEMPTS):
        """One call, tried again at another server where one was lost or is stopping: all procedures
        are safe to repeat. Without a deadline it goes on for as long as the server likes."""
        body = json.dumps(message).encode()
        block = self.block(procedure, user, deadline)
        end = time.monotonic() + deadline + PATIENCE if deadline else None
        address = address or random.choice(self.addresses)
        why = ""
        for attempt in range(attempts):
            if attempt:
                self.retried += 1
                address = random.choice([a for a in self.addresses if a != address] or [address])
            link = number = None
            try:
                link = await self.link(address)
                number, stream = link.open(block, body, on_message)
                error = await asyncio.wait_for(
                    stream.end, end and max(0.001, end - time.monotonic()))
                if error.get("data", {}).get("reason") == "SERVER_STOPPING":
                    raise Lost("it was stopping")
                if error:
                    return Answer(address, None, error.get("code", "unknown"),
                                  error.get("data", {}).get("reason", "INVALID_RESPONSE"))
                return Answer(address, stream.last)
            except Lost as lost:
                why = str(lost)
            except asyncio.TimeoutError:
                return Answer(address, None, "none", "NO_ANSWER")
            finally:
                if number is not None:
                    link.cancel(number)
        return Answer(address, why, "unavailable", "CONNECTION_FAILED")

    async def close(self):
        for link in self.opened:
            link.transport.abort()
        # They are closed by the loop, when it is next asked.
        await asyncio.sleep(0.01)
