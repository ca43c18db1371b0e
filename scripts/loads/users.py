"""The users, what is known of them, and the calls made for them, each of whose answers is checked.

What is known of a session comes from what the servers have acknowledged:

    linked   a phone is linked: it works
    waiting  it waits for a scan
    out      it was logged out
    up       it was started, and is one of the first two
    unknown  something was not acknowledged, or WAHA has lost it
"""

import asyncio
import collections
import random
import time

from loads.client import ATTEMPTS

STATUSES = {"STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED", "UNKNOWN"}
# Errors that say how the session is, and no failure.
OF_THE_STATE = {"SESSION_MISSING_UPSTREAM", "SESSION_NOT_AWAITING_SCAN", "SESSION_NOT_WORKING"}
# A status is remembered for a second, and a session comes up meanwhile.
SETTLES = 3.0
READ, WRITE, LINK = 10.0, 35.0, 35.0
# How often each procedure is called, of a hundred.
MIX = {
    "getSessionStatus": 30, "getWhatsAppSession": 14, "getWhatsAppContacts": 14,
    "getWhatsAppGroups": 12, "getSessionQR": 10, "updateSessionPhone": 8,
    "initiateWhatsAppSession": 5, "watchSession": 3, "linkSession": 2, "restartSession": 1,
    "logoutSession": 1,
}
# Those whose time is that of WAHA and of the phone.
LONG = ("linkSession", "restartSession", "logoutSession", "initiateWhatsAppSession")

Record = collections.namedtuple("Record", "procedure due end kind code reason")


class User:
    def __init__(self, name, token, acts_as):
        self.name = name
        self.token = token
        self.acts_as = acts_as
        self.session = None
        self.id = None
        self.state = "unknown"
        self.is_busy = False
        # Counts the beginnings and ends of what changes the session.
        self.changes = 0
        self.changed_at = 0.0
        self.changed_by = None
        # The numbers one of which is stored: the last that was acknowledged, and those after it.
        self.numbers = {None}
        # All that were sent, in order.
        self.sent = []
        self.is_writing_number = False

    def change(self, state, server=None):
        self.state = state
        self.changes += 1
        self.changed_at = time.monotonic()
        self.changed_by = server


