"""What the service costs a month, from counted operations and list prices: `python -m deploy.cost` writes docs/cost.md.

What a medical_asset takes of Firestore, Cloud Tasks and lines of the log is what tests/integration/test_calls.py counts
on the wire. Prices are in US dollars, tier 1 regions, without discounts. `recalled` says that a price has no dated
source here but is from memory of the public price list: look it up before relying on it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from build import ROOT

DOCUMENT = ROOT / "docs" / "cost.md"
MONTH_SECONDS = 30 * 24 * 3600
SWEEPS = 30 * 24 * 60
SHARDS = 4


@dataclass(frozen=True)
class Price:
    """Of one unit, beyond what is free a month (for the whole project or billing account)."""

    what: str
    dollars: float
    free: float
    recalled: bool = False

    def of(self, used: float) -> float:
        return max(0.0, used - self.free) * self.dollars


# Sources, as read between August and November 2026: the pages Firestore pricing (regional, Standard edition), Cloud
# Tasks pricing, Cloud Run pricing (request-based billing, tier 1), Cloud Scheduler pricing, and Google Cloud
# Observability pricing. Firestore's free quota is by day: 30 days of it.
WRITES = Price("Firestore writes", 0.09 / 1e5, 20_000 * 30)
READS = Price("Firestore reads", 0.03 / 1e5, 50_000 * 30)
DELETES = Price("Firestore deletes (TTL)", 0.01 / 1e5, 0)
DOCUMENTS = Price("Firestore storage, GiB", 0.15, 1, recalled=True)
TASKS = Price("Cloud Tasks operations", 0.40 / 1e6, 1e6)
CPU = Price("Cloud Run vCPU-seconds", 0.000024, 180_000)
MEMORY = Price("Cloud Run GiB-seconds", 0.0000025, 360_000)
CALLS = Price("Cloud Run requests", 0.40 / 1e6, 2e6)
JOBS = Price("Cloud Scheduler jobs", 0.10, 3)
UPLOADS = Price("Cloud Storage class A operations", 0.005 / 1e3, 0, recalled=True)
OPENED = Price("Cloud Storage class B operations", 0.0004 / 1e3, 0, recalled=True)
FILES = Price("Cloud Storage, GiB", 0.020, 0, recalled=True)
EGRESS = Price("Egress to the internet, GiB", 0.12, 0, recalled=True)
LOGS = Price("Cloud Logging, GiB", 0.50, 50)


@dataclass(frozen=True)
class Request:
    """What one request uses. The first block is counted (test_calls.py), the second assumed: measure yours."""

    writes: float = 3  # create, claim, end
    steps: float = 3  # of medical_asset, one write each: words, drawing, and a progress report
    reads: float = 0
    tasks: float = 2  # one CreateTask, one delivery
    calls: float = 2  # api, process
    lines: float = 2  # of the log: one for the call, one for the delivery
    opening_reads: float = 1  # a signed URL is asked for each time a file is opened: one call, one line and this
    deletes: float = 1  # by TTL, 35 days later

    listened: float = 5  # documents that one browser's listener is sent: one for each write that it sees
    work_seconds: float = 2.0  # one poster or card on one vCPU
    api_seconds: float = 0.05
    files: float = 1
    file_bytes: float = 150e3
    opened: float = 2
    record_bytes: float = 4e3
    line_bytes: float = 700
    platform_line_bytes: float = 1000  # Cloud Run logs each of its requests, Cloud Tasks and Cloud Scheduler theirs
    task_lines: float = 3  # created, dispatched, answered
    task_lines_logged: float = 0.1  # queue_log_ratio (terraform/variables.tf)


def bill(requests: int, each: Request = Request(), *, per_instance: int = 4) -> list[tuple[Price, float]]:
    """How much of what is used a month. When it is busy, up to `per_instance` deliveries share an instance."""
    api_seconds = each.api_seconds * (1 + each.opened)
    shared = min(per_instance, max(1.0, requests * each.work_seconds / MONTH_SECONDS))
    api_shared = min(16.0, max(1.0, requests * api_seconds / MONTH_SECONDS))
    sweep_seconds = SWEEPS * 0.3
    # A vCPU does one request's work at a time: sharing saves memory and waiting, not the work.
    seconds = requests * (each.work_seconds + api_seconds / api_shared) + sweep_seconds
    gibibytes = requests * (each.work_seconds * 1.0 / shared + api_seconds * 0.5 / api_shared) + sweep_seconds * 0.5
    calls = requests * (each.calls + each.opened) + SWEEPS
    lines = requests * (each.lines + each.opened) + SWEEPS
    platform_lines = calls + requests * each.task_lines * each.task_lines_logged + SWEEPS * 2
    kept = 35 / 30  # months that a record is kept; files two days longer
    return [
        (WRITES, requests * (each.writes + each.steps)),
        (READS, requests * (each.reads + each.listened + each.opened * each.opening_reads) + SWEEPS * SHARDS),
        (DELETES, requests * each.deletes),
        (DOCUMENTS, requests * each.record_bytes * kept / 2**30),
        (TASKS, requests * each.tasks),
        (CPU, seconds),
        (MEMORY, gibibytes),
        (CALLS, calls),
        (JOBS, 1),
        (UPLOADS, requests * each.files),
        (OPENED, requests * each.opened),
        (FILES, requests * each.files * each.file_bytes * 37 / 30 / 2**30),
        (EGRESS, requests * each.opened * each.file_bytes / 2**30),
        (LOGS, (lines * each.line_bytes + platform_lines * each.platform_line_bytes) / 2**30),
    ]


def document(scales: Iterable[int] = (1_000, 1_000_000, 100_000_000)) -> str:
    """The table as Markdown."""
    columns = {requests: bill(requests) for requests in scales}
    head = ["| | price | free a month |", *(f" {requests:,} requests |" for requests in columns)]
    lines = ["".join(head), "|---|---|---|" + "---:|" * len(columns)]
    for row, (price, _) in enumerate(next(iter(columns.values()))):
        name = f"{price.what}{' *' if price.recalled else ''}"
        costs = [f" {price.of(bills[row][1]):,.2f} |" for bills in columns.values()]
        lines.append(f"| {name} | {price.dollars:.10f}".rstrip("0") + f" | {price.free:,.0f} |" + "".join(costs))
    totals = {requests: sum(price.of(used) for price, used in bills) for requests, bills in columns.items()}
    lines.append("| **a month, USD** | | |" + "".join(f" **{total:,.2f}** |" for total in totals.values()))
    lines.append("| a thousand requests, USD | | |" + "".join(f" {t / n * 1000:,.4f} |" for n, t in totals.items()))
    return TEXT.format(table="\n".join(lines), each=_assumed())


def _assumed() -> str:
    each = Request()
    return (
        f"{each.writes:.0f} writes for the request and {each.steps:.0f} for the steps and progress of a medical_asset,"
        f" {each.reads:.0f} reads, {each.tasks:.0f} operations of Cloud Tasks, {each.lines:.0f} lines of the log, and"
        f" for each opening of its file {each.opening_reads:.0f} read, a call and a line, are counted"
        f" (`tests/integration/test_calls.py`). Assumed are {each.listened:.0f} documents sent to one browser that"
        f" listens, {each.work_seconds:.0f} s of work on one vCPU and 1 GiB, {each.files:.0f} file of"
        f" {each.file_bytes / 1e3:.0f} kB, opened {each.opened:.0f} times, {each.line_bytes:.0f} bytes for each of our"
        f" lines and {each.platform_line_bytes:.0f} for those that Cloud Run (each call), Cloud Tasks"
        f" ({each.task_lines_logged:.0%} of its operations) and Cloud Scheduler write by themselves"
    )


TEXT = """# Cost

Computed by `python -m deploy.cost` from counted operations and list prices; change the assumptions there and run it
again.

A request: {each}.

{table}

Prices are Google Cloud's public list prices in US dollars, tier 1 regions, regional Firestore, without discounts, as of
August to November 2026; those marked * are from memory of the price list and have no dated source here. Left out: the
build and its images (cents), browsers' preflight calls, log-based metrics (free up to 150 MiB), alerts, e-mail,
point-in-time recovery and backups (0.15 and 0.03 a GiB), instances kept warm (`min_instances`, about 10 dollars a month
for one of 1 vCPU), and what a language model costs. Firestore's free quota is by day, and here as if requests came
evenly. A request that is retried pays its writes, task operations and work again.
"""


def main() -> None:
    DOCUMENT.write_text(document())
    print(f"Written to {DOCUMENT.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
