"""Errors that are the user's: where, what is wrong, what would be right. A run shows all, sorted, then stops."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """A position in a file. ``line`` and ``column`` count from 1; ``width`` is the length of the underline."""

    file: str
    line: int
    column: int
    width: int = 1


@dataclass(frozen=True)
class Diagnostic:
    """One mistake. ``slug`` names its kind; ``related`` are other places that explain it, each with a sentence."""

    slug: str
    message: str
    place: Place | None = None
    inside: str = ""  # "Actor.action", when there is one
    help: str = ""
    related: tuple[tuple[str, Place], ...] = ()

    def render(self) -> str:
        lines = [f"error[{self.slug}]: {self.message}"]
        if self.place is not None:
            lines += _excerpt(self.place)
        for sentence, place in self.related:
            lines += [f"   = {sentence}", *_excerpt(place)]
        if self.inside:
            lines.append(f"   = in {self.inside}")
        if self.help:
            lines.append(f"   = help: {self.help}")
        return "\n".join(lines)


def _excerpt(place: Place) -> list[str]:
    header = f"  --> {place.file}:{place.line}:{place.column}"
    text = linecache.getline(place.file, place.line).rstrip("\n").replace("\t", " ")
    if not text.strip():
        return [header]
    number = str(place.line)
    width = max(1, min(place.width, len(text) - place.column + 1))
    return [
        header,
        f"{number} | {text}",
        f"{' ' * len(number)} | {' ' * (place.column - 1)}{'^' * width}",
    ]


@dataclass
class SourceError(Exception):
    """One or more diagnostics: the spec, the settings or an actor are wrong (exit code 2)."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def __str__(self) -> str:
        return render_all(self.diagnostics)


def render_all(diagnostics: Iterable[Diagnostic]) -> str:
    """All diagnostics, each once, sorted by place."""

    def order(one: Diagnostic) -> tuple[str, int, int, str]:
        where = one.place or Place("", 0, 0)
        return (where.file, where.line, where.column, one.message)

    return "\n\n".join(one.render() for one in sorted(dict.fromkeys(diagnostics), key=order))


def fail(slug: str, message: str, place: Place | None = None, *, inside: str = "", help: str = "") -> SourceError:
    """A ``SourceError`` with one diagnostic, to be raised."""
    return SourceError([Diagnostic(slug, message, place, inside, help)])
