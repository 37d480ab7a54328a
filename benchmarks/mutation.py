"""Is every guard of the Kafka and Flink actors needed? Each `if` and `require` of their methods is negated, and removed
(a branch never taken, a requirement always met), one at a time; a mutant is caught by a spec whose outcome is no longer
as its `expect` says: verdict, violated property, steps, counts, or a model that goes wrong.

    python benchmarks/mutation.py [--only SUBSTRING] [--specs SUBSTRING] [--results FILE] [--survivors FILE] [--table]

Every spec is compiled once, with all mutants that are still alive in it, and asked about each that it reaches
(`mutants.py` has how, and why the others need not be asked). Every mutant meets every spec until one catches it.
With `--results` what a spec said is kept, and believed as long as the spec and the models are the same; `--survivors`
writes what was not caught, and who was asked; `--table` writes mutation.md. A survivor needs a reason: see ``REASONS``.

    python benchmarks/mutation.py --compare N [--only SUBSTRING] [--specs SUBSTRING] [--seed N]

asks a sample of N mutants in the slow, obvious way as well: a copy of the tree with the guard changed in its source,
checked like any other. Both must agree for each mutant and spec.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import gc
import hashlib
import json
import multiprocessing
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]
from mutants import NEGATED, REMOVED, STATES_MAX, Asked, Guard, ask, files_of  # noqa: E402

from checker.build import build  # noqa: E402
from checker.spec import load  # noqa: E402

MODELS = ROOT / "model"
PACKAGES = ("kafka", "flink")
STATES_UNKNOWN = 5_000  # What a spec that is not in specs.md is taken for.
STATES_TELLING = 200  # Smaller specs catch little: they are asked last, when less is alive.
ASSERTION = "a part of an assertion: only a coordinator that goes wrong could fail it"
MIRROR = "which member is the first is chosen freely: with two of them the mirror image is the same set of outcomes"
OWN_EPOCH = "only its leader writes in an epoch: who asks for it has a batch of it from this log, where it still is"
IN_ORDER = "changes come over one reliable fifo link, and a restart forgets the epoch: none is older"
# "file:function: condition", with " negated" or " removed" if it is for one of them -> why nothing can tell.
REASONS: dict[str, str] = {
    "transaction_coordinator:may_follow: previous == TransactionState.ONGOING": ASSERTION,
    "coordinator:assign: partition % 2 == 1 negated": MIRROR,
    "coordinator:change_target: partition % 2 == 1 negated": MIRROR,
    "replica:floor_epoch: epoch == self.leader_epoch removed": OWN_EPOCH,
    "replica:apply: state.leader_epoch < self.leader_epoch removed": IN_ORDER,
}


@dataclass(frozen=True)
class Mutant:
    guard: Guard
    change: str
    condition: str
    number: int  # of the node in the walk of its function

    @property
    def name(self) -> str:
        one = self.guard
        kind = "if" if one.is_if else "require"
        return f"{one.file}.py:{one.line} {one.function}: {kind} `{self.condition}` {self.change}"

    @property
    def key(self) -> str:
        return f"{Path(self.guard.file).name}:{self.guard.function}: {self.condition}"

    def source(self) -> str:
        """Its file with the guard changed."""
        tree = ast.parse((MODELS / f"{self.guard.file}.py").read_text())
        node = list(ast.walk(_function(tree, self.guard.actor, self.guard.function)))[self.number]
        test = _condition(node)
        assert test is not None
        new = ast.UnaryOp(ast.Not(), test) if self.change == NEGATED else ast.Constant(self.guard.without)
        if isinstance(node, ast.If):
            node.test = new
        elif isinstance(node, ast.Call):
            node.args[0] = new
        return ast.unparse(ast.fix_missing_locations(tree))


def actor_files() -> list[str]:
    found = [one for package in PACKAGES for one in (MODELS / package).rglob("*.py") if "@actor" in one.read_text()]
    return sorted(str(one.relative_to(MODELS).with_suffix("")) for one in found)


def mutants(file: str) -> Iterator[Mutant]:
    tree = ast.parse((MODELS / f"{file}.py").read_text())
    for cls in (one for one in tree.body if isinstance(one, ast.ClassDef)):
        for function in (one for one in cls.body if isinstance(one, ast.FunctionDef)):
            for number, node in enumerate(ast.walk(function)):
                test = _condition(node)
                if test is not None:
                    line = getattr(node, "lineno", 0)
                    guard = Guard(file, cls.name, function.name, line, isinstance(node, ast.If))
                    yield Mutant(guard, NEGATED, ast.unparse(test), number)
                    yield Mutant(guard, REMOVED, ast.unparse(test), number)


def _function(tree: ast.Module, cls: str, function: str) -> ast.FunctionDef:
    for one in tree.body:
        if isinstance(one, ast.ClassDef) and one.name == cls:
            for inner in one.body:
                if isinstance(inner, ast.FunctionDef) and inner.name == function:
                    return inner
    raise AssertionError(function)


def _condition(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.If):
        return node.test
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
        return node.args[0]
    return None


# --- Specs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spec:
    path: str  # from the root
    states: int  # roughly; decides who is asked first

    @cached_property
    def files(self) -> frozenset[str]:
        """Those of its actors."""
        return files_of(build(load(str(ROOT / self.path))), MODELS)

    @cached_property
    def digest(self) -> str:
        """Of all that decides what it says, the checker apart."""
        return hashlib.sha256((ROOT / self.path).read_bytes() + _models_digest()).hexdigest()[:16]


def _models_digest() -> bytes:
    paths = sorted(one for package in PACKAGES for one in (MODELS / package).rglob("*.py"))
    return hashlib.sha256(b"".join(one.read_bytes() for one in paths)).digest()


def specs(packages: set[str], part: str) -> list[Spec]:
    """The specs of these packages that can be asked, in the order in which they are."""
    known = _known_states()
    found = []
    for one in sorted((ROOT / "specs").rglob("*.yaml")):
        text, path = one.read_text(), str(one.relative_to(ROOT))
        states = known.get(path, STATES_UNKNOWN)
        mine = any(f"\nmodel: {package}" in text for package in packages)
        if mine and part in path and states <= STATES_MAX and "verdict: inconclusive" not in text:
            found.append(Spec(path, states))
    return sorted(found, key=lambda one: (one.states < STATES_TELLING, one.states, one.path))


def _known_states() -> dict[str, int]:
    rows = re.findall(r"^\| (\S+) \|[^|]*\| ([\d,]+) \|", (HERE / "specs.md").read_text(), re.MULTILINE)
    return {f"specs/{name}.yaml": int(states.replace(",", "")) for name, states in rows}


# --- Asking ---------------------------------------------------------------------------------------------------------


@dataclass
class Record:
    """What one spec said. ``killed``: mutant -> how; ``same``: reached, and as expected all the same."""

    spec: str
    digest: str
    states: int = 0
    seconds: float = 0.0
    problem: str = ""
    killed: dict[str, str] = field(default_factory=dict)
    same: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)  # those of `same` that had too many states
    unreached: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)  # of its actors

    @property
    def asked(self) -> set[str]:
        return {*self.killed, *self.same, *self.unreached}


def _changes(chosen: list[Mutant]) -> dict[Guard, frozenset[str]]:
    found: dict[Guard, set[str]] = defaultdict(set)
    for one in chosen:
        found[one.guard].add(one.change)
    return {guard: frozenset(changes) for guard, changes in found.items()}


def _answer(spec: Spec, chosen: list[Mutant], pipe: Connection) -> None:
    """In a process of its own: machine code that goes wrong must take nothing else with it."""
    gc.disable()  # A third of the time to make the code, and the process is soon over.
    began = time.perf_counter()
    names = {(one.guard, one.change): one.name for one in chosen}
    record = Record(spec.path, spec.digest, files=sorted(spec.files))
    try:
        for one in ask(str(ROOT / spec.path), _changes(chosen), MODELS, spec.states):
            if isinstance(one, Asked):
                record.states, record.problem = one.states, one.problem
            elif one.how:
                record.killed[names.pop((one.guard, one.change))] = one.how
            else:
                name = names.pop((one.guard, one.change))
                record.same.append(name)
                if one.given_up:
                    record.given_up.append(name)
    except Exception as error:
        record.problem = f"{type(error).__name__}: {error}"
    record.unreached = [] if record.problem else sorted(names.values())
    record.seconds = round(time.perf_counter() - began, 2)
    pipe.send(record)


@dataclass
class Check:
    """All mutants, all specs, and what is known."""

    mutants: list[Mutant]
    specs: list[Spec]
    results: Path | None
    only: str = ""
    keep: bool = False  # Ask every spec about every mutant, caught or not.
    records: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = {one.name for one in self.mutants}
        digests = {one.path: one.digest for one in self.specs}
        lines = self.results.read_text().splitlines() if self.results and self.results.exists() else []
        for line in lines:
            one = Record(**json.loads(line))
            if digests.get(one.spec) == one.digest and not one.problem:
                one.killed = {name: how for name, how in one.killed.items() if name in names}
                one.same = [name for name in one.same if name in names]
                self.records.append(one)

    @property
    def killed(self) -> dict[str, tuple[str, str]]:
        return {name: (one.spec, how) for one in reversed(self.records) for name, how in one.killed.items()}

    def left(self, spec: Spec) -> list[Mutant]:
        """Whom this spec is to be asked about."""
        known = {name for one in self.records if one.spec == spec.path for name in one.asked}
        if not self.keep:
            known |= self.killed.keys()
        left = [one for one in self.mutants if one.name not in known]
        told = next((one.files for one in self.records if one.spec == spec.path and one.files), None)
        files = (told or spec.files) if left else ()  # Building a spec takes a third of a second.
        return [one for one in left if one.guard.file in files]

    def run(self, processes: int) -> None:
        context = multiprocessing.get_context("fork")
        running: dict[Connection, tuple[Spec, Any]] = {}
        waiting = list(self.specs)
        while waiting or running:
            while waiting and len(running) < processes:
                spec = waiting.pop(0)
                chosen = self.left(spec)
                if not chosen:
                    continue
                mine, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_answer, args=(spec, chosen, theirs))
                process.start()
                theirs.close()
                running[mine] = (spec, process)
            for pipe in wait(list(running)) if running else ():  # Waiting for nothing would never end.
                assert isinstance(pipe, Connection)
                spec, process = running.pop(pipe)
                try:
                    self.note(pipe.recv())
                except EOFError:
                    self.note(Record(spec.path, spec.digest, problem="the process ended without an answer"))
                pipe.close()
                process.join()

    def note(self, one: Record) -> None:
        self.records.append(one)
        if self.results:
            with self.results.open("a") as file:
                file.write(json.dumps(one.__dict__) + "\n")
        alive = len(self.mutants) - len(self.killed)
        reached = len(one.killed) + len(one.same)
        text = one.problem or f"{len(one.killed)} of {reached} caught"
        print(f"{one.seconds:6.1f} s  {alive:5} alive  {one.spec}: {text}", flush=True)

    def survivors(self) -> list[Mutant]:
        killed = self.killed
        return [one for one in self.mutants if one.name not in killed]

    def reached_by(self, mutant: Mutant) -> list[str]:
        return sorted({one.spec for one in self.records if mutant.name in one.same})


# --- The slow, obvious way ------------------------------------------------------------------------------------------

RUNNER = """
import json, sys
from checker.checking import run
from checker.expectation import differences
from checker.options import Options
from checker.source import SourceError
from checker.spec import load