class Mix:
    """Makes the calls, keeps a record of each, and a list of what was wrong."""

    def __init__(self, client, deployment, count):
        tokens = deployment.tokens
        one = len(tokens) == 1
        self.users = [User("load-%d" % i if one else "user %d" % i, tokens[0 if one else i], one)
                      for i in range(count if one else min(count, len(tokens)))]
        self.client = client
        self.deployment = deployment
        self.has_phones = deployment.simulator is not None
        self.records = []
        self.violations = collections.Counter()
        # Whether something is broken on purpose, and so little is known.
        self.is_disturbed = lambda: False
        self.reviving = asyncio.Semaphore(8)
        self.names = {}
        self.tasks = set()

    def wrong(self, text):
        self.violations[text] += 1

    def begin(self, due):
        """Begins the next call of the mix, which was due then."""
        procedure = random.choices(list(MIX), MIX.values())[0]
        self.spawn(self.one(procedure, due))

    def spawn(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.done)

    def done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.wrong("the caller itself failed: %r" % task.exception())

    async def one(self, procedure, due):
        if procedure in LONG:
            user = self.pick_to_change(procedure)
            if user is None:
                # All are being changed. A reading call keeps the rate.
                procedure = "getSessionStatus"
            else:
                return await self.change(procedure, user, due)
        if procedure == "updateSessionPhone":
            free = [u for u in self.users if not u.is_writing_number]
            if free:
                return await self.store_number(random.choice(free), due)
            procedure = "getSessionStatus"
        if procedure == "watchSession":
            return await self.look(random.choice(self.users), due)
        if procedure == "getSessionStatus" and random.random() < 0.05 and len(self.users) > 1:
            return await self.trespass(due)
        return await self.read(procedure, self.pick_to_read(procedure), due)

    # Reading

    def pick_to_read(self, procedure):
        wanted = {"getSessionQR": "waiting", "getWhatsAppGroups": "linked",
                  "getWhatsAppContacts": "linked"}.get(procedure)
        some = [u for u in self.users if u.state == wanted] if random.random() < 0.9 else []
        return random.choice(some or self.users)

    async def read(self, procedure, user, due):
        message = {} if procedure == "getWhatsAppSession" else {"sessionName": user.session}
        if procedure in ("getWhatsAppGroups", "getWhatsAppContacts") and random.random() < 0.3:
            message["search"] = random.choice(("fam", "an", "1555"))
        changes, numbers, sent = user.changes, set(user.numbers), len(user.sent)
        is_disturbed = self.is_disturbed()
        answer = await self.client.call(procedure, user, message, READ)
        is_known = (changes == user.changes and not user.is_busy and not is_disturbed
                    and not self.is_disturbed() and user.state in ("linked", "waiting", "out"))
        has_settled = (time.monotonic() - user.changed_at > SETTLES
                       or user.state != "waiting" and answer.server == user.changed_by)
        if answer.code == "ok":
            self.check(procedure, user, answer.message, numbers | set(user.sent[sent:]))
        if is_known and has_settled and (answer.code == "ok" or answer.reason in OF_THE_STATE):
            said = self.word(procedure, answer)
            if said not in EXPECTED[user.state][procedure]:
                self.wrong("%s of a session that is %s: %s, at the server that was %s" % (
                    procedure, user.state, said,
                    "told so" if answer.server == user.changed_by else "not told so"))
        # WAHA keeps whoever asks for a code waiting that has just been scanned.
        is_held = procedure == "getSessionQR" and (
            changes != user.changes or user.is_busy or not self.has_phones) and answer.reason in (
                "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT")
        self.record(procedure, due, answer, "state" if is_held else None)
        if answer.reason == "SESSION_MISSING_UPSTREAM" and user.state != "out":
            self.spawn(self.revive(user))

    @staticmethod
    def word(procedure, answer):
        """The answer as one word."""
        if answer.reason:
            return answer.reason
        if procedure == "getSessionStatus":
            # What could not be confirmed says so.
            return answer.message.get("status", "") + ", stale" * answer.message.get("stale", 0)
        if procedure == "getWhatsAppSession":
            return "null" if answer.message is None else "a session"
        return "items" if procedure != "getSessionQR" else "a code"

    def check(self, procedure, user, message, numbers):
        """What has to be so of any answer."""
        try:
            if procedure == "getSessionStatus":
                if message["status"] not in STATUSES:
                    self.wrong("a status that there is not: %s" % message["status"])
            elif procedure == "getSessionQR":
                if not message["qr"].startswith("iVBOR"):
                    self.wrong("a QR code that is no PNG")
            elif procedure == "getWhatsAppSession":
                if message is not None:
                    self.check_name(user, message["sessionName"], message["id"])
                    if user.acts_as and message["userId"] != user.name:
                        self.wrong("a session of another user")
                    if None not in numbers and message.get("phoneNumber") not in numbers:
                        self.wrong("a phone number that was acknowledged is not what is read")
            elif not isinstance(message["items"], list):
                self.wrong("%s without items" % procedure)
        except (KeyError, TypeError, AttributeError) as error:
            self.wrong("%s: an answer of another form: %r" % (procedure, error))

    def check_name(self, user, name, number=None):
        if user.session is None:
            if name in self.names:
                self.wrong("two users have one session name")
            self.names[name] = user
            user.session, user.id = name, number
        elif user.session != name or number is not None and user.id != number:
            self.wrong("the name of another session" if name in self.names
                       else "the name of a user's session has changed")

    async def trespass(self, due):
        """What is another user's is not found."""
        user, other = random.sample(self.users, 2)
        answer = await self.client.call(
            "getSessionStatus", user, {"sessionName": other.session}, READ)
        if answer.code == "ok" or answer.reason in OF_THE_STATE:
            self.wrong("a user sees the session of another")
        expected = answer.reason == "SESSION_NOT_FOUND"
        self.record("getSessionStatus", due, answer, "state" if expected else None)

    async def look(self, user, due):
        """A watch that ends after its first event."""
        first = asyncio.get_running_loop().create_future()

        def on_message(event):
            if event and not first.done():
                first.set_result(event)
        call = asyncio.create_task(self.client.call(
            "watchSession", user, {"sessionName": user.session}, READ, on_message))
        await asyncio.wait({call, first}, return_when=asyncio.FIRST_COMPLETED)
        if first.done():
            end = time.monotonic()
            # One that ends at the same moment may not heed it.
            while not call.done():
                call.cancel()
                await asyncio.wait({call}, timeout=0.1)
            self.check_event(user, first.result())
            self.records.append(Record("watchSession", due, end, "ok", "ok", None))
        else:
            self.record("watchSession", due, call.result())

    def check_event(self, user, event):
        self.check_name(user, event.get("sessionName"))
        if event.get("status") not in STATUSES or event.get("reported") not in STATUSES:
            self.wrong("an event with a status that there is not")

    # Writing

    async def store_number(self, user, due):
        number = "+1555%07d" % random.randrange(10_000_000)
        user.is_writing_number = True
        user.numbers.add(number)
        user.sent.append(number)
        try:
            answer = await self.client.call(
                "updateSessionPhone", user, {"id": user.id, "phoneNumber": number}, READ)
            if answer.code == "ok":
                user.numbers = {number}
        finally:
            user.is_writing_number = False
        self.record("updateSessionPhone", due, answer)

    def pick_to_change(self, procedure):
        """A user whose session nothing changes just now: one change of a user at a time."""
        free = collections.defaultdict(list)
        for user in self.users:
            if not user.is_busy:
                free[user.state].append(user)
        waiting = sum(u.state == "waiting" for u in self.users)
        linked = free["linked"] + free["up"]
        if procedure == "restartSession":
            order = [linked, free["waiting"]]
        elif procedure == "logoutSession":
            order = [linked + free["waiting"]]
        elif procedure == "linkSession":
            enough = waiting > len(self.users) // 6
            order = [free["unknown"], free["waiting"] if enough else [], free["out"], linked]
        else:
            order = [free["out"] if random.random() < 0.2 else [], sum(free.values(), [])]
        return next((random.choice(users) for users in order if users), None)

    async def change(self, procedure, user, due):
        user.is_busy = True
        before = user.state
        user.change("unknown")
        after, server = "unknown", None
        try:
            if procedure == "linkSession":
                after, server = await self.link(user, due)
            elif procedure == "initiateWhatsAppSession":
                after, server = await self.initiate(user, before, due)
            else:
                answer = await self.client.call(
                    procedure, user, {"sessionName": user.session}, WRITE)
                server = answer.server
                if answer.code == "ok":
                    after = "out" if procedure == "logoutSession" else \
                        "up" if before == "unknown" else before
                self.record(procedure, due, answer)
        finally:
            user.is_busy = False
            user.change(after, server)

    async def initiate(self, user, before, due):
        """Sometimes two at once, at two servers: both give the same."""
        addresses = list(self.client.addresses)
        random.shuffle(addresses)
        count = 2 if random.random() < 0.4 else 1
        answers = await asyncio.gather(*[
            self.client.call("initiateWhatsAppSession", user, {}, WRITE,
                             address=addresses[i % len(addresses)]) for i in range(count)])
        for answer in answers:
            if answer.code == "ok":
                self.check_name(user, answer.message.get("sessionName"), answer.message.get("id"))
            self.record("initiateWhatsAppSession", due, answer)
        if all(answer.code == "ok" for answer in answers):
            # Without phones of our own nobody knows when it is scanned.
            after = "up" if before == "unknown" or not self.has_phones else \
                "waiting" if before == "out" else before
        else:
            after = "unknown"
        return after, None if count > 1 else answers[0].server

    async def link(self, user, due):
        """A phone scans the code as soon as there is one, where the phones are ours."""
        phone = []

        async def scan():
            while True:
                await self.deployment.scan(user.session)
                await asyncio.sleep(0.2)

        def on_message(event):
            if not event:
                return
            self.check_event(user, event)
            if self.has_phones and event.get("qr") and not phone:
                phone.append(asyncio.create_task(scan()))
        answer = await self.client.call(
            "linkSession", user, {}, LINK if self.has_phones else 2.0, on_message)
        for scanning in phone:
            scanning.cancel()
        # Without a phone it ends with its deadline.
        expected = not self.has_phones and answer.reason == "DEADLINE_EXCEEDED"
        self.record("linkSession", due, answer, "state" if expected else None)
        return "linked" if answer.code == "ok" else "unknown", answer.server

    async def revive(self, user):
        """As the protocol has it: who is told that WAHA has lost a session initiates it."""
        async with self.reviving:
            if not user.is_busy and user.state != "out":
                await self.change("linkSession" if self.has_phones else "initiateWhatsAppSession",
                                  user, time.monotonic())

    def record(self, procedure, due, answer, kind=None):
        kind = kind or ("ok" if answer.code == "ok" else
                        "state" if answer.reason in OF_THE_STATE else "failed")
        self.records.append(Record(
            procedure, due, time.monotonic(), kind, answer.code, answer.reason))

    # Before and after

    async def set_up(self):
        """Each has a session; a phone is linked to three of four."""
        at_once = asyncio.Semaphore(8)

        async def one(user, place):
            async with at_once:
                answer = await self.client.call("initiateWhatsAppSession", user, {}, WRITE)
                if answer.code != "ok":
                    raise SystemExit("no session: %s %s" % (answer.code, answer.reason))
                self.check_name(user, answer.message["sessionName"], answer.message["id"])
                user.change("waiting" if self.has_phones else "unknown")
                if self.has_phones and place % 4:
                    after, server = await self.link(user, time.monotonic())
                    user.change(after, server)
        await asyncio.gather(*[one(user, i) for i, user in enumerate(self.users)])
        self.records.clear()

    def lose_all(self):
        """WAHA has forgotten all that it had."""
        for user in self.users:
            if user.state != "out":
                user.change("unknown")

    async def check_sessions(self, at_the_end=False):
        """WAHA has one session a user at most, and none that is nobody's."""
        if not self.has_phones:
            return
        before = {user.name: user.changes for user in self.users}
        try:
            names = await asyncio.to_thread(self.deployment.sessions)
        except OSError:
            if at_the_end:
                self.wrong("WAHA does not answer at the end")
            return
        if len(set(names)) != len(names):
            self.wrong("WAHA has a session twice")
        for name in set(names) - set(self.names):
            self.wrong("WAHA has a session that no user has")
        for user in self.users:
            if user.is_busy or user.changes != before[user.name]:
                continue
            if user.state == "out" and user.session in names:
                self.wrong("a session is there whose logout was acknowledged")
            if at_the_end and user.state in ("linked", "waiting") and user.session not in names:
                self.wrong("a session is gone that nobody has logged out")

    async def check_numbers(self):
        """Each session is brought back if need be, and has the number that was acknowledged."""
        at_once = asyncio.Semaphore(8)

        async def one(user):
            async with at_once:
                answer = await self.client.call("initiateWhatsAppSession", user, {}, WRITE)
                if answer.code != "ok":
                    self.wrong("at the end there is no session: %s" % answer.reason)
                    return
                self.check_name(user, answer.message["sessionName"], answer.message["id"])
                user.change("up")
                for _ in range(100):
                    answer = await self.client.call("getWhatsAppSession", user, {}, READ)
                    if answer.code == "ok" and answer.message is not None:
                        self.check("getWhatsAppSession", user, answer.message, user.numbers)
                        return
                    await asyncio.sleep(0.1)
                if self.has_phones:
                    self.wrong("at the end a session does not come up: %s"
                               % self.word("getWhatsAppSession", answer))
        await asyncio.gather(*[one(user) for user in self.users])


