"""How fast the checker is, beside SPIN: ``python benchmarks/engine.py`` prints a table and appends it to results.md.

Each figure is the median of several runs (``--runs``). *Search* is the exploration alone: ``seconds.explore`` of
``--json``, and the elapsed time that SPIN's verifier prints. *Whole* is the process from start to end; for SPIN that
is ``spin -a``, the C compiler and the verifier. Bytes a state: the memory that the engine reports for its states and
index; for SPIN its "actual memory usage for states", without hash table and stack. Counts are compared with the
spec's ``expect`` and between the tools.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import promela

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SPECS = ROOT / "specs" / "textbook"
RESULTS = HERE / "results.md"

SPIN_COMPILE = ["gcc", "-O2", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"]
SPIN_SEARCH = ["./pan", "-m20000000", "-w26"]


@dataclass(frozen=True)
class Benchmark:
    title: str
    spec: str
    promela: str


BENCHMARKS = {
    "two_phase_commit_8": Benchmark(
        "two-phase commit 8", "two_phase_commit_8.yaml", promela.two_phase_commit(8)
    ),
    "two_phase_commit_9": Benchmark(
        "two-phase commit 9", "two_phase_commit_9.yaml", promela.two_phase_commit(9)
    ),
    "idempotent_producer": Benchmark(
        "idempotent producer (5,2,2,3)", "idempotent_producer.yaml", promela.idempotent_producer(5, 2, 2, 3)
    ),
    "idempotent_producer_large": Benchmark(
        "idempotent producer (5,2,2,4)", "idempotent_producer_large.yaml", promela.idempotent_producer(5, 2, 2, 4)
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One run of one tool."""

    distinct: int
    transitions: int
    search: float
    whole: float
    state_bytes: float

    def agrees_with(self, other: Run, tool: str) -> bool:
        """Equal counts; SPIN prints only eight digits of them."""
        pairs = ((self.distinct, other.distinct), (self.transitions, other.transitions))
        return all(ours == theirs or (tool == "SPIN" and abs(ours - theirs) < ours / 1e7) for ours, theirs in pairs)


@dataclass(frozen=True)
class Row:
    title: str
    tool: str
    runs: list[Run]

    @property
    def search(self) -> float:
        return statistics.median(run.search for run in self.runs)

    @property
    def whole(self) -> float:
        return statistics.median(run.whole for run in self.runs)

    def cells(self, counted: Run, spin_search: float | None) -> list[str]:
        """``counted`` has the counts in full, which all tools agree on."""
        return [
            self.title,
            self.tool,
            f"{counted.distinct:,}",
            f"{counted.transitions:,}",
            f"{self.search:.2f}",
            f"{counted.distinct / max(self.search, 1e-9) / 1e6:.2f} M",
            f"{statistics.median(run.state_bytes for run in self.runs):.0f}",
            f"{self.whole:.2f}",
            "" if spin_search is None else f"{spin_search / max(self.search, 1e-9):.1f}",
        ]


HEADINGS = ["model", "tool", "distinct", "transitions", "search s", "distinct/s", "bytes/state", "whole s", "x SPIN"]


def run_checker(spec: str, workers: int) -> Run:
    command = [sys.executable, "-m", "checker", str(SPECS / spec), "--json", "--workers", str(workers)]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    whole = time.perf_counter() - started
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    answer = json.loads(done.stdout)
    explored = answer["explored"]
    distinct = explored["distinct_states"]
    search = float(answer["seconds"]["explore"])
    return Run(distinct, explored["transitions"], search, whole, answer["memory_bytes"] / distinct)


def run_spin(model: str) -> Run:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "model.pml").write_text(model)
        started = time.perf_counter()
        for command in (["spin", "-a", "model.pml"], SPIN_COMPILE):
            subprocess.run(command, cwd=directory, capture_output=True, check=True)
        done = subprocess.run(SPIN_SEARCH, cwd=directory, capture_output=True, text=True, check=True)
        whole = time.perf_counter() - started

    def figure(pattern: str) -> float:
        found = re.search(pattern, done.stdout)
        if found is None:
            sys.exit(f"SPIN's answer has no {pattern!r}:\n{done.stdout}")
        return float(found.group(1))

    if figure(r"errors: (\d+)"):
        sys.exit(f"SPIN found an error:\n{done.stdout}")
    distinct = round(figure(r"([\d.e+]+) states, stored"))
    transitions = round(figure(r"([\d.e+]+) transitions \(= stored\+matched\)")) - 1  # SPIN counts the initial state.
    memory = re.search(r"([\d.]+)\s+actual memory usage for states", done.stdout)
    if memory is not None:
        state_bytes = float(memory.group(1)) * 2**20 / distinct
    else:
        state_bytes = figure(r"state-vector as stored = (\d+) byte") + figure(r"byte \+ (\d+) byte overhead")
    return Run(distinct, transitions, figure(r"pan: elapsed time ([\d.e+-]+) seconds"), whole, state_bytes)


def measure(one: Benchmark, runs: int, spin: bool) -> list[Row]:
    """The tools take turns, so that a busy minute of the machine hits all of them."""
    tools: dict[str, Callable[[], Run]] = {
        "checker, 1 worker": lambda: run_checker(one.spec, 1),
        "checker, 2 workers": lambda: run_checker(one.spec, 2),
    }
    if spin:
        tools["SPIN"] = lambda: run_spin(one.promela)
    rows = [Row(one.title, tool, []) for tool in tools]
    for _ in range(runs):
        for row in rows:
            row.runs.append(tools[row.tool]())
    for row in rows:
        for run in row.runs:
            if not rows[0].runs[0].agrees_with(run, row.tool):
                sys.exit(f"{one.title}: the counts differ: {rows[0].runs[0]} and, by {row.tool}, {run}")
    return rows


def lines(rows: list[list[str]]) -> Iterator[str]:
    table = [HEADINGS, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(HEADINGS))]
    for number, row in enumerate(table):
        named = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        figures = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        yield f"| {' | '.join(named + figures)} |"
        if number == 0:
            yield "|" + "|".join("-" * (width + 1) + ("-" if i < 2 else ":") for i, width in enumerate(widths)) + "|"


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, load average before {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"any of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--runs", type=int, default=5, help="runs of each tool; the median is reported")
    parser.add_argument("--no-spin", action="store_true", help="leave SPIN out")
    parser.add_argument("--no-save", action="store_true", help="print only, leave results.md alone")
    options = parser.parse_args()
    unknown = [name for name in options.models if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    spin = not options.no_spin and shutil.which("spin") is not None and shutil.which("gcc") is not None
    about = machine()
    if os.getloadavg()[0] > 0.5:
        print("The machine is busy: compare the tools with each other, not with other days.", file=sys.stderr)
    cells: list[list[str]] = []
    for name in options.models or BENCHMARKS:
        rows = measure(BENCHMARKS[name], options.runs, spin)
        spin_search = next((row.search for row in rows if row.tool == "SPIN"), None)
        cells += [row.cells(rows[0].runs[0], spin_search) for row in rows]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    table = "\n".join(lines(cells))
    report = f"## {today}: {about}, median of {options.runs}\n\n{table}\n"
    print(report)
    if not options.no_save:
        before = RESULTS.read_text() if RESULTS.exists() else "# Results of benchmarks/engine.py\n"
        RESULTS.write_text(f"{before.rstrip()}\n\n{report}")


if __name__ == "__main__":
    main()
