"""Is every guard of the Kafka actors needed? Each `if` and `require` is negated, and removed, one at a time; each
mutant is checked with the transactional specs until one differs from its `expect` (verdict, property, steps, counts).

    python benchmarks/mutation.py [--only SUBSTRING] [--specs GLOB ...] [--processes 2] [--results FILE]

Prints one line for each mutant, and the survivors at the end. A survivor needs a reason: see ``REASONS``. With
``--results`` the outcomes are kept in a file, and those that are there already are not computed again.
"""

from __future__ import annotations

import argparse
import ast
import copy
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("application", "partition", "transaction_coordinator", "offsets_partition", "consumer")
# Those with few states first; then one with two instances, a pause and all counts pinned, where most mutants die.
SPECS = (
    "specs/broken/offsets_before.yaml", "specs/broken/auto_commit.yaml", "specs/broken/no_sequence_check.yaml",
    "specs/broken/no_markers_after_reload.yaml", "specs/txn_timeout.yaml", "specs/txn_lost_messages.yaml",
    "specs/txn_crash.yaml", "specs/broken/*.yaml", "specs/txn_delayed_produce.yaml",
    "specs/txn_delayed_init_producer_id.yaml", "specs/txn_expired_batch.yaml", "specs/txn_delayed_*.yaml",
    "specs/txn.yaml",
)  # fmt: skip
EXCLUDED = ("specs/txn_delayed_produce_unfenced.yaml",)  # Four million states for each mutant.
LATE_ANSWER = "an answer after the wait was given up needs a delayed VerifyOnlyResponse, and no spec delays one"
OLD_MARKER = "a producer's epoch rises only when its markers are answered, so only a delayed marker could be older"
OLD_TERM = "one fifo link keeps a predecessor's markers before its successor's; only a delayed marker could be late"
ONE_AT_A_TIME = "a gap needs two batches in flight, or a batch that expired, whose transaction is aborted either way"
CUT_LOG = "what is left of the log never holds an older transaction of the producer, nor a second producer's"
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
    "partition:first_offset: self.log[offset].marker is not None": CUT_LOG,
    "partition:aborted_transactions: entry.producer_id != producer_id": CUT_LOG,
    "partition:aborted_transactions: entry.marker is not None": CUT_LOG,
    "partition:translated: error == Error.PRODUCER_FENCED": SAME_REACTION,
    "partition:translated: error == Error.CONCURRENT_TRANSACTIONS": SAME_REACTION,
    "offsets_partition:commit_offset: entry.pending is not None": "no run commits plainly beside a pending offset",
    "transaction_coordinator:init_producer_id: expected == self.last_epoch[producer_id]": NO_BUMP,
    "application:adopt_epoch: response.error != Error.NONE": NO_BUMP,
}
STATES_MAX = 3_000_000  # Beyond, the mutant has changed the counts anyhow.

# Runs in a copy of the tree in which one guard is changed. Prints the first spec that differs, if one does.
RUNNER = """
import sys
from checker.check import run
from checker.expectation import differences
from checker.options import Options
from checker.spec import load

for path in sys.argv[2:]:
    spec = load(path)
    result = run(spec, Options(workers=1, states=int(sys.argv[1])))
    if result.problem or differences(spec.expect, result):
        print(path, "(model error)" if result.problem else f"({result.outcome.value})")
        break
"""


@dataclass(frozen=True)
class Mutant:
    file: str
    function: str
    line: int
    condition: str
    change: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.file}.py:{self.line} {self.function}: `{self.condition}` {self.change}"


def mutants(file: str) -> Iterator[Mutant]:
    tree = ast.parse((ROOT / "model" / "kafka" / "transactions" / f"{file}.py").read_text())
    for cls in (one for one in tree.body if isinstance(one, ast.ClassDef)):
        for function in (one for one in cls.body if isinstance(one, ast.FunctionDef)):
            for number, node in enumerate(ast.walk(function)):
                if condition(node) is None:
                    continue
                for change in ("negated", "removed"):
                    changed = copy.deepcopy(tree)
                    twin = find(changed, cls.name, function.name, number)
                    test = condition(twin)
                    assert test is not None
                    if change == "negated":
                        new: ast.expr = ast.UnaryOp(ast.Not(), test)
                    elif isinstance(twin, ast.If):
                        new = ast.Constant(False)
                    else:
                        new = ast.Constant(True)
                    replace_condition(twin, new)
                    text = ast.unparse(ast.fix_missing_locations(changed))
                    shown = ast.unparse(test if change == "removed" else condition(node) or test)
                    yield Mutant(file, function.name, getattr(node, "lineno", 0), shown, change, text)


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


def killer(mutant: Mutant, specs: list[str], cache: str) -> str:
    """The first spec whose outcome differs from its `expect`; empty: the mutant survives."""
    with tempfile.TemporaryDirectory() as directory:
        for part in ("checker", "model", "specs"):
            shutil.copytree(ROOT / part, Path(directory) / part, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(directory) / "model" / "kafka" / "transactions" / f"{mutant.file}.py").write_text(mutant.source)
        command = [sys.executable, "-c", RUNNER, str(STATES_MAX), *specs]
        environment = {**os.environ, "PYTHONPATH": directory, "XDG_CACHE_HOME": cache}
        run = subprocess.run(command, capture_output=True, text=True, cwd=directory, env=environment)
        if run.returncode != 0:  # Refused by the front end, say: the mutant is not a model any more.
            return f"{run.stderr.strip().splitlines()[-1] if run.stderr.strip() else 'an error'}"
        return run.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--specs", nargs="*", default=list(SPECS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    specs = list(dict.fromkeys(one for pattern in options.specs for one in sorted(glob.glob(pattern, root_dir=ROOT))))
    specs = [one for one in specs if one not in EXCLUDED]
    chosen = [one for file in FILES for one in mutants(file) if options.only in one.name]
    known: dict[str, str] = {}
    if options.results and options.results.exists():
        known = dict(json.loads(line) for line in options.results.read_text().splitlines())

    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(options.processes) as pool:

        def judge(mutant: Mutant) -> str:
            found = known[mutant.name] if mutant.name in known else killer(mutant, specs, cache)
            print(f"{'killed by ' + found if found else 'SURVIVES'}: {mutant.name}", flush=True)
            if options.results and mutant.name not in known:
                with options.results.open("a") as file:
                    file.write(json.dumps([mutant.name, found]) + "\n")
            return found

        outcomes = list(pool.map(judge, chosen))
    survivors = [mutant for mutant, found in zip(chosen, outcomes, strict=True) if not found]
    print(f"\n{len(chosen)} mutants, {len(survivors)} survive")
    for mutant in survivors:
        reason = REASONS.get(f"{mutant.file}:{mutant.function}: {mutant.condition}", "NO REASON GIVEN")
        print(f"  {mutant.name}\n      {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
