"""Every shipped spec, once: ``python benchmarks/specs.py`` writes specs.md.

All specs are checked as in continuous integration (``--expect --quiet``: one process a core, one worker each), with an
empty cache. *Whole* is loading, compiling and exploring; *explore* the search alone. A spec that is answered before
machine code would be ready has been explored by the reference semantics. One run each: the table is there to find the
spec that takes long, not to compare tools (that is engine.py).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
HEAD = ("spec", "verdict", "distinct", "transitions", "depth", "whole s", "explore s", "states/s")


def measured(paths: Sequence[str]) -> tuple[Any, float]:
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": cache}
        command = [sys.executable, "-m", "checker", "--expect", "--quiet", "--json", *paths]
        began = time.perf_counter()
        run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
        seconds = time.perf_counter() - began
    print(run.stderr, file=sys.stderr, end="")
    return json.loads(run.stdout), seconds


def row(result: Any) -> list[str]:
    explored, verdict = result["explored"], result["verdict"]
    explore = result["seconds"]["explore"]
    if verdict == "violated":
        steps = min(one["steps"] for one in result["properties"] if one["verdict"] == "violated")
        verdict = f"violated, {steps} steps"
    if result["not_as_expected"]:
        verdict += ", NOT AS EXPECTED"
    rate = explored["distinct_states"] / explore if explore else 0
    return [
        result["spec"].removeprefix("specs/").removesuffix(".yaml"), verdict, f"{explored['distinct_states']:,}",
        f"{explored['transitions']:,}", str(explored["depth"]), f"{sum(result['seconds'].values()):.1f}",
        f"{explore:.2f}", f"{rate:,.0f}",
    ]  # fmt: skip


def table(rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(HEAD)} |", "|---|---|" + "---:|" * (len(HEAD) - 2)]
    return "\n".join([*lines, *(f"| {' | '.join(one)} |" for one in rows)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=["specs"], help="files or directories")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="what --json printed in an earlier run")
    options = parser.parse_args()
    if options.answers is not None:
        found, seconds = json.loads(options.answers.read_text()), 0.0
    else:
        found, seconds = measured(options.paths)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    load = f"load average {os.getloadavg()[0]:.1f}"
    rows = [row(one) for one in found]
    whole = f", {seconds:.0f} s altogether" if seconds else ""
    title = f"# Every shipped spec\n\n{datetime.date.today()}: {machine}, {load}. {len(rows)} specs{whole}."
    (HERE / "specs.md").write_text(f"{title}\n\n{table(rows)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
