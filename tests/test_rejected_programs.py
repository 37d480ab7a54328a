"""Models that are refused: the whole error text, as the user reads it.

Each tests/rejected_programs/<slug>.py is wrong in the way its docstring says; <slug>.expected is what is answered.
Lines that begin with ``#:`` are keys of the spec that differ from the usual one. After a wanted change of wording:
SNAP_UPDATE=1 python -m pytest tests/test_rejected_programs.py, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checker.build import build
from checker.source import SourceError
from checker.spec import load

ROOT = Path(__file__).parent.parent
REJECTED = Path("tests/rejected_programs")
SLUGS = sorted(path.stem for path in (ROOT / REJECTED).glob("*.py"))
USUAL = {
    "title": "A model that is refused",
    "actors": "{machine: {is: Machine}}",
    "check": "{always: [fine]}",
}


def complaint(slug: str, folder: Path) -> str:
    """The error text for one model; files are named as the user named them."""
    model = REJECTED / f"{slug}.py"
    own = (line[2:].strip().partition(": ") for line in model.read_text().splitlines() if line.startswith("#:"))
    keys = {**USUAL, **{key: value for key, _, value in own}, "model": str((ROOT / model).resolve())}
    spec = folder / "spec.yaml"
    spec.write_text("".join(f"{key}: {value}\n" for key, value in keys.items()))
    with pytest.raises(SourceError) as caught:
        _ = build(load(str(spec))).methods
    return f"{caught.value}\n".replace(f"{ROOT}/", "").replace(str(spec), "spec.yaml")


@pytest.mark.parametrize("slug", SLUGS)
def test_model_is_refused_in_these_words(slug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    expected = REJECTED / f"{slug}.expected"
    text = complaint(slug, tmp_path)
    if os.environ.get("SNAP_UPDATE") == "1":
        expected.write_text(text)

    assert text == expected.read_text()


def test_every_expected_text_has_its_model() -> None:
    assert sorted(path.stem for path in (ROOT / REJECTED).glob("*.expected")) == SLUGS
