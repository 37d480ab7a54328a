"""Whatever a spec file contains, the answer is a verdict or an error of ours: never a traceback, never a long wait.

A short run belongs to every test run. For a long one: FUZZ_SECONDS=600 python -m pytest tests/test_fuzz_specs.py.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from checker import yaml_document
from checker.cli import main
from checker.expressions import evaluate
from checker.source import SourceError
from checker.spec import load

SECONDS = float(os.environ.get("FUZZ_SECONDS", "16"))
SHARE = SECONDS / 4  # Four fuzzers.
PATIENCE_SECONDS = 5.0  # For one file, on a busy machine; a usual one takes 0.01 s.

ROOT = Path(__file__).parent.parent
COIN = ROOT / "tests" / "rejected_specs" / "coin.py"
SEEDS = [
    *(path.read_text() for path in sorted((ROOT / "tests" / "rejected_specs").glob("*.yaml"))),
    """\
title: A coin
follows: nothing
version: "1"
model: ./coin.py
constants: {tosses: 1, more: "max(tosses, 2) * 2"}
actors:
  player: {is: Player, count: tosses + 1, referee: referee, favourite: TAILS}
  referee: {is: Referee}
network: {kind: bag, capacity: 2, when_full: wait, links: [{to: referee, from: player, kind: fifo}]}
faults: {crash: {player: 1}, pause: {referee: 1}, lose: 1, duplicate: unlimited, delay: {Result: 1}}
check:
  always: [at_most_once: {referee: referee, tosses: 1}]
  sometimes: [at_most_once]
  final: [at_most_once]
deadlock: allow
expect: {verdict: holds, distinct_states: 5}
limits: {states: 100, seconds: 1, memory: 1G}
not_modelled: [Edges.]
bounds: {&a x: [1, 2.5, null, true], y: "z"}
""",
]
# Kafka's own words too, once there are specs in them: their model's form has to stand the same.
SEEDS += [path.read_text() for path in sorted((ROOT / "specs").glob("*.yaml"))]

WORDS = [
    "title", "model", "actors", "constants", "check", "always", "faults", "crash", "unlimited", "is", "count", "expect",
    "verdict", "holds", "network", "links", "to", "player", "referee", "Player", "tosses", "at_most_once", "yes",
    "null", "true", "~", "<<", "on", "-1", "0", "1", "1.5", ".inf", ".nan", "1e999", "9" * 40, "9" * 5000,
    "0x" + "f" * 99,
    "0o777", "1_000", "", " ", "''", '""', "a.b.c", "../x.py", "/dev/zero", "./", ".", "os", "__init__", "kafka",
    "\u00e9", "\U0001f600", "\ufeff", "\u2028", "\x85", "\x00", "\x1b[31m", "{}", "{0}", "%s", "`", "$HOME",
    "tosses ** 99", "(" * 90, "9**9**9", "tosses // 0", "__import__('os')", "a" * 3000, "16G", "1e9G",
]  # fmt: skip
SNIPPETS = [
    *"{}[],:&*!|>'\"%@`#?-\t\n\r\x00\\ ~<",
    "\n---\n", "\n...\n", ": ", "- ", "? ", "&a ", "*a", "!!python/object:os.system ", "!!binary ", "!<x> ", "<<: *a",
    "%YAML 1.1\n---\n", "%TAG ! x\n---\n", "|\n ", ">-\n  ", "'", '"\\x', '"\\uD800"', "\n  ", "\n" + " " * 40,
    "[" * 60,
    "{a: " * 60, "- " * 60, "? " * 60, "\n&b [*a, *a, *a, *a, *a]", "x" * 2000,
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "coin.py").write_text(COIN.read_text())
    return folder


def outcome(path: Path, text: str) -> int:
    """The exit code of checking this text; everything that a test here forbids fails inside."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    out, err = io.StringIO(), io.StringIO()
    began = time.perf_counter()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["--engine", "reference", "--seconds", "0.2", "--quiet", str(path)])
    said = err.getvalue()
    assert code in (0, 1, 2, 3, 4), f"exit code {code}\n{said}\n{text!r}"
    assert "Traceback" not in said
    assert (code == 2) == ("error[" in said) or "model error" in out.getvalue()
    assert time.perf_counter() - began < PATIENCE_SECONDS, f"slow: {text!r}"
    return code


