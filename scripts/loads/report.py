"""What is printed and drawn of a run."""

import collections
import math
import os

MIB = 1 << 20
LONG = ("linkSession", "restartSession", "logoutSession", "initiateWhatsAppSession")


def percentile(values, part):
    """Of sorted values the one that so large a part does not exceed."""
    return values[min(len(values) - 1, max(0, math.ceil(len(values) * part) - 1))]


def milliseconds(values):
    values = sorted(values)
    if not values:
        return "%9s %9s %9s" % ("-", "-", "-")
    return "%9.2f %9.2f %9.2f" % tuple(percentile(values, p) * 1e3 for p in (0.5, 0.99, 0.999))


def table(run):
    """The table of a run."""
    records = run.mix.records
    print("%s: %d calls in %.0f s, %.0f a second; %d users, %s" % (
        run.name, len(records), run.seconds, len(records) / run.seconds, len(run.mix.users),
        run.what), flush=True)
    print("  %-26s %8s %9s %9s %9s  %8s %8s %8s" % (
        "", "calls", "p50 ms", "p99 ms", "p99.9 ms", "ok", "state", "failed"))
    groups = collections.defaultdict(list)
    for record in records:
        groups[record.procedure].append(record)
    rows = [("all", records),
            ("all but those marked *", [r for r in records if r.procedure not in LONG])]
    rows += [(name + (" *" if name in LONG else ""), groups[name]) for name in sorted(groups)]
    for name, some in rows:
        kinds = collections.Counter(r.kind for r in some)
        print("  %-26s %8d %s  %8d %8d %8d" % (
            name, len(some), milliseconds([r.end - r.due for r in some if r.kind != "failed"]),
            kinds["ok"], kinds["state"], kinds["failed"]))
    errors = collections.Counter((r.kind, r.code, r.reason) for r in records if r.reason)
    for (kind, code, reason), count in sorted(errors.items()):
        print("  %-6s %-52s %8d" % (kind, "%s %s" % (code, reason), count))
    print("  %-59s %8d" % ("tried again at another server", run.mix.client.retried))
    if run.held:
        print("  %d watches held open: %d events, %d heartbeats, gone on with %d times" % (
            len(run.held), sum(h.events for h in run.held), sum(h.heartbeats for h in run.held),
            sum(h.cuts for h in run.held)))
    usage(run.deployment, len(records))
    print("  the caller was late by %.0f ms at most" % (run.lateness * 1e3))
    for outage in run.outages:
        if outage.recovery is not None:
            print("  %s: all calls succeed %.2f s after" % (outage.back, outage.recovery))
    for text, count in run.mix.violations.items():
        print("  VIOLATION x%d: %s" % (count, text))
    print(flush=True)


def usage(deployment, calls):
    """What the programs used, and what a call did of it."""
    for name, cpu, peak in deployment.used():
        print("  %-26s CPU %7.2f s   peak RSS %6.1f MiB" % (name, cpu, peak / MIB))
    cpu = deployment.cpu()
    if cpu and calls:
        print("  CPU of the servers a call %.0f us, which is %.0f calls a second a core" % (
            cpu / calls * 1e6, calls / cpu))


def draw(run, folder):
    """What each second brought, and how long it took, as a picture. Gives its path."""
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot

    per_second = collections.defaultdict(lambda: collections.defaultdict(int))
    times = collections.defaultdict(list)
    for record in run.mix.records:
        per_second[record.kind][int(record.end - run.start)] += 1
        if record.kind != "failed" and record.procedure not in LONG:
            times[int(record.due - run.start)].append((record.end - record.due) * 1e3)
    last = max([int(run.seconds)] + [s for counts in per_second.values() for s in counts])
    seconds = range(last + 1)
    figure, (upper, lower) = pyplot.subplots(
        2, 1, sharex=True, figsize=(9, 6), layout="constrained")
    kinds = (("ok", "answered", "#4c9f70"), ("state", "answered: not in this state", "#9ccfd8"),
             ("failed", "failed", "#c0392b"))
    upper.stackplot(seconds, *[[per_second[kind][s] for s in seconds] for kind, _, _ in kinds],
                    labels=[label for _, label, _ in kinds], colors=[c for _, _, c in kinds],
                    step="post")
    upper.margins(y=0.15)
    upper.set_ylabel("calls a second")
    upper.set_title(run.name)
    upper.legend(loc="lower left", fontsize="small")
    some = [s for s in seconds if times[s]]
    for part, label in ((0.5, "p50"), (0.99, "p99")):
        lower.plot([s + 0.5 for s in some], [percentile(sorted(times[s]), part) for s in some],
                   label=label)
    lower.set_yscale("log")
    lower.yaxis.set_major_formatter("{x:g}")
    lower.set_ylabel("ms, but for what WAHA takes long for")
    lower.set_xlabel("seconds")
    lower.legend(loc="upper left", fontsize="small")
    for when, text in run.marks:
        for axes in (upper, lower):
            axes.axvline(when - run.start, color="#555555", linestyle="--", linewidth=0.8)
        upper.annotate(text, (when - run.start, 0.98), xycoords=("data", "axes fraction"),
                       rotation=90, fontsize="x-small", va="top", ha="right")
    path = os.path.join(folder, run.name + ".svg")
    figure.savefig(path)
    pyplot.close(figure)
    return path