# What may be said of a session of which it is known how it is.
EXPECTED = {
    "linked": {
        "getSessionStatus": {"WORKING", "WORKING, stale", "UNKNOWN", "UNKNOWN, stale"},
        "getWhatsAppSession": {"a session"},
        "getSessionQR": {"SESSION_NOT_AWAITING_SCAN"},
        "getWhatsAppGroups": {"items"},
        "getWhatsAppContacts": {"items"},
    },
    "waiting": {
        "getSessionStatus": {"SCAN_QR_CODE", "SCAN_QR_CODE, stale"},
        "getWhatsAppSession": {"a session"},
        "getSessionQR": {"a code"},
        "getWhatsAppGroups": {"SESSION_NOT_WORKING"},
        "getWhatsAppContacts": {"SESSION_NOT_WORKING"},
    },
    "out": {
        "getSessionStatus": {"SESSION_MISSING_UPSTREAM"},
        "getWhatsAppSession": {"null"},
        "getSessionQR": {"SESSION_MISSING_UPSTREAM"},
        "getWhatsAppGroups": {"SESSION_MISSING_UPSTREAM"},
        "getWhatsAppContacts": {"SESSION_MISSING_UPSTREAM"},
    },
}


class Held:
    """A watch that is held open for the whole run, and goes on behind its last event when cut."""

    # Heartbeats come every 15 s.
    SILENCE = 20.0

    def __init__(self, mix, user):
        self.mix = mix
        self.user = user
        self.seq = None
        self.heard = time.monotonic()
        self.events = 0
        self.failures = 0
        self.server = None
        self.heartbeats = 0
        self.cuts = 0

    def on_message(self, event):
        self.check()
        self.heard = time.monotonic()
        if not event:
            self.heartbeats += 1
            return
        self.events += 1
        self.mix.check_event(self.user, event)
        if self.seq is not None and event["seq"] <= self.seq \
                and event.get("reason") != "SEQUENCE_EXPIRED":
            self.mix.wrong("a watch was told an event again, or in another order")
        self.seq = event["seq"]

    async def run(self):
        while True:
            message = {"sessionName": self.user.session, "qrFormat": "text"}
            if self.seq is not None:
                message["after"] = self.seq
            self.heard = time.monotonic()
            changes = self.user.changes
            heard = self.events + self.heartbeats
            # Not where the last one was cut, if there is another.
            addresses = self.mix.client.addresses
            others = [a for a in addresses if a != self.server] or addresses
            answer = await self.mix.client.call(
                "watchSession", self.user, message, None, self.on_message,
                address=random.choice(others), attempts=1)
            self.server = answer.server
            self.cuts += 1
            # A cut is none of the server's failures, but that nobody takes the watch is.
            self.failures = self.failures + 1 if heard == self.events + self.heartbeats else 0
            if answer.reason in ("CONNECTION_FAILED", "SERVER_STOPPING") \
                    and self.failures < ATTEMPTS:
                continue
            if answer.code == "ok" and changes == self.user.changes and not self.user.is_busy \
                    and self.user.state != "out" and not self.mix.is_disturbed():
                self.mix.wrong("a watch ended as if the session were logged out")
            if answer.code != "ok" and answer.reason not in OF_THE_STATE:
                self.mix.record("watchSession", time.monotonic(), answer)
            # Until somebody initiates a session that was logged out.
            await asyncio.sleep(0.5)

    def check(self):
        if time.monotonic() - self.heard > self.SILENCE:
            self.mix.wrong("a watch heard nothing for 20 s")
