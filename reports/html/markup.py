"""Elements of HTML, built so that text cannot become markup: a ``str`` is escaped, only a ``Markup`` is not."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from reports import words

_VOID = {"meta", "input", "br", "hr", "col"}


class Markup(str):
    """Text that is HTML already. Made by ``tag`` and ``join``, and of what reports.sequence drew."""

    __slots__ = ()


Child = str | None


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """``tag("td", "a < b", class_="x", data_step=3)``. True: the attribute alone; None and False: left out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{_attribute(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        assert not children
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Markup:
    return Markup("".join(text(child) for child in children if child is not None))


def text(child: str) -> Markup:
    return child if isinstance(child, Markup) else Markup(escape(words.clean(child), quote=False))


def prose(said: str) -> Markup:
    """A sentence, with what stands in backticks as code."""
    parts = words.clean(said).split("`")
    if len(parts) % 2 == 0:  # One has no partner.
        return text(said)
    return join(tag("code", part) if at % 2 else text(part) for at, part in enumerate(parts))


def _attribute(value: str | int) -> str:
    return escape(words.clean(value), quote=True)
