"""Every shipped spec, once, each in a process of its own: ``python benchmarks/specs.py`` writes specs.md.

*First* is the whole process with empty caches, as after an installation; *explore* the search alone. A spec that is
answered before machine code would be ready has been explored by the reference semantics. One run each: the table is
there to find the spec that takes long, not to compare tools (that is engine.py).
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
SECONDS_MAX = 120
HEAD = ("spec", "verdict", "distinct", "transitions", "depth", "first s", "explore s", "states/s")


def measured(spec: Path, cache: str) -> tuple[Any, float]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": cache}
    command = [sys.executable, "-m", "checker", "--json", str(spec.relative_to(ROOT))]
    began = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    seconds = time.perf_counter() - began
    if run.returncode not in (0, 1, 3, 4):
        sys.exit(f"{spec}: exit code {run.returncode}\n{run.stderr}")
    return json.loads(run.stdout), seconds


def row(spec: Path, cache: str) -> tuple[list[str], float]:
    result, seconds = measured(spec, cache)
    explored, explore = result["explored"], result["seconds"]["explore"]
    verdict = result["verdict"]
    if verdict == "violated":
        steps = min(one["steps"] for one in result["properties"] if one["verdict"] == "violated")
        verdict = f"violated, {steps} steps"
    rate = explored["distinct_states"] / explore if explore else 0
    return [
        str(spec.relative_to(ROOT / "specs").with_suffix("")), verdict, f"{explored['distinct_states']:,}",
        f"{explored['transitions']:,}", str(explored["depth"]), f"{seconds:.1f}", f"{explore:.2f}", f"{rate:,.0f}",
    ], seconds  # fmt: skip


def table(rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(HEAD)} |", "|---|---|" + "---:|" * (len(HEAD) - 2)]
    return "\n".join([*lines, *(f"| {' | '.join(one)} |" for one in rows)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=["specs"], help="files or directories")
    parser.add_argument("--write", action="store_true", help="replace specs.md")
    options = parser.parse_args()
    given = [Path(one) for one in options.paths]
    found = [path for one in given for path in ([one] if one.is_file() else one.rglob("*.yaml"))]
    rows, total = [], 0.0
    with tempfile.TemporaryDirectory() as cache:
        for spec in sorted(path.resolve() for path in found):
            one, seconds = row(spec, cache)
            rows.append(one)
            total += seconds
            slow = f"  more than {SECONDS_MAX} s" if seconds > SECONDS_MAX else ""
            print("  ".join(one) + slow, file=sys.stderr, flush=True)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    title = f"# Every shipped spec\n\n{datetime.date.today()}: {machine}. {len(rows)} specs, {total:.0f} s altogether."
    text = f"{title}\n\n{table(rows)}\n"
    if options.write:
        (HERE / "specs.md").write_text(text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
