"""What decides the machine code of a system, as one text to be hashed: the key under which that code is kept.

It must cover everything the translation reads: this package, the model's source files, and the resolved spec. Then
code found under the key makes reading the actors' bodies unnecessary.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from checker.build import Built
from checker.system import Layout, System
from checker.types import show

# The modules whose text decides the machine code: all that `machine_code` imports, directly or not. A change of the
# command line or of a report leaves the code that is kept as good as it was.
DECIDING = (
    "actors", "assembly", "build", "codegen", "expressions", "fingerprint", "frontend", "instrument", "ir",
    "kernel_layout", "lang", "llvm_text", "lower", "machine_code", "nearest", "objectcache", "options", "premise",
    "reference", "search", "source", "spec_file", "system", "types", "yaml_document",
)  # fmt: skip
TELLING = frozenset({"story.py", "remarks.py", "sentences.py"})  # Of a model: how a path is told. They decide no step.


def fingerprint(built: Built, layout: Layout) -> str:
    """Equal for equal code; different whenever a source file or the resolved spec is."""
    digest = hashlib.sha256()
    for path in sorted({*_own_files(), *model_files(built)}):
        try:
            content = path.read_bytes()
        except OSError:
            content = b"gone"
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    for line in _described(built.system):
        digest.update(line.encode() + b"\n")
    digest.update(repr(layout.chunks).encode())
    return digest.hexdigest()


def _own_files() -> list[Path]:
    return [Path(__file__).with_name(f"{name}.py") for name in DECIDING]


def model_files(built: Built) -> frozenset[Path]:
    """The files of the actors and predicates, and every module loaded from beside or below one of them.

    They stay the same from when they are first asked for: a system from the disk was built with more modules loaded.
    """
    if built.files is None:
        built.files = frozenset(_model_files(built.system))
    return built.files


def _model_files(system: System) -> set[Path]:
    files = {Path(one.file).resolve() for one in system.classes.values()}
    files |= {Path(one.function.file).resolve() for one in system.properties}
    folders = {one.parent for one in files}
    beside: dict[str, Path | None] = {}  # Hundreds of modules stand in few directories.
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if name and name.endswith(".py"):
            directory, file = os.path.split(name)
            if directory not in beside:
                real = Path(directory).resolve()
                beside[directory] = real if folders & {real, *real.parents} else None
            found = beside[directory]
            if found is not None and file not in TELLING:
                files.add((found / file).resolve())
    return files


def _described(system: System) -> Iterator[str]:
    yield f"{system.constants} {system.report_deadlock}"
    for instance in system.instances:
        wiring = {name: show(value) for name, value in instance.wiring.items()}
        yield f"{instance.name} {instance.definition.name} {wiring}"
        for field in (*instance.definition.wiring.values(), *instance.definition.state.values()):
            yield f"{field.name} {field.type} {field.storage}"  # Its default stands in the model's source.
    for link in system.links:
        messages = [(one.name, [(name, str(type_)) for name, type_ in one.fields]) for one in link.messages]
        yield f"{link.kind} {link.sender} {link.receiver} {link.capacity} {link.wait} {link.late} {link.reliable}"
        yield f"{messages}"
    for budget in system.budgets:
        names = sorted(one.__name__ for one in budget.messages or ())
        yield f"{budget.kind} {budget.limit} {sorted(budget.instances)} {names}"
    for one in system.properties:
        yield f"{one.kind} {one.function.name} {one.function.file} {one.arguments!r}"
