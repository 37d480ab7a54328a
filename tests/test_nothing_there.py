"""What a spec leaves out altogether, in both engines: classes without an instance, sequences without a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import checking
from checker.options import Options
from checker.spec import load
from checker.verdict import Outcome

MODULE = """
from typing import Annotated
from checker.lang import *

Item = Annotated[int, UpTo(1)]


@actor
class Shelf:
    full: Durable[bool] = False
    items: Durable[Annotated[tuple[Item, ...], MaxLen("places")]] = ()

    @action
    def look(self) -> None:
        require(not self.full)
        self.full = len(self.items) == 0 or self.items[0] == 1


@actor
class Visitor:
    seen: Durable[Item] = 0

    @action
    def see(self) -> None:
        require(self.seen == 0)
        self.seen = 1


def seen_by(visitors: tuple[Visitor, ...]) -> int:
    return sum(one.seen for one in visitors)


@predicate
def nobody_sees(shelf: Shelf, visitors: tuple[Visitor, ...]) -> bool:
    return seen_by(visitors) == 0 and all(one.seen == 0 for one in visitors)
"""
SPEC = """
title: A shelf without a place, and nobody who looks
model: ./shelf.py
constants: {places: 0}
actors:
  shelf: {is: Shelf}
network: fifo
check:
  always: [nobody_sees]
deadlock: allow
"""


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_absent_class_and_empty_sequence(tmp_path: Path, engine: str) -> None:
    """A helper may be handed the visitors there are none of; an index into no place is never reached."""
    (tmp_path / "shelf.py").write_text(MODULE)
    (tmp_path / "spec.yaml").write_text(SPEC)

    result = checking.run(load(str(tmp_path / "spec.yaml")), Options(engine=engine))

    assert result.outcome is Outcome.HOLDS
    assert result.explored.distinct_states == 2