def loads(path: Path, text: str) -> None:
    """Only the reading of the file: fast enough for many tries, and exceptions show themselves as they are."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    began = time.perf_counter()
    try:
        load(str(path))
    except SourceError as error:
        judge(error)
    assert time.perf_counter() - began < PATIENCE_SECONDS, f"slow: {text!r}"


def judge(error: SourceError) -> None:
    assert error.diagnostics
    for one in error.diagnostics:
        assert one.message
        assert re.fullmatch(r"[a-z0-9-]+", one.slug), one
        assert one.place is None or (one.place.line >= 1 and one.place.column >= 1)
    str(error).encode()


def for_a_while(body: Callable[[random.Random], None], seed: int) -> None:
    """Call with a new generator each time until the share of time is used up; the seed is told if it fails."""
    end = time.monotonic() + SHARE
    number = 0
    while time.monotonic() < end or number < 20:
        source = f"{seed}/{number}"
        try:
            body(random.Random(source))
        except BaseException as error:
            error.add_note(f"random.Random({source!r})")
            raise
        number += 1


# --- Text that is no longer the YAML it was -------------------------------------------------------------------------


def mutated_text(chance: random.Random) -> str:
    text = chance.choice(SEEDS)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 0, 1, 2, 10, 60)))
        piece = chance.choice(SNIPPETS if chance.random() < 0.6 else WORDS)
        if chance.random() < 0.2:
            other = chance.choice(SEEDS)
            cut = chance.randrange(len(other) + 1)
            piece = other[cut : cut + 80]
        text = text[:start] + piece + text[end:]
    return text


def test_mutated_text(folder: Path) -> None:
    for_a_while(lambda chance: loads(folder / "text.yaml", mutated_text(chance)), 1)


# --- YAML that is no longer the spec it was -------------------------------------------------------------------------


def mutated_data(chance: random.Random) -> Any:
    data = yaml_document.read_text(SEEDS[-1] if chance.random() < 0.3 else VALID, "seed").root.plain()
    for _ in range(chance.choice((1, 1, 2, 4))):
        _mutate(data, chance)
    return data


VALID = SEEDS[len(list((ROOT / "tests" / "rejected_specs").glob("*.yaml")))]


def _mutate(data: Any, chance: random.Random) -> None:
    """Change one place: go down a random way, then replace, rename, remove, repeat or add."""
    while isinstance(data, dict | list) and data:
        key = chance.choice(list(data)) if isinstance(data, dict) else chance.randrange(len(data))
        if isinstance(data[key], dict | list) and chance.random() < 0.7:
            data = data[key]
            continue
        match chance.randrange(4):
            case 0:
                data[key] = _value(chance, 3)
            case 1 if isinstance(data, dict):
                data[_word(chance)] = data.pop(key)
            case 2:
                del data[key]
            case _ if isinstance(data, dict):
                data[_word(chance)] = _value(chance, 3)
            case _:
                data.append(_value(chance, 3))
        return


def _word(chance: random.Random) -> str:
    return chance.choice(WORDS).replace("\x00", "").replace("\ud800", "") or "x"


def _value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(9 if depth else 6)
    simple = [_word(chance), chance.randrange(-3, 300), 10 ** chance.randrange(40), True, None, 1.5]
    if kind < 6:
        return simple[kind]
    inner = [_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return inner if kind == 6 else {_word(chance): one for one in inner}


def dumped(data: Any) -> str:
    """JSON is YAML; the scanner sees flow style only here, block style in the mutated texts."""
    import json

    return json.dumps(data, ensure_ascii=False)


def test_the_seed_itself_is_accepted(folder: Path) -> None:
    """Else every mutant would be refused for the same reason, and nothing behind the reader be tried."""
    assert outcome(folder / "valid.yaml", VALID) in (0, 3, 4)


def test_mutated_data(folder: Path) -> None:
    for_a_while(lambda chance: loads(folder / "data.yaml", dumped(mutated_data(chance))), 2)


def test_mutated_data_is_checked_to_the_end(folder: Path) -> None:
    """All the way: what the reader lets through must not trip up the stages after it."""

    def whole(chance: random.Random) -> None:
        outcome(folder / "whole.yaml", dumped(mutated_data(chance)))

    for_a_while(whole, 3)


# --- Things of any shape --------------------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS)
keys = st.sampled_from(WORDS) | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)
bounded = settings(
    max_examples=max(40, int(SHARE * 25)),
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@bounded
@given(
    part=st.sampled_from(["title", "model", "actors", "network", "faults", "check", "expect", "limits"]), value=anything
)
@example(part="actors", value={"a": {"is": "Player", "count": 10**30}})
@example(part="constants", value={"a": "a" * 300})
def test_any_value_in_any_part(folder: Path, part: str, value: Any) -> None:
    data = yaml_document.read_text(VALID, "seed").root.plain()

    loads(folder / "part.yaml", dumped({**data, part: value}))


@bounded
@given(text=st.text(max_size=200) | st.binary(max_size=200))
@example(text=b"\xff\xfe\x00")
@example(text="\ufeff\ufeff")
def test_any_text_is_answered(folder: Path, text: str | bytes) -> None:
    path = folder / "any.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))

    with pytest.raises(SourceError):
        load(str(path))


@bounded
@given(text=st.text(alphabet="ab019+-*/%(), .minxMIN_'\n", max_size=60))
def test_any_expression_is_answered(text: str) -> None:
    with contextlib.suppress(SourceError):
        assert isinstance(evaluate(text, {"a": 3, "ab": -7}), int)


@bounded
@given(
    key=st.text(max_size=20) | st.sampled_from(WORDS + ["actors.player.count", "check.always.0"]),
    value=st.text(max_size=30),
)
def test_any_override_is_answered(folder: Path, key: str, value: str) -> None:
    path = folder / "override.yaml"
    path.write_text(VALID)

    with contextlib.suppress(SourceError):
        load(str(path), [f"{key}={value}"])


# --- Bombs ----------------------------------------------------------------------------------------------------------

BOMBS = {
    "flow depth": "a: " + "[" * 100_000,
    "block depth": "".join(f"{' ' * depth}a:\n" for depth in range(400)),
    "sequence depth": "- " * 50_000,
    "complex keys": "? " * 50_000,
    "aliases": "a: &a [x]\n"
    + "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}' if n else '*a'] * 9)}]\n" for n in range(9)),
    "anchors": "".join(f"k{n}: &k{n} 1\n" for n in range(9_000)),
    "wide": "a: [" + "1, " * 40_000 + "1]",
    "keys": "".join(f"k{n}: 1\n" for n in range(12_000)),
    "long line": "title: " + "x" * 120_000,
    "long quoted": "title: '" + "x\n" * 50_000,
    "huge": "x: 1\n" * 200_000,
    "digits": "constants: {a: " + "9" * 100_000 + "}",
    "colons": ":" * 100_000,
    "open quotes": "'" * 99_999,
    "flow keys": "{" + "a: {" * 20_000,
    "comments": "# x\n" * 30_000,
    "tabs": "\t" * 100_000,
    "directives": "%YAML 1.2\n" * 10_000,
    "documents": "---\n" * 30_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_quickly(folder: Path, name: str) -> None:
    """Each would take memory, the stack or minutes if it were read as it stands."""
    assert outcome(folder / "bomb.yaml", BOMBS[name]) == 2


def test_special_files_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/zero"), tmp_path / ("x" * 5000), Path("a\0b")):
        with pytest.raises(SourceError):
            load(str(path))
