"""What is put under load: programs of our own on loopback, or a deployment that runs already."""

import asyncio
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from hostile.service import NO_RATES, ROOT

TICKS = os.sysconf("SC_CLK_TCK")


def fetch(url, method="GET", body=None):
    request = urllib.request.Request(
        url, method=method, data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def free_port():
    """One below those that the system gives to outgoing connections, so that it stays free."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Remote:
    """A deployment that runs, of which nothing is known but its addresses."""

    def __init__(self, url, admin, token_file):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http":
            raise SystemExit("the callers speak HTTP/2 without TLS: --url http://HOST:PORT")
        self.addresses = [(parts.hostname, parts.port or 80)]
        self.admin = admin.rstrip("/")
        with open(token_file) as file:
            self.tokens = file.read().split()
        self.simulator = None
        self.peak = 0
        self.first = None
        self.last = None

    def sample(self):
        """Looks at what the server has used."""
        text = fetch(self.admin + "/metrics")

        def value(name):
            found = re.search(r"^%s ([0-9.e+]+)" % name, text, re.M)
            return float(found.group(1)) if found else 0.0
        self.last = value("process_cpu_seconds_total")
        if self.first is None:
            self.first = self.last
        self.peak = max(self.peak, value("process_resident_memory_bytes"))

    def forget(self):
        """Begins to count anew."""
        self.first = None
        self.sample()

    def used(self):
        return [("the deployment", self.last - self.first, self.peak)]

    def cpu(self):
        return self.last - self.first

    def stop(self):
        pass


class Program:
    """A process of ours, and what it has used up to now."""

    def __init__(self, name, process):
        self.name = name
        self.process = process
        self.before = None
        self.cpu = 0.0
        self.peak = 0
        self.sample()

    def sample(self):
        try:
            with open("/proc/%d/stat" % self.process.pid) as file:
                fields = file.read().rpartition(")")[2].split()
            with open("/proc/%d/status" % self.process.pid) as file:
                found = re.search(r"VmHWM:\s+(\d+) kB", file.read())
        except OSError:
            return
        if not found:
            return
        cpu = (int(fields[11]) + int(fields[12])) / TICKS
        if self.before is None:
            self.before = cpu
        self.cpu = cpu - self.before
        self.peak = int(found.group(1)) << 10

    def end(self, how=signal.SIGTERM):
        """Ends it, and gives its exit status."""
        self.sample()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Own:
    """PostgreSQL, a simulator and two servers, which end with it."""

    def __init__(self, folder_of_programs, servers=2):
        self.bin = folder_of_programs
        self.folder = tempfile.mkdtemp(prefix="load-")
        # PostgreSQL may be run as another user.
        os.chmod(self.folder, 0o711)
        self.log_count = 0
        self.ended = []
        self.servers = []
        self.addresses = []
        self.waha = None
        self.has_database = False
        self.lock = threading.Lock()
        try:
            self.key = {"WAHA_API_KEY": "load", "DATABASE_URL": self.start_database(), **NO_RATES}
            port = free_port()
            self.simulator = "http://127.0.0.1:%d" % port
            self.waha_arguments = ["--listen", "127.0.0.1:%d" % port, "--scan-after", "never",
                                   "--start-delay", "50ms", "--qr-count", "1000"]
            self.start_waha()
            webhooks = free_port()
            self.key.update({
                "WAHA_API_URL": self.simulator, "USER_API_WEBHOOK_SECRET": "0" * 32,
                "USER_API_WEBHOOK_URL": "http://127.0.0.1:%d" % webhooks})
            for number in range(servers):
                self.start_server(free_port(), webhooks if number == 0 else free_port())
            self.tokens = [subprocess.run(
                [self.path("user-api-server"), "token", "issue", "--user", "load", "--role",
                 "SERVICE", "--expires", "12h"], env={**os.environ, **self.key}, check=True,
                capture_output=True, text=True).stdout.split()[-1]]
        except BaseException:
            self.stop()
            raise

    def path(self, name):
        return os.path.join(self.bin, name)

    def start_database(self):
        self.has_database = True
        # It must not keep our pipe, which somebody may be waiting for the end of.
        return subprocess.run(
            [ROOT + "/scripts/postgres", "start", self.folder + "/postgres"], check=True,
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True).stdout.strip()

    def kill_database(self):
        subprocess.run([ROOT + "/scripts/postgres", "kill", self.folder + "/postgres"], check=True)

    def start_waha(self):
        process, _ = self.run("waha-simulator", *self.waha_arguments, says=r"http://")
        self.waha = Program("waha-simulator", process)

    def kill_waha(self):
        self.ended.append(self.waha)
        self.waha.end(signal.SIGKILL)

    def start_server(self, port, admin):
        """Starts a server, which is called once it listens."""
        process, log = self.run(
            "user-api-server", "serve", "--listen", "127.0.0.1:%d" % port, "--admin-listen",
            "127.0.0.1:%d" % admin, "--log-format", "json", says=r'"message":"listening"')
        server = Program("user-api-server %d" % (len(self.servers) + 1 + sum(
            p.name.startswith("user-api-server") for p in self.ended)), process)
        server.port, server.admin, server.log = port, admin, log
        self.servers.append(server)
        if ("127.0.0.1", port) not in self.addresses:
            self.addresses.append(("127.0.0.1", port))
        return server

    def kill_server(self, server):
        """Its address stays, as callers do not know of it."""
        self.servers.remove(server)
        self.ended.append(server)
        server.end(signal.SIGKILL)

    def retire_server(self, server):
        """Ends it in good order. Those who call are told first. Gives its exit status."""
        self.addresses.remove(("127.0.0.1", server.port))
        self.servers.remove(server)
        self.ended.append(server)
        return server.end()

    def run(self, name, *arguments, says):
        with self.lock:
            self.log_count += 1
            path = os.path.join(self.folder, "%s-%d.log" % (name, self.log_count))
        environment = {**os.environ, **self.key}
        with open(path, "wb") as log:
            process = subprocess.Popen(
                [self.path(name), *arguments], env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT)
        for _ in range(1500):
            with open(path) as log:
                text = log.read()
            if re.search(says, text):
                return process, path
            if process.poll() is not None:
                break
            time.sleep(0.02)
        process.kill()
        process.wait()
        raise SystemExit("%s does not start: %s" % (name, text))

    def control(self, method, path, body=None):
        return fetch(self.simulator + "/simulator/" + path, method, body)

    def sessions(self):
        """The names of the sessions that WAHA has."""
        return [session["name"] for session in json.loads(self.control("GET", "sessions"))]

    async def scan(self, session):
        """What a phone does with the code on show, if there is one."""
        try:
            await asyncio.to_thread(self.control, "POST", "sessions/%s/scan" % session)
        except OSError:
            pass

    def sample(self):
        for program in [*self.servers, self.waha]:
            program.sample()

    def forget(self):
        """Begins to count anew what they use."""
        for program in [*self.servers, self.waha]:
            program.before = None
        self.sample()

    def cpu(self):
        """Of the servers alone."""
        return sum(cpu for name, cpu, _ in self.used() if name.startswith("user-api-server"))

    def used(self):
        self.sample()
        servers = [p for p in self.ended if p is not self.waha] + self.servers
        wahas = [p for p in servers if p.name == "waha-simulator"] + [self.waha]
        servers = [p for p in servers if p.name != "waha-simulator"]
        return [(p.name, p.cpu, p.peak) for p in servers + wahas]

    def stop(self):
        for program in [*self.servers, self.waha]:
            if program:
                program.end(signal.SIGKILL if program is self.waha else signal.SIGTERM)
        if self.has_database:
            subprocess.run([ROOT + "/scripts/postgres", "stop", self.folder + "/postgres"],
                           stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
