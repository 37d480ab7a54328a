"""specs/README.md, made from the specs themselves: ``python tests/catalogue.py`` writes it anew.

One table a directory: what the spec's head says, and what it is expected to answer. ``test_catalogue`` compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from checker.yaml_document import head_comment

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs"
README = SPECS / "README.md"
INTRODUCTIONS = {
    "": "The main scenario and its neighbours: read-process-write in a Kafka transaction, one kind of fault each.",
    "broken": "One mechanism removed or one setting changed each: what that mechanism is for.",
    "bugs": "Published bugs, each in the version or setting that has it, and fixed, under the same faults.",
    "claims": "The claims of the document that the project started from. Their own table: [claims](claims/README.md).",
    "flink": "Flink's checkpointing engine, its sources and sinks.",
    "hypotheses": "Weaknesses read out of Kafka's code, not found published. Each says what could make it unreal.",
    "questions": "What people ask, answered.",
    "scenarios": "Settings and faults of producers (P), consumers (C) and transactions (T), and what they lead to.",
    "textbook": "Systems nobody here invented, with the counts that others publish: a test of language and engine.",
}
ORDER = ("", "broken", "questions", "scenarios", "bugs", "hypotheses", "flink", "claims", "textbook")
FIRST = """# The specs

Made from the specs by `python tests/catalogue.py`. `python -m checker SPEC` answers one of them, `python -m checker
--expect specs` all.
"""


def story(text: str) -> str:
    """What the spec's author says of it, fit for a table."""
    return head_comment(text).replace("|", "\\|")


def expectation(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(path.read_text())["expect"]
    return found


def answer(expect: dict[str, Any]) -> str:
    if expect["verdict"] == "violated":
        return f"violated: `{expect['violates']}`" + (f", {expect['steps']} steps" if "steps" in expect else "")
    states = f", {expect['distinct_states']:,} states" if "distinct_states" in expect else ""
    return f"{expect['verdict']}{states}"


def table(directory: str) -> list[str]:
    lines = ["| spec | expected | what it shows |", "|---|---|---|"]
    for path in sorted((SPECS / directory).glob("*.yaml")):
        name = path.relative_to(SPECS)
        lines.append(f"| [{path.stem}]({name}) | {answer(expectation(path))} | {story(path.read_text())} |")
    return lines


def document() -> str:
    found = {str(path.parent.relative_to(SPECS)).replace(".", "") for path in SPECS.rglob("*.yaml")}
    parts = [FIRST]
    for directory in (one for one in ORDER if one in found):
        heading = f"specs/{directory}".rstrip("/")
        parts += [f"## {heading}\n", INTRODUCTIONS[directory] + "\n", "\n".join(table(directory)) + "\n"]
    unknown = found - set(ORDER)
    assert not unknown, f"say in {Path(__file__).name} what is in specs/{', '.join(sorted(unknown))}"
    return "\n".join(parts)


if __name__ == "__main__":
    README.write_text(document())
