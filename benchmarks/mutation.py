"""Is every guard of the Kafka and Flink actors needed? Each `if` and `require` is negated, and removed, one at a time;
each mutant is checked with the specs that reach it until one differs from its `expect` (verdict, property, steps,
counts).

    python benchmarks/mutation.py [--only SUBSTRING] [--every N] [--asked N] [--processes 2] [--results FILE]

First every spec is run once as it is: which methods and which outcomes of each `if` it reaches decides which mutants it
can tell from the original. Prints one line for each mutant, and the survivors at the end. A survivor needs a reason:
see ``REASONS``. With ``--results`` the outcomes are kept in a file, and those that are there already are not computed
again.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "model"
PACKAGES = ("kafka", "flink")
STATES_MAX = 1_000_000  # A spec with more states is not asked.
LATE_ANSWER = "an answer after the wait was given up needs a delayed VerifyOnlyResponse, and no spec delays one"
OLD_MARKER = "a producer's epoch rises only when its markers are answered, so only a delayed marker could be older"
OLD_TERM = "one fifo link keeps a predecessor's markers before its successor's; only a delayed marker could be late"
ONE_AT_A_TIME = "a gap needs two batches in flight, or a batch that expired, whose transaction is aborted either way"
ASSERTION = "a part of an assertion: only a coordinator that goes wrong could fail it"
ONE_MARKER = "one marker is on its way at a time, and its answer comes before the next: only a delayed one could differ"
SAME_REACTION = "the client reacts alike to either error; only a late Produce meets this one, and nobody listens"
NO_BUMP = "no client here asks for the next epoch (KIP-360); the application's head says so"
REASONS: dict[str, str] = {  # "file:function: condition" -> why nothing can tell
    "partition:end_verification: batch is None": LATE_ANSWER,
    "offsets_partition:end_verification: commit is None": LATE_ANSWER,
    "partition:append_verified: quiet(self.reader)": "under read_committed an append makes nothing readable",
    "partition:write_marker: self.checks_epoch and marker.epoch < entry.epoch": OLD_MARKER,
    "offsets_partition:write_marker: self.checks_epoch and marker.epoch < entry.epoch": OLD_MARKER,
    "partition:write_marker: marker.coordinator_epoch < entry.coordinator_epoch": OLD_TERM,
    "offsets_partition:write_marker: marker.coordinator_epoch < entry.coordinator_epoch": OLD_TERM,
    "partition:append_and_answer: self.checks_sequence and (not self.in_sequence(batch, entry))": ONE_AT_A_TIME,
    "partition:in_sequence: entry.epoch == NO_EPOCH": ONE_AT_A_TIME,
    "partition:translated: error == Error.PRODUCER_FENCED": SAME_REACTION,
    "partition:translated: error == Error.CONCURRENT_TRANSACTIONS": SAME_REACTION,
    "transaction_coordinator:may_follow: previous == TransactionState.ONGOING": ASSERTION,
    "transaction_coordinator:complete_marker: marker.epoch != metadata.epoch or marker.result != self.result(metadata."
    "state)": ONE_MARKER,
    "transaction_coordinator:init_producer_id: expected == self.last_epoch[producer_id]": NO_BUMP,
    "application:adopt_epoch: response.error != Error.NONE": NO_BUMP,
}
# What a spec reaches: its actor classes, actions and handlers that ran, outcomes of each `if`, number of states.
BASELINE = """
import json, sys
import checker.checking
from checker.build import build
from checker.options import Options
from checker.spec import load

kept = []
judge = checker.checking._judge
def noting(spec, system, reference, engine, found, witnesses):
    kept.append((checker.checking._never_ran(system, engine.counters()), sorted(engine.covered())))
    return judge(spec, system, reference, engine, found, witnesses)
checker.checking._judge = noting
for path in sys.argv[2:]:
    spec = load(path)
    classes = sorted(build(spec).system.classes)
    kept.clear()
    result = checker.checking.run(spec, Options(workers=1, states=int(sys.argv[1])))
    states = result.explored.distinct_states
    if states < int(sys.argv[1]):
        pinned = spec.expect is not None and spec.expect.distinct_states is not None
        print(json.dumps([path, states, pinned, classes, *kept[0]]), flush=True)
"""
# Runs in a copy of the tree in which one guard is changed. Prints the first spec that differs, if one does. A mutant
# that has many more states than the original differs, whatever else it does.
RUNNER = """
import sys
from checker.checking import run
from checker.expectation import differences
from checker.options import Options
from checker.spec import load

