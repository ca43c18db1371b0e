"""h2load, and what it tells of each call."""

import os
import re
import subprocess
import tempfile

CONNECTIONS, STREAMS = 8, 32


class Result:
    """`latencies` of the calls that succeeded and `seconds` for all; how many were `refused` by a
    limit, and how many have `failed` otherwise."""

    def __init__(self, latencies, refused, failed, seconds):
        self.latencies = latencies
        self.refused = refused
        self.failed = failed
        self.seconds = seconds


def run(url, headers, body=None, calls=None, seconds=None, connections=CONNECTIONS,
        streams=STREAMS):
    """So many calls, or for so long, with a file as the body, on connections of so many streams."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        command = ["h2load", "-c", str(connections), "-m", str(streams), "--log-file", log]
        command += ["-n", str(calls)] if calls else ["-D", "%ds" % max(1, seconds)]
        command += ["-d", body] if body else []
        command += [part for header in headers for part in ("-H", header)]
        said = subprocess.run(command + [url], check=True, capture_output=True, text=True).stdout
        latencies, refused, failed = [], 0, 0
        with open(log) as lines:
            for line in lines:
                _, status, microseconds = line.split("\t")[:3]
                if status == "200":
                    latencies.append(int(microseconds) / 1e6)
                else:
                    refused += status == "429"
                    failed += status != "429"
    finished = re.search(r"finished in ([0-9.]+)(ms|s|us)", said)
    if calls and len(latencies) + refused + failed != calls:
        raise SystemExit("h2load made other calls than it was told:\n" + said)
    unit = {"us": 1e-6, "ms": 1e-3, "s": 1}[finished.group(2)]
    return Result(latencies, refused, failed, float(finished.group(1)) * unit)
