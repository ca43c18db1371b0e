"""The server under attack: started, or one that runs already; and what can be seen of it."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

from . import wire

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Time-outs so short that an attack that waits for them is over soon, and limits so low that one
# machine can exceed them. The others are the defaults.
LIMITS = {
    "USER_API_HANDSHAKE_TIMEOUT": "2s",
    "USER_API_HEADER_TIMEOUT": "2s",
    "USER_API_BODY_TIMEOUT": "3s",
    "USER_API_WRITE_STALL_TIMEOUT": "3s",
    "USER_API_MAX_CONNECTIONS": "1000",
    "USER_API_MAX_CONNECTIONS_PER_ADDRESS": "400",
}


# One caller, here, is as many as there are elsewhere.
NO_RATES = {
    "USER_API_%s_LIMIT" % limit: "none" for limit in ("READ", "WRITE", "LIST", "FAILED_AUTH")}


class Service:
    """A server that runs, by its addresses and its process."""

    def __init__(self, url, admin, token, pid):
        parts = urllib.parse.urlsplit(url)
        self.target = (parts.hostname, parts.port)
        self.admin = admin
        self.token = token
        self.pid = pid
        self.simulator = None
        answer = wire.call(self.target, token, "initiateWhatsAppSession")
        found = re.search(r'"sessionName":"([^"]+)"', answer)
        if not found:
            raise SystemExit("no session: " + answer)
        self.session = found.group(1)

    def stop(self):
        pass

    def await_working(self):
        """Until the session's phone is linked, and the server is as it is after some calls."""
        self.await_status()
        self._warm_up()
        # Idle connections to WAHA among them, which come and go.
        self.resting_descriptors = self.descriptors()

    def await_status(self):
        """Until the session's phone is linked."""
        message = json.dumps({"sessionName": self.session})
        for _ in range(600):
            if "WORKING" in wire.call(self.target, self.token, "getSessionStatus", message):
                break
            time.sleep(0.05)
        else:
            raise SystemExit("the session never came to work")

    def refresh_lists(self):
        """Has the server read the lists anew: a stand-in WAHA that writes ten thousand contacts
        answers nobody else meanwhile, and that is not the attack's doing."""
        message = json.dumps({"sessionName": self.session, "maxAgeMs": 0})
        wire.call(self.target, self.token, "getWhatsAppContacts", message)

    def _warm_up(self):
        """So many calls at once that the database has all the connections it will ever have."""
        peer = wire.Peer(self.target, time.monotonic() + 30)
        ids = wire.streams()[:200]
        block = wire.request_block("getWhatsAppSession", self.token)
        peer.send(b"".join(wire.headers(s, block, end_stream=True) for s in ids))
        peer.read(lambda p: len(p.ended) + len(p.reset_streams) == len(ids), 30)
        peer.close()

    def limits(self):
        """How often each limit was exceeded."""
        with urllib.request.urlopen(self.admin + "/metrics", timeout=30) as answer:
            text = answer.read().decode()
        found = re.findall(
            r'^user_api_limit_exceeded_total\{limit="([a-z_]+)"\} (\d+)', text, re.MULTILINE)
        return {name: int(count) for name, count in found}

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def memory(self, peak=False):
        """Resident memory in bytes; or its peak since `forget_peak`."""
        with open("/proc/%d/status" % self.pid) as status:
            found = re.search(("VmHWM" if peak else "VmRSS") + r":\s+(\d+) kB", status.read())
        return int(found.group(1)) << 10

    def forget_peak(self):
        with open("/proc/%d/clear_refs" % self.pid, "w") as file:
            file.write("5")

    def is_alive(self):
        return os.path.exists("/proc/%d/fd" % self.pid) and self.descriptors() > 0


class OwnService(Service):
    """A simulator and a server that end with it. The server has a core, all else another."""

    def __init__(self, folder_of_programs, limits=LIMITS, book=("--contacts", "10000"),
                 admin_listen="127.0.0.1:0"):
        self.settings = limits
        self.book = book
        self.admin_listen = admin_listen
        self.folder = tempfile.mkdtemp()
        self.database = self.folder + "/user-api.db"
        self.programs = []
        self.bin = folder_of_programs
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[-1]})
        self.server_core = cores[0]
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        key = {
            "WAHA_API_KEY": "attack", "DATABASE_URL": "sqlite:" + self.database, **NO_RATES}
        simulator_log = self._run(
            "waha-simulator", "--listen", "127.0.0.1:0", "--scan-after", "1ms", *self.book,
            environment=key)
        self.simulator_url = self._find(simulator_log, r"(http://[^ \n]+)")
        self._start_server({**key, **self.settings, "WAHA_API_URL": self.simulator_url})

    def _start_server(self, environment):
        log = self._run(
            "user-api-server", "serve", "--listen", "127.0.0.1:0", "--admin-listen",
            self.admin_listen, "--threads", "1", "--log-format", "json", environment=environment,
            core=self.server_core)
        self.environment = environment
        pid = self.programs[-1].pid
        address = r'"message":"%s"[^\n]*?(127\.0\.0\.1:\d+)|(127\.0\.0\.1:\d+)[^\n]*"message":"%s"'
        url = self._find(log, address % ("listening", "listening"))
        admin = self._find(log, address % ("admin port listening", "admin port listening"))
        issued = subprocess.run(
            [os.path.join(self.bin, "user-api-server"), "token", "issue", "--user", "attack",
             "--expires", "12h"], env={**os.environ, **environment}, check=True,
            capture_output=True, text=True).stdout
        super().__init__("http://" + url, "http://" + admin, issued.split()[-1], pid)

    def restart_server(self):
        """The same, with nothing in memory."""
        self._end(self.programs.pop())
        self._start_server(self.environment)

    def _run(self, name, *arguments, environment, core=None):
        path = os.path.join(self.folder, name + ".log")
        with open(path, "wb") as log:
            self.programs.append(subprocess.Popen(
                [os.path.join(self.bin, name), *arguments], env={**os.environ, **environment},
                stdout=log, stderr=subprocess.STDOUT,
                preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if core is not None else None))
        return path

    def _find(self, path, pattern):
        for _ in range(400):
            with open(path) as log:
                text = log.read()
            found = re.search(pattern, text)
            if found:
                return next(group for group in found.groups() if group)
            time.sleep(0.05)
        raise SystemExit("it does not start: " + text)

    @staticmethod
    def _end(program):
        if program.poll() is None:
            program.terminate()
        try:
            program.wait(5)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()

    def stop(self):
        for program in reversed(self.programs):
            self._end(program)
        shutil.rmtree(self.folder, ignore_errors=True)


def build():
    """Builds the programs as scripts/bench does.

    Returns the folder in which they are.
    """
    subprocess.run([os.path.join(ROOT, "scripts/install-dependencies")], check=True)
    command = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--scratch-path",
               ".build-release"]
    subprocess.run(command + ["--quiet"], check=True, cwd=ROOT)
    return subprocess.run(
        command + ["--show-bin-path"], check=True, cwd=ROOT, capture_output=True,
        text=True).stdout.strip()
