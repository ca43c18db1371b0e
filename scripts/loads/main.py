"""Puts a deployment under load and checks what it answers; scripts/load tells how it is called."""

import argparse
import asyncio
import collections
import json
import os
import resource
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from hostile import wire  # noqa: E402
from loads import h2load, report  # noqa: E402
from loads.client import Client  # noqa: E402
from loads.deployment import Own, Remote, free_port  # noqa: E402
from loads.users import Held, Mix  # noqa: E402

# How soon after the return of what was gone all has to be well again, in seconds.
RECOVERY = 5.0
# Delays that are not ours to be blamed for.
SLOW = {"path": "/api", "latencyMs": 1000}


class Outage:
    """A time in which some errors are no violation: from `start` to 5 s after `end`."""

    def __init__(self, start, back, reasons):
        self.start = start
        self.end = None
        self.back = back
        self.reasons = reasons
        self.recovery = None

    def covers(self, record):
        # A call that was under way when it began, or began before it was over.
        return record.end >= self.start and (
            self.end is None or record.due <= self.end + RECOVERY)


class Run:
    """One scenario on one deployment."""

    def __init__(self, name, deployment, options):
        self.name = name
        self.deployment = deployment
        self.seconds = options.seconds
        self.rate = options.rate
        self.factor = 1
        self.mix = Mix(Client(deployment.addresses), deployment, options.users)
        self.mix.is_disturbed = self.is_disturbed
        self.held = []
        self.marks = []
        self.outages = []
        self.start = 0.0
        self.lateness = 0.0
        self.what = "a deployment elsewhere" if not self.mix.has_phones else \
            "two servers over one PostgreSQL"

    def is_disturbed(self):
        now = time.monotonic()
        return any(now >= o.start and (o.end is None or now <= o.end + RECOVERY)
                   for o in self.outages)

    def mark(self, text):
        self.marks.append((time.monotonic(), text))

    def begin_outage(self, text, back, *reasons):
        self.mark(text)
        outage = Outage(time.monotonic(), back, reasons)
        self.outages.append(outage)
        return outage

    def end_outage(self, outage):
        self.mark(outage.back)
        outage.end = time.monotonic()

    async def at(self, part):
        """Waits until so large a part of the run is over."""
        await asyncio.sleep(max(0, self.start + self.seconds * part - time.monotonic()))

    async def go(self, script):
        await self.mix.set_up()
        for user in self.mix.users[::max(1, len(self.mix.users) // 20)][:20]:
            self.held.append(Held(self.mix, user))
        watches = [asyncio.create_task(held.run()) for held in self.held]
        # What starting took is not counted.
        await asyncio.sleep(2)
        self.mix.records.clear()
        self.mix.client.retried = 0
        await asyncio.to_thread(self.deployment.forget)
        self.start = time.monotonic()
        steps = asyncio.create_task(script(self))
        looks = asyncio.create_task(self.look_on())
        due = self.start
        while due < self.start + self.seconds:
            await asyncio.sleep(max(0, due - time.monotonic()))
            self.lateness = max(self.lateness, time.monotonic() - due)
            self.mix.begin(due)
            due += 1 / (self.rate * self.factor)
        await steps
        # Calls end by their deadlines; those that were to revive a session begin others.
        while self.mix.tasks:
            await asyncio.wait(self.mix.tasks)
        looks.cancel()
        for held, watch in zip(self.held, watches):
            held.check()
            if watch.done():
                self.mix.wrong("the caller itself failed: %r" % watch.exception())
            watch.cancel()
        if self.mix.has_phones:
            await self.mix.check_sessions(at_the_end=True)
        await self.mix.check_numbers()
        await self.mix.check_sessions()
        await self.mix.client.close()
        self.judge()

    async def look_on(self):
        """Looks once a second at what WAHA has and at what the servers use."""
        while True:
            await asyncio.sleep(1)
            await self.mix.check_sessions()
            try:
                await asyncio.to_thread(self.deployment.sample)
            except OSError:
                self.mix.wrong("the admin port does not answer")

    def judge(self):
        """Which of the failures are violations, and how long it took until there were none."""
        unexcused = collections.Counter()
        for record in self.mix.records:
            if record.kind == "failed" and not any(
                    o.covers(record) and record.reason in o.reasons for o in self.outages):
                unexcused["%s of %s" % (record.reason, record.procedure)] += 1
        for text, count in unexcused.items():
            self.mix.violations["no error of this scenario, or not at this time: " + text] = count
        failures = sorted(r.due for r in self.mix.records if r.kind == "failed")
        for outage in self.outages:
            well = outage.end
            for due in failures:
                if well <= due < well + 1:
                    well = due
            outage.recovery = well - outage.end
            if outage.recovery > RECOVERY:
                self.mix.wrong("%s: not well within %.0f s" % (outage.back, RECOVERY))


# The scenarios

OF_WAHA = ("UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_BUSY", "DEADLINE_EXCEEDED",
           "LINK_FAILED", "RESTART_FAILED")
OF_A_REPLICA = ("CONNECTION_FAILED", "UPSTREAM_BUSY", "DEADLINE_EXCEEDED", "STORE_UNAVAILABLE")
OF_THE_STORE = ("STORE_UNAVAILABLE", "DEADLINE_EXCEEDED")
OF_A_CROWD = ("RATE_LIMITED", "CONNECTION_BUFFER_FULL", "UPSTREAM_BUSY", "DEADLINE_EXCEEDED",
              "UPSTREAM_TIMEOUT", "STORE_UNAVAILABLE")


async def steady(run):
    await run.at(1)


async def burst(run):
    await run.at(0.4)
    outage = run.begin_outage("ten times the rate", "the rate as before", *OF_A_CROWD)
    run.factor = 10
    await asyncio.sleep(min(5, run.seconds * 0.2))
    run.factor = 1
    run.end_outage(outage)


async def slow_waha(run):
    await run.at(1 / 3)
    outage = run.begin_outage("WAHA is slow", "WAHA is quick", *OF_WAHA)
    await asyncio.to_thread(run.deployment.control, "POST", "faults", SLOW)
    await run.at(2 / 3)
    await asyncio.to_thread(run.deployment.control, "DELETE", "faults")
    run.end_outage(outage)


async def down(run):
    await asyncio.sleep(min(5, run.seconds / 6))


async def waha_down(run):
    await run.at(1 / 3)
    outage = run.begin_outage("WAHA killed", "WAHA is back", *OF_WAHA)
    await asyncio.to_thread(run.deployment.kill_waha)
    run.mix.lose_all()
    await down(run)
    await asyncio.to_thread(run.deployment.start_waha)
    run.end_outage(outage)


async def replica_killed(run):
    await run.at(1 / 3)
    server = run.deployment.servers[0]
    outage = run.begin_outage("a server killed", "the server is back", *OF_A_REPLICA)
    await asyncio.to_thread(run.deployment.kill_server, server)
    await down(run)
    await asyncio.to_thread(run.deployment.start_server, server.port, server.admin)
    run.end_outage(outage)


async def postgres_killed(run):
    await run.at(1 / 3)
    outage = run.begin_outage("PostgreSQL killed", "PostgreSQL is back", *OF_THE_STORE)
    await asyncio.to_thread(run.deployment.kill_database)
    await down(run)
    await asyncio.to_thread(run.deployment.start_database)
    run.end_outage(outage)


async def rolling_restart(run):
    """Nothing fails, but that a server says it is stopping; the call is then made at another."""
    for number, server in enumerate(list(run.deployment.servers)):
        await run.at((1 + number) / 4)
        run.mark("a new server")
        await asyncio.to_thread(run.deployment.start_server, free_port(), free_port())
        run.mark("SIGTERM to an old one")
        status = await asyncio.to_thread(run.deployment.retire_server, server)
        if status != 0:
            run.mix.wrong("a server that was to stop ended with %d" % status)


def peak(deployment, options):
    """The most calls that one server answers, of a status that it remembers."""
    run = Run("peak", deployment, options)
    mix = run.mix

    async def prepare():
        del mix.users[4:]
        await mix.set_up()
        await mix.client.close()
    asyncio.run(prepare())
    user = mix.users[1 % len(mix.users)]
    host, port = deployment.addresses[0]
    with tempfile.NamedTemporaryFile() as body:
        body.write(wire.envelope(json.dumps({"sessionName": user.session}).encode()))
        body.flush()
        headers = ["content-type: application/user-api+json", "authorization: Bearer " + user.token]
        if user.acts_as:
            headers.append("user-api-act-as: " + user.name)
        deployment.forget()
        result = h2load.run("http://%s:%d/user.v1.User/getSessionStatus" % (host, port), headers,
                            body.name, seconds=min(10, options.seconds))
    print("peak: cached getSessionStatus at one server, %d connections of %d streams" % (
        h2load.CONNECTIONS, h2load.STREAMS))
    print("  %d calls in %.1f s, %.0f a second" % (
        len(result.latencies), result.seconds, len(result.latencies) / result.seconds))
    print("  %-26s %9s %9s %9s" % ("", "p50 ms", "p99 ms", "p99.9 ms"))
    print("  %-26s %s" % ("getSessionStatus, cached", report.milliseconds(result.latencies)))
    deployment.sample()
    report.usage(deployment, len(result.latencies))
    if result.refused:
        print("  %d calls more were refused: the server limits the calls of a user"
              " (USER_API_READ_LIMIT)" % result.refused)
    if result.failed:
        print("  VIOLATION x%d: a call without success" % result.failed)
    print(flush=True)
    return not result.failed


SCENARIOS = {
    "steady": steady, "burst": burst, "slow-waha": slow_waha, "waha-down": waha_down,
    "replica-killed": replica_killed, "postgres-killed": postgres_killed,
    "rolling-restart": rolling_restart, "peak": None,
}
HARMLESS = ("steady", "burst", "peak")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/load")
    parser.add_argument("scenario", choices=[*SCENARIOS, "all"], metavar="SCENARIO")
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--out", default=".build-load")
    parser.add_argument("--bin")
    for name in ("url", "admin", "token-file"):
        parser.add_argument("--" + name)
    options = parser.parse_args()
    if not 0 < options.rate <= 2000 or not 3 <= options.seconds <= 3600 \
            or not 4 <= options.users <= 10_000:
        parser.error("--rate is at most 2000, --seconds are 3 to 3600, --users 4 to 10000")
    remote = [options.url, options.admin, options.token_file]
    if any(remote) and not all(remote):
        parser.error("--url, --admin and --token-file come together")
    names = list(SCENARIOS) if options.scenario == "all" else [options.scenario]
    if options.url:
        names = [name for name in names if name in HARMLESS]
        if not names:
            parser.error("this one ends programs, which a deployment elsewhere is spared")
    return options, names


def main():
    options, names = arguments()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.makedirs(options.out, exist_ok=True)
    is_well = True
    for name in names:
        deployment = Remote(options.url, options.admin, options.token_file) if options.url \
            else Own(options.bin)
        try:
            if name == "peak":
                is_well &= peak(deployment, options)
                continue
            run = Run(name, deployment, options)
            asyncio.run(run.go(SCENARIOS[name]))
            report.table(run)
            print("drawn: " + report.draw(run, options.out) + "\n", flush=True)
            is_well &= not run.mix.violations
        finally:
            deployment.stop()
    return 0 if is_well else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
