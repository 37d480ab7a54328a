"""Imports go down only: the models know the language, the reports know the results, the checker knows neither.

Read from the import statements themselves, those inside functions and under TYPE_CHECKING included: a layer that is
only broken sometimes is broken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("checker", "model", "reports")
COMMAND_LINE = {"checker.cli", "checker.__main__", "checker.api"}  # and the same for Python

# What the reports may see of the checker: results, how values are put in words, and places in the user's files.
REPORTS_SEE = {"checker.verdict", "checker.types", "checker.source"}
ACTORS_SEE = {"checker.lang"}
STORIES_SEE = {"checker.lang", "checker.telling", "checker.verdict"}
PIPELINES_SEE = {"checker.lang", "checker.source", "checker.spec_forms", "checker.nearest", "pydantic", "pydantic_core"}

# Inside the checker: each module imports only modules of its own line or of lines above it.
LINES = [
    {
        "interrupts", "kernel_layout", "lang", "llvm_text", "nearest", "objectcache", "options", "progress", "source",
        "verdict",
    },
    {"telling", "expressions", "types", "values", "kernel_loops", "kernel_compiler", "yaml_document", "model_import"},
    {"actors", "kernel", "form_errors", "spec_file", "spec_forms"},
    {"spec_overrides", "instrument", "premise", "system", "spec"},
    {"ir", "spec_schema"},
    {"frontend", "reference"},
    {"build", "search", "lower"},
    {"fingerprint", "codegen"},
    {"assembly", "spec_cache"},
    {"machine_code"},
    {"native"},
    {"grouping"},
    {"quotient"},
    {"story", "probe", "flows"},
    {"narration"},
    {"explain", "parting"},
    {"checking"},
    {"expectation", "frontier", "remedy", "show", "state_graph"},
    {"api"},
    {"side_by_side"},
    {"cli"},
    {"__main__"},
]


def modules() -> list[str]:
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(module: str) -> Iterator[str]:
    """Every module that it imports; ``from checker import lang`` is an import of checker.lang."""
    for node in ast.walk(ast.parse(file_of(module).read_text())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide the layer"
            assert node.module is not None
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                yield inner if node.module in PACKAGES and file_of(inner).exists() else node.module


def ours(module: str) -> set[str]:
    return {one for one in imports(module) if one.split(".")[0] in PACKAGES}


@pytest.mark.parametrize("module", [one for one in modules() if one.startswith("checker.") and one not in COMMAND_LINE])
def test_checker_knows_no_model_and_no_report(module: str) -> None:
    assert {one for one in ours(module) if not one.startswith("checker")} == set()


@pytest.mark.parametrize("module", sorted(COMMAND_LINE))
def test_command_line_knows_reports_and_no_model(module: str) -> None:
    assert {one for one in ours(module) if one.startswith("model")} == set()


@pytest.mark.parametrize("module", [one for one in modules() if one.startswith("reports")])
def test_reports_know_results_only(module: str) -> None:
    assert {one for one in ours(module) if not one.startswith("reports")} <= REPORTS_SEE


@pytest.mark.parametrize("module", [one for one in modules() if one.startswith("model.")])
def test_models_know_the_language_only(module: str) -> None:
    before = {"pipeline", "config", "wiring", "client_wiring", "forms", "variations", "prices"} & set(module.split("."))
    allowed = PIPELINES_SEE if before else ACTORS_SEE
    allowed = STORIES_SEE if module.endswith((".story", ".remarks")) else allowed

    assert {one for one in ours(module) if not one.startswith("model")} <= allowed


@pytest.mark.parametrize("module", [one for one in modules() if one.startswith("checker.")])
def test_inside_the_checker_imports_go_down_too(module: str) -> None:
    line = next((i for i, names in enumerate(LINES) if module.removeprefix("checker.") in names), None)
    assert line is not None, f"{module} has no line in tests/test_layering.py"
    below = {one for names in LINES[: line + 1] for one in names}

    assert {one.removeprefix("checker.") for one in ours(module) if one.startswith("checker.")} <= below


def test_language_stands_alone() -> None:
    assert ours("checker.lang") == set()


def test_results_stand_alone() -> None:
    """Whoever reads a verdict needs nothing of what found it."""
    assert ours("checker.verdict") == set()
