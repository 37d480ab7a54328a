"""A guarantee that holds because nothing that it speaks of ever happens is reported as vacuous, by both engines."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

from checker import checking
from checker.actors import Function
from checker.options import Options
from checker.premise import premise_of
from checker.spec import load
from checker.verdict import Outcome

MODEL = """\
from __future__ import annotations

from typing import Annotated

from checker.lang import *

Count = Annotated[int, UpTo(3)]


@actor
class Counter:
    top: Count
    count: Durable[Count] = 0

    @action
    def step(self) -> None:
        require(self.count < self.top)
        self.count += 1


@predicate
def guarantee(counters: tuple[Counter, ...], rounds: int) -> bool:
    \"\"\"What is promised.\"\"\"
"""
SPEC = """\
title: A premise
model: ./counting.py
constants: {{rounds: {rounds}}}
actors: {{counter: {{is: Counter, top: 2}}}}
check: {{always: [guarantee]}}
deadlock: allow
"""
EACH = "for one in counters:\n    {}\nreturn True"
# The body of the guarantee, and whether some state puts it to the test while the counter goes from 0 to 2.
BODIES = {
    "reached": (EACH.format("if one.count == 2:\n        ensure(one.top == 2, 'top')"), True),
    "not reached": (EACH.format("if one.count == 3:\n        ensure(one.top == 2, 'top')"), False),
    "else": (EACH.format("if one.count < 3:\n        pass\n    else:\n        ensure(False, 'no')"), False),
    "condition met": (EACH.format("ensure(one.count < 2 or one.top == 2, 'top')"), True),
    "condition never met": (EACH.format("ensure(one.count < 3 or one.top == 2, 'top')"), False),
    "one of two": (
        EACH.format("ensure(one.count < 3 or one.top > 1, '')\n    if one.count > 1:\n        ensure(one.top > 0, '')"),
        True,
    ),
    "every state": (EACH.format("ensure(one.count <= one.top, 'too far')"), True),
    "no rounds": ("for i in range(rounds):\n    ensure(i >= 0, 'negative')\nreturn True", False),
    "all": ("return all(one.count < 3 or one.top == 2 for one in counters)", False),
    "all, met": ("return all(one.count < 2 or one.top == 2 for one in counters)", True),
    "all, filtered": ("return all(one.top == 2 for one in counters if one.count == 3)", False),
    "not any": ("return not any(one.count == 3 and one.top == 1 for one in counters)", False),
    "not any, met": ("return not any(one.count == 2 and one.top == 1 for one in counters)", True),
    "not and": ("return all(not (one.count == 3 and one.top == 1) for one in counters)", False),
    "two": ("return rounds == 0 and all(one.count < 3 or one.top == 2 for one in counters)", True),
    "returns early": (EACH.format("if one.count == 3:\n        return one.top == 2"), False),
    "nothing said": ("return True", True),
}  # fmt: skip


@pytest.mark.parametrize("engine", ["reference", "native"])
@pytest.mark.parametrize("name", BODIES)
def test_a_guarantee_is_vacuous_if_no_state_meets_its_conditions(name: str, engine: str, tmp_path: Path) -> None:
    body, tested = BODIES[name]
    (tmp_path / "counting.py").write_text(MODEL + textwrap.indent(body, "    ") + "\n")
    (tmp_path / "spec.yaml").write_text(SPEC.format(rounds=0))

    result = checking.run(load(str(tmp_path / "spec.yaml")), Options(engine=engine))

    assert result.outcome is (Outcome.HOLDS if tested else Outcome.VACUOUS)
    assert result.why == ([] if tested else ["guarantee was never put to the test: no state meets its conditions"])


def test_the_predicate_itself_stays_as_it_is() -> None:
    def guarantee(count: int) -> bool:
        """What is promised."""
        if count > 1:
            return count < 3
        return True

    node = ast.parse(
        textwrap.dedent("""
        def guarantee(count: int) -> bool:
            if count > 1:
                return count < 3
            return True
    """)
    ).body[0]
    assert isinstance(node, ast.FunctionDef)
    predicate = Function("guarantee", "predicate", guarantee, __file__, tree=node)
    before = ast.dump(node)

    companion = premise_of(predicate, {"count": 0})

    assert companion is not None
    assert ast.dump(node) == before
    assert companion.python is not guarantee
    assert ast.unparse(companion.node.body[0]) == "if count > 1:\n    return True"
    assert ast.unparse(companion.node.body[1]) == "return False"
