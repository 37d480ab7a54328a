"""Is every guard of the Kafka actors needed? Each `if` and `require` is negated, and removed, one at a time; each
mutant is checked with the transactional specs until one differs from its `expect` (verdict, property, steps, counts).

    python benchmarks/mutation.py [--only SUBSTRING] [--specs GLOB ...] [--seconds 20]

Prints one line for each mutant, and the survivors at the end. A survivor needs a reason: see ``REASONS``.
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
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("application", "partition", "transaction_coordinator", "offsets_partition", "consumer")
# Cheapest first: most mutants die there.
SPECS = (
    "specs/txn_lost_messages.yaml", "specs/txn_crash.yaml", "specs/txn_delayed_produce.yaml",
    "specs/txn_delayed_init_producer_id.yaml", "specs/txn_delayed_end_txn.yaml", "specs/txn_delayed_marker.yaml",
    "specs/txn_delayed_txn_offset_commit.yaml", "specs/txn_expired_batch.yaml", "specs/broken/*.yaml",
    "specs/txn_timeout.yaml", "specs/txn.yaml",
)  # fmt: skip
REASONS: dict[str, str] = {}  # "file:function: condition" -> why nothing can tell


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
    tree = ast.parse((ROOT / "model" / "kafka" / f"{file}.py").read_text())
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


def killer(mutant: Mutant, specs: list[str], seconds: float) -> str:
    """The first spec whose outcome differs from its `expect`; empty: the mutant survives."""
    with tempfile.TemporaryDirectory() as directory:
        for part in ("checker", "model", "specs", "reports"):
            shutil.copytree(ROOT / part, Path(directory) / part, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(directory) / "model" / "kafka" / f"{mutant.file}.py").write_text(mutant.source)
        for spec in specs:
            command = [sys.executable, "-m", "checker", spec, "--expect", "--json", "--seconds", str(seconds)]
            environment = {**os.environ, "PYTHONPATH": directory}
            run = subprocess.run(command, capture_output=True, text=True, cwd=directory, env=environment)
            if run.returncode != 0:
                return f"{spec} ({outcome(run.stdout)})"
    return ""


def outcome(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return "no answer"
    one = found[0] if isinstance(found, list) else found
    return str(one.get("verdict") or "model error")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--specs", nargs="*", default=list(SPECS))
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    specs = list(dict.fromkeys(one for pattern in options.specs for one in sorted(glob.glob(pattern, root_dir=ROOT))))
    survivors = []
    count = 0
    for mutant in (one for file in FILES for one in mutants(file) if options.only in one.name):
        count += 1
        found = killer(mutant, specs, options.seconds)
        print(f"{'killed by ' + found if found else 'SURVIVES'}: {mutant.name}", flush=True)
        if not found:
            survivors.append(mutant)
    print(f"\n{count} mutants, {len(survivors)} survive")
    for mutant in survivors:
        reason = REASONS.get(f"{mutant.file}:{mutant.function}: {mutant.condition}", "NO REASON GIVEN")
        print(f"  {mutant.name}\n      {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
