"""The table of all specs is up to date, and every entry of the catalogues that the specs answer to has its spec."""

from __future__ import annotations

import re
from pathlib import Path

import catalogue
import pytest

NOT_EXPRESSED = catalogue.SPECS / "bugs" / "NOT_EXPRESSED.md"


def numbered(letter: str, numbers: range, digits: int = 2) -> list[str]:
    return [f"{letter}{number:0{digits}}" for number in numbers]


BUGS = [
    *(f"CFG-{n}" for n in ("01", "02", "04", "05", "06", "07", "08", "09")),
    *(f"REP-{n}" for n in ("01", "03", "04", "05")), *(f"IDM-{n}" for n in ("01", "03", "04", "05")),
    *(f"TXN-{n}" for n in ("01", "02", "04", "07", "08", "09", "11", "12", "14", "16", "18")),
    *(f"BRK-{n}" for n in ("01", "02", "04", "05")), *(f"GRP-{n}" for n in ("01", "02", "04")),
    *(f"APP-{n}" for n in ("01", "02", "03")),
    *(f"FLK-{n}" for n in ("01", "02", "04", "05", "06", "08", "10", "12", "13")),
]  # fmt: skip
MORE_BUGS = [f"B{n}" for n in (*range(1, 20), *range(21, 29), 30, 31, 32) if n != 2]
SCENARIOS = [
    *numbered("P", range(1, 15)), *numbered("C", range(1, 25)), *numbered("T", range(1, 10)),
    *numbered("F", range(1, 39)),
]  # fmt: skip
HYPOTHESES = [f"H{n}" for n in range(1, 15) if n != 8]
QUESTIONS = [f"Q{n}" for n in range(1, 31) if n != 14]
HEADS = {path: f"{path.stem} {catalogue.story(path.read_text())}" for path in catalogue.SPECS.rglob("*.yaml")}


def mentions(entry: str, text: str) -> bool:
    letters, digits = re.match(r"([A-Z]+-?)(\d+)\Z", entry).groups()  # type: ignore[union-attr]
    return re.search(rf"(?<![A-Za-z]){letters}0?{digits.lstrip('0')}(?!\d)", text) is not None


def test_readme_is_up_to_date() -> None:
    assert catalogue.README.read_text() == catalogue.document(), "python tests/catalogue.py writes it anew"


@pytest.mark.parametrize("path", sorted(HEADS), ids=lambda path: path.stem)
def test_every_spec_says_what_it_shows(path: Path) -> None:
    assert catalogue.story(path.read_text())


@pytest.mark.parametrize("entry", [*BUGS, *MORE_BUGS, *SCENARIOS, *HYPOTHESES, *QUESTIONS])
def test_every_entry_is_answered(entry: str) -> None:
    """By a spec that names it, or in words by the list of what cannot be expressed."""
    assert any(mentions(entry, head) for head in HEADS.values()) or mentions(entry, NOT_EXPRESSED.read_text())


@pytest.mark.parametrize("entry", BUGS)
def test_every_bug_has_both_sides(entry: str) -> None:
    if mentions(entry, NOT_EXPRESSED.read_text()):
        return
    answers = {catalogue.expectation(path)["verdict"] for path, head in HEADS.items() if mentions(entry, head)}

    assert answers >= {"violated", "holds"}


@pytest.mark.parametrize(
    "path", [one for one in sorted(HEADS) if one.stem.endswith("_fixed")], ids=lambda path: path.stem
)
def test_a_fix_is_never_expected_to_be_violated(path: Path) -> None:
    assert catalogue.expectation(path)["verdict"] != "violated"