for one in sys.argv[1:]:
    path, states = one.rsplit(":", 1)
    spec = load(path)
    result = run(spec, Options(workers=1, states=int(states) * 13 // 10 + 10_000))
    if result.problem or differences(spec.expect, result):
        print(path, "(model error)" if result.problem else f"({result.outcome.value})")
        break
"""


@dataclass(frozen=True)
class Baseline:
    path: str
    states: int
    pinned: bool  # Its counts are: it notices most.
    classes: frozenset[str]
    never_ran: frozenset[str]  # "Actor.action"
    covered: frozenset[tuple[str, int, bool]]  # "Actor.method", line, outcome of the `if`


@dataclass(frozen=True)
class Mutant:
    file: str  # Below model/, without .py.
    actor: str
    function: str
    line: int
    condition: str
    change: str
    source: str

    is_if: bool

    @property
    def name(self) -> str:
        return f"{self.file}.py:{self.line} {self.function}: `{self.condition}` {self.change}"

    def is_reached_by(self, spec: Baseline) -> bool:
        """Whether this spec can tell the mutant from the original at all."""
        if self.actor not in spec.classes:
            return False
        if not self.is_if:  # Without its guard, a step that never ran may run.
            return True
        where = f"{self.actor}.{self.function}"
        true = (where, self.line, True) in spec.covered
        return true or (self.change == "negated" and (where, self.line, False) in spec.covered)


def actor_files() -> list[str]:
    found = [one for package in PACKAGES for one in (MODELS / package).rglob("*.py") if "@actor" in one.read_text()]
    return sorted(str(one.relative_to(MODELS).with_suffix("")) for one in found)


def mutants(file: str) -> Iterator[Mutant]:
    tree = ast.parse((MODELS / f"{file}.py").read_text())
    for cls in (one for one in tree.body if isinstance(one, ast.ClassDef)):
        for function in (one for one in cls.body if isinstance(one, ast.FunctionDef)):
            for number, node in enumerate(ast.walk(function)):
                test = condition(node)
                if test is None:
                    continue
                is_if = isinstance(node, ast.If)
                for change, new in (("negated", ast.UnaryOp(ast.Not(), test)), ("removed", ast.Constant(not is_if))):
                    changed = copy.deepcopy(tree)
                    replace_condition(find(changed, cls.name, function.name, number), new)
                    text = ast.unparse(ast.fix_missing_locations(changed))
                    line = getattr(node, "lineno", 0)
                    yield Mutant(file, cls.name, function.name, line, ast.unparse(test), change, text, is_if)


def find(tree: ast.Module, cls: str, function: str, number: int) -> ast.AST:
    for one in tree.body:
        if isinstance(one, ast.ClassDef) and one.name == cls:
            for inner in one.body:
                if isinstance(inner, ast.FunctionDef) and inner.name == function:
                    return list(ast.walk(inner))[number]
    raise AssertionError(function)


def condition(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.If):
        return node.test
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
        return node.args[0]
    return None


def replace_condition(node: ast.AST, new: ast.expr) -> None:
    if isinstance(node, ast.If):
        node.test = new
    elif isinstance(node, ast.Call):
        node.args[0] = new


def baselines(packages: set[str], processes: int) -> list[Baseline]:
    """What each spec of these packages reaches, smallest first."""
    found = [one.relative_to(ROOT) for one in (ROOT / "specs").rglob("*.yaml")]
    words = [f"\nmodel: {package}" for package in packages]
    paths = sorted(str(one) for one in found if any(word in (ROOT / one).read_text() for word in words))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(some: list[str]) -> list[Baseline]:
        command = [sys.executable, "-c", BASELINE, str(STATES_MAX), *some]
        text = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=True).stdout
        rows = [json.loads(line) for line in text.splitlines()]
        return [
            Baseline(path, states, pinned, frozenset(classes), frozenset(never), frozenset(map(tuple, covered)))
            for path, states, pinned, classes, never, covered in rows
        ]

    with ThreadPoolExecutor(processes) as pool:
        parts = pool.map(run, [paths[i::processes] for i in range(processes)])
        return sorted((one for some in parts for one in some), key=lambda one: one.states)


def killer(mutant: Mutant, specs: list[Baseline], cache: str) -> str:
    """The first spec whose outcome differs from its `expect`; empty: the mutant survives."""
    with tempfile.TemporaryDirectory() as directory:
        for part in ("checker", "model", "specs"):
            shutil.copytree(ROOT / part, Path(directory) / part, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(directory) / "model" / f"{mutant.file}.py").write_text(mutant.source)
        command = [sys.executable, "-c", RUNNER, *(f"{one.path}:{one.states}" for one in specs)]
        environment = {**os.environ, "PYTHONPATH": directory, "XDG_CACHE_HOME": cache}
        run = subprocess.run(command, capture_output=True, text=True, cwd=directory, env=environment)
        if run.returncode != 0:  # Refused by the front end, say: the mutant is not a model any more.
            return f"{run.stderr.strip().splitlines()[-1] if run.stderr.strip() else 'an error'}"
        return run.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1, help="a sample: one mutant in N")
    parser.add_argument("--asked", type=int, default=0, help="how many specs are asked about a mutant; 0: all")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    chosen = [one for file in actor_files() for one in mutants(file) if options.only in one.name]
    chosen = chosen[options.every // 2 :: options.every]
    known: dict[str, str] = {}
    if options.results and options.results.exists():
        known = dict(json.loads(line) for line in options.results.read_text().splitlines())
    kills: Counter[tuple[str, str]] = Counter()  # Which spec has killed in which function: asked first next time.

    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(options.processes) as pool:
        specs = baselines({one.file.partition("/")[0] for one in chosen}, options.processes)

        def judge(mutant: Mutant) -> str:
            where = f"{mutant.actor}.{mutant.function}"
            if mutant.name in known:
                found = known[mutant.name]
            else:
                able = [one for one in specs if mutant.is_reached_by(one)]
                able.sort(key=lambda one: (-kills[where, one.path], where in one.never_ran, not one.pinned, one.states))
                found = killer(mutant, able[: options.asked or None], cache) if able else ""
            kills[where, found.partition(" ")[0]] += 1
            print(f"{'killed by ' + found if found else 'SURVIVES'}: {mutant.name}", flush=True)
            if options.results and mutant.name not in known:
                with options.results.open("a") as file:
                    file.write(json.dumps([mutant.name, found]) + "\n")
            return found

        outcomes = list(pool.map(judge, chosen))
    survivors = [mutant for mutant, found in zip(chosen, outcomes, strict=True) if not found]
    print(f"\n{len(chosen)} mutants, {len(survivors)} survive")
    for mutant in survivors:
        reached = "" if any(map(mutant.is_reached_by, specs)) else " (reached by no spec)"
        reason = REASONS.get(f"{Path(mutant.file).name}:{mutant.function}: {mutant.condition}")
        print(f"  {mutant.name}\n      {reason or 'NO REASON GIVEN' + reached}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