for path in sys.argv[2:]:
    try:
        spec = load(path)
        result = run(spec, Options(workers=1, states=int(sys.argv[1])))
        told = bool(result.problem or differences(spec.expect, result))
    except SourceError:
        told = True  # The mutant is not a model any more.
    print(json.dumps([path, told]), flush=True)
"""


def plainly(mutant: Mutant, paths: list[str], cache: str) -> dict[str, bool]:
    """Which of these specs tell it from the original, by checking them with the source changed."""
    with tempfile.TemporaryDirectory() as directory:
        for part in ("checker", "model", "specs"):
            shutil.copytree(ROOT / part, Path(directory) / part, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(directory) / "model" / f"{mutant.guard.file}.py").write_text(mutant.source())
        command = [sys.executable, "-c", RUNNER, str(STATES_MAX), *paths]
        environment = {**os.environ, "PYTHONPATH": directory, "XDG_CACHE_HOME": cache}
        run = subprocess.run(command, capture_output=True, text=True, cwd=directory, env=environment)
        if run.returncode != 0:
            raise RuntimeError(f"{mutant.name} could not be asked plainly:\n{run.stderr}")
        return dict(map(json.loads, run.stdout.splitlines()))


def compare(check: Check, processes: int) -> int:
    """Both ways, for every mutant and spec; returns how often they disagree."""
    check.keep = True
    check.run(processes)
    wrong = pairs = 0
    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(processes) as pool:

        def both(mutant: Mutant) -> tuple[Mutant, dict[str, bool], dict[str, bool]]:
            asked = {one.spec: mutant.name in one.killed for one in check.records if mutant.name in one.asked}
            return mutant, asked, plainly(mutant, sorted(asked), cache) if asked else {}

        for mutant, one, other in pool.map(both, check.mutants):
            pairs += len(one)
            for path in one:
                if one[path] != other[path]:
                    wrong += 1
                    print(f"DISAGREE on {path}: here {one[path]}, plainly {other[path]}: {mutant.name}", flush=True)
            print(f"{sum(one.values())} of {len(one)} specs tell: {mutant.name}", flush=True)
    print(f"\n{len(check.mutants)} mutants, {pairs} pairs of mutant and spec, {wrong} disagreements")
    return wrong


# --- Reporting ------------------------------------------------------------------------------------------------------


def reason(mutant: Mutant) -> str:
    return REASONS.get(f"{mutant.key} {mutant.change}") or REASONS.get(mutant.key, "")


def survivor_lines(check: Check) -> Iterator[str]:
    for file, some in _by_file(check.survivors()).items():
        yield f"\n{file}.py"
        for one in some:
            reached = check.reached_by(one)
            yield f"  line {one.guard.line}, {one.name.split(' ', 1)[1]}"
            yield f"      {reason(one) or 'NO REASON GIVEN'}"
            shown = ", ".join(reached[:6]) + (" ..." if len(reached) > 6 else "")
            yield f"      reached by {len(reached)} specs: {shown}" if reached else "      reached by no spec"


def idle_reasons(check: Check) -> list[str]:
    """Those that explain nothing any more, though their mutants are here."""
    alive = {key for one in check.survivors() for key in (one.key, f"{one.key} {one.change}")}
    here = {key for one in check.mutants for key in (one.key, f"{one.key} {one.change}")}
    return [key for key in REASONS if key not in alive and (key in here or not check.only)]


def _by_file(some: list[Mutant]) -> dict[str, list[Mutant]]:
    found: dict[str, list[Mutant]] = defaultdict(list)
    for one in some:
        found[one.guard.file].append(one)
    return found


def _kind(how: str) -> str:
    """How a mutant was caught, in a word."""
    if how == "model error":
        return "error"
    if how.startswith(("more than", "expected distinct", "expected transitions", "expected depth")):
        return "counts"
    if " steps" in how:
        return "steps"
    return "verdict"


KINDS = ("error", "verdict", "steps", "counts")


def table(check: Check) -> Iterator[str]:
    killed = check.killed
    yield f"| actors | mutants | caught | {' | '.join(KINDS)} | survive | with a reason | reached by no spec |"
    yield "|---|" + "---:|" * (5 + len(KINDS))
    files = _by_file(check.mutants)
    for name, some in [*files.items(), ("all", check.mutants)]:
        dead = [one for one in some if one.name in killed]
        alive = [one for one in some if one.name not in killed]
        kinds = Counter(_kind(killed[one.name][1]) for one in dead)
        row: list[Any] = [len(some), f"{len(dead)} ({100 * len(dead) / len(some):.1f} %)"]
        row += [kinds[one] for one in KINDS]
        row += [len(alive), sum(bool(reason(one)) for one in alive), sum(not check.reached_by(one) for one in alive)]
        yield f"| {name} | {' | '.join(map(str, row))} |"


def document(check: Check) -> str:
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    asked = {one.spec for one in check.records}
    seconds = sum(one.seconds for one in check.records)
    reasons = Counter(reason(one) or "no reason given" for one in check.survivors())
    return "\n".join([
        "# Every guard of the actors, negated and removed",
        "",
        f"{datetime.date.today()}: {machine}, {commit}. {len(check.mutants):,} mutants, {len(asked)} specs asked,",
        f"{seconds / 60:.0f} minutes of one process altogether, load average {os.getloadavg()[2]:.1f} at the end.",
        "Written by `python benchmarks/mutation.py --table`, whose head says what is done. *Caught*: by the first",
        "spec that differs. The model goes wrong (a bound left, an assertion), or there is another verdict, another",
        "number of steps, or there are other counts.",
        "",
        *table(check),
        "",
        "## Why the others survive",
        "",
        "| mutants | reason |",
        "|---:|---|",
        *(f"| {count} | {text} |" for text, count in reasons.most_common()),
        "",
        "## Each of them",
        *(line.replace("      ", "  ") for line in survivor_lines(check)),
        "",
    ])  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="mutants with this in their name")
    parser.add_argument("--specs", default="", help="specs with this in their path")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--survivors", type=Path)
    parser.add_argument("--table", action="store_true", help="write mutation.md")
    parser.add_argument("--compare", type=int, metavar="N", help="a sample of N mutants, in both ways")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chosen = [one for file in actor_files() for one in mutants(file) if options.only in one.name]
    asked = specs({one.guard.file.partition("/")[0] for one in chosen}, options.specs)
    if options.compare:
        chosen = [mutant for mutant in chosen if any(mutant.guard.file in spec.files for spec in asked)]
        chosen = random.Random(options.seed).sample(chosen, min(options.compare, len(chosen)))
    check = Check(chosen, asked, options.results, options.only)
    if options.compare:
        return int(compare(check, options.processes) > 0)
    check.run(options.processes)
    text = "\n".join(survivor_lines(check))
    print(f"{len(chosen)} mutants, {len(check.survivors())} survive{text and ':'}\n{text}")
    for key in idle_reasons(check):
        print(f"the reason given for `{key}` explains nothing: a spec tells, or the guard is gone")
    if options.survivors:
        options.survivors.write_text(text + "\n")
    if options.table:
        (HERE / "mutation.md").write_text(document(check))
    return 0


if __name__ == "__main__":
    sys.exit(main())
