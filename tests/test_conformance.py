"""Every way to run a spec gives the same answer: one worker or two, code from the cache or new, machine code or Python.

The same means every byte of the JSON, apart from times and memory: counts, verdicts, paths in words and replay codes.
Small specs belong to every test run: those in ``ALWAYS``, of the other directories one in ``SAMPLE``. The rest is slow.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from agreement import Agreement

from checker import checking
from checker.build import build
from checker.options import Options
from checker.spec import load
from reports import json

ROOT = Path(__file__).parent.parent
QUICK_STATES_MAX = 5_000
QUICK_STEPS_MAX = 10  # Of a violation: its counts are not pinned.
REFERENCE_STATES_MAX = 1_500
SLOW_STATES_MAX = 1_000_000
ALWAYS = {"textbook"}
SAMPLE = 16


@pytest.fixture(scope="module", autouse=True)
def own_cache() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", folder)
        patch.chdir(ROOT)
        yield


def pinned(path: Path, key: str) -> int | None:
    """From the text, so that collecting the tests reads no model."""
    found = re.search(rf"expect:.*\b{key}: (\d+)", path.read_text())
    return int(found[1]) if found else None


def size(path: Path) -> int:
    """Distinct states; for a violation a guess."""
    states, steps = pinned(path, "distinct_states"), pinned(path, "steps")
    if states is not None:
        return states
    return 1_000 if steps is None or steps <= QUICK_STEPS_MAX else 100_000


def is_quick(path: Path) -> bool:
    sampled = path.parent.name in ALWAYS or zlib.crc32(path.stem.encode()) % SAMPLE == 0
    return sampled and size(path) <= QUICK_STATES_MAX


def specs(states_max: float) -> list[object]:
    found: list[object] = []
    for path in sorted((ROOT / "specs").rglob("*.yaml")):
        if size(path) <= states_max:
            name = str(path.relative_to(ROOT))
            found.append(pytest.param(name, marks=[] if is_quick(path) else [pytest.mark.slow]))
    return found


def answer(name: str, options: Options) -> str:
    """The JSON document without what differs from run to run."""
    document = json.document(checking.run(load(name), options))
    return json.dumps({key: value for key, value in document.items() if key not in ("seconds", "memory_bytes")})


@pytest.mark.parametrize("name", specs(SLOW_STATES_MAX))
def test_answer_does_not_depend_on_workers_cache_or_engine(name: str) -> None:
    cold = answer(name, Options(engine="native", workers=1))

    assert answer(name, Options(engine="native", workers=2)) == cold
    if size(ROOT / name) <= REFERENCE_STATES_MAX:
        assert answer(name, Options(engine="reference")) == cold


@pytest.mark.parametrize("name", specs(math.inf))
def test_engines_agree_on_every_successor(name: str) -> None:
    """Also where the reference alone would take too long: up to a cap, and along random paths."""
    cap = 2_000 if "CONFORMANCE_LONG" in os.environ else 100
    agreement = Agreement(build(load(name)))
    try:
        agreement.explore(cap)
        for seed in range(2):
            agreement.walk(cap, seed)
    finally:
        agreement.close()


def test_new_code_and_code_from_the_cache_give_the_same_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    name = "specs/textbook/idempotent_producer_tiny.yaml"

    cold = answer(name, Options(engine="native"))

    assert list(tmp_path.rglob("*.bin"))
    assert answer(name, Options(engine="native")) == cold


def test_unwritable_cache_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache is a convenience, never a condition."""
    name = "specs/textbook/idempotent_producer_tiny.yaml"
    cold = answer(name, Options(engine="native"))
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))

    assert answer(name, Options(engine="native")) == cold
