"""A verdict as files in a directory: text, JSON, a page, the pictures of each path. Each file is whole or not there."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from checker.verdict import Diagnosis, Path, Result
from reports import diagram, html, itf, json, text
from reports.endings import ending, is_good
from reports.sequence import Marks, sequence_svg

_NAME_MAX = 80  # characters of a file's name before its suffix; file systems stop at 255 bytes


def write_report(result: Result, directory: FilePath, name: str | None = None) -> list[FilePath]:
    """The files about one spec, in the order written. ``name`` replaces the spec's stem as the start of their names.

    A path's files carry its property's name: ``txn.exactly_once.sequence.svg``. Where Graphviz cannot draw, the
    ``.svg`` of the path graph is left out with a warning; everything else is there.
    """
    stem = safe_name(name if name is not None else FilePath(result.spec).stem)
    directory.mkdir(parents=True, exist_ok=True)
    contents = {
        f"{stem}.txt": text.render(result, verbose=True),
        f"{stem}.json": json.dumps(json.document(result)),
        f"{stem}.html": html.page(result),
    }
    for one in _paths(result):
        contents |= _path_files(f"{stem}.{one.label}", one, result)
    written = []
    for file_name, content in contents.items():
        target = directory / file_name
        write_whole(target, content)
        written.append(target)
    return written


def write_index(rows: Sequence[tuple[text.SummaryRow, str, str]], directory: FilePath) -> FilePath:
    """The page in front of several reports: for each spec its row, its title, and the name its files begin with.

    A spec that could not be checked has no files: its name is "".
    """
    entries = [
        html.Entry(row.spec, title, row.verdict, row.detail, f"{safe_name(name)}.html" if name else "")
        for row, title, name in rows
    ]
    taken = {one.href for one in entries}
    target = directory / ("index.html" if "index.html" not in taken else "index.of.reports.html")
    write_whole(target, html.index(entries))
    return target


def distinct_names(specs: Sequence[str]) -> list[str]:
    """A short name for each spec, different for different specs: ``txn``, or ``broken.txn`` beside another ``txn``."""
    parts = [(*FilePath(spec).parts[:-1], FilePath(spec).stem) for spec in specs]
    lengths = [1] * len(specs)
    while True:
        names = [safe_name(".".join(part[-length:])) for part, length in zip(parts, lengths, strict=True)]
        taken = Counter(names)
        clashing = [place for place, name in enumerate(names) if taken[name] > 1 and lengths[place] < len(parts[place])]
        if not clashing:
            break
        for place in clashing:
            lengths[place] += 1
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[place] = f"{name}-{seen[name]}"
    return names


def safe_name(name: str) -> str:
    """The name without anything that a file system, a shell or a link could take amiss."""
    kept = re.sub(r"[^\w.+-]+", "_", name, flags=re.ASCII).strip("._-")
    return kept[:_NAME_MAX] or "spec"


def write_whole(target: FilePath, content: str) -> None:
    """Write through a temporary file beside the target, so that no reader ever meets half of it.

    A link, a device or a pipe is written to instead: replacing /dev/stdout by a file is not what anybody wants.
    """
    if target.is_symlink() or (target.exists() and not target.is_file()):
        target.write_text(content, encoding="utf-8", errors="backslashreplace", newline="\n")
        return
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes files that only their owner can read
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


@dataclass(frozen=True)
class _Drawn:
    """One path with files of its own: the label in their names, the sentences that end its picture."""

    label: str
    path: Path
    ending: list[str]
    good: bool  # whether it is a good end
    marks: Marks = field(default_factory=Marks)


def _paths(result: Result) -> list[_Drawn]:
    found: list[_Drawn] = []
    for answer in result.properties:
        last, good = list(ending(answer)), is_good(answer)
        why = answer.diagnosis or Diagnosis()
        if answer.path is not None:
            marks = Marks(pivot=why.pivot, no_return=why.no_return)
            found.append(_Drawn(safe_name(answer.name), answer.path, last, good, marks))
        if why.fewest_path is not None:
            found.append(_Drawn(safe_name(f"{answer.name}.fewest_faults"), why.fewest_path, last[:2], good))
    if result.problem_path is not None:
        found.append(_Drawn("problem", result.problem_path, ["model error", result.problem], False))
    seen: Counter[str] = Counter()
    distinct = []
    for one in found:
        seen[one.label] += 1
        distinct.append(one if seen[one.label] == 1 else replace(one, label=f"{one.label}-{seen[one.label]}"))
    return distinct


def _path_files(stem: str, one: _Drawn, result: Result) -> dict[str, str]:
    title = result.title or result.spec
    path, last, good = one.path, one.ending, one.good
    dot = diagram.path_dot(path, title, last, good)
    files = {f"{stem}.dot": dot}
    try:
        files[f"{stem}.svg"] = diagram.svg(dot)
    except diagram.DiagramError as failure:
        warnings.warn(f"{stem}.svg was not written: {failure}", stacklevel=3)
    files[f"{stem}.sequence.svg"] = sequence_svg(path, title, result.spec, last, good, one.marks)
    files[f"{stem}.mmd"] = diagram.mermaid(path, title, last, good, one.marks)
    files[f"{stem}.itf.json"] = itf.dumps(path, result.spec)
    return files
