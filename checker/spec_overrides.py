"""``--set dotted.key=value``: one value of a spec replaced, with places that point into the command line."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import BaseModel

from checker import yaml_document
from checker.form_errors import known_keys
from checker.nearest import described, shown, suggestion
from checker.source import Diagnostic, Place, SourceError, fail
from checker.yaml_document import KeyPath, Node, YamlDocument

COMMAND_LINE = "command line"  # The file name of such places.
OPTION = "--set "
VALUE_FILE = "<value>"
VALUE_PREFIX = "x: "  # The value is read as that of a one-line file.
EXAMPLE = "for example --set constants.records=3"


@dataclass(frozen=True)
class Override:
    key: str
    value: str
    text: str
    number: int  # Which --set of the command line it is, from 1.

    @property
    def key_place(self) -> Place:
        return Place(COMMAND_LINE, self.number, len(OPTION) + 1, max(1, len(self.key)))

    def apply(self, document: YamlDocument, form: type[BaseModel]) -> None:
        """Replace or add the value in the document."""
        if "=" not in self.text or not self.key.strip(".") or "\n" in self.text or "\r" in self.text:
            raise fail("override", f"{shown(self.text)} is not `dotted.key=value`", self.key_place, help=EXAMPLE)
        node = self.node()
        path = self.path(document, form)
        parent = document.find(path[:-1])
        assert parent is not None
        if isinstance(parent.value, list):
            parent.value[int(path[-1])] = node
        else:
            parent.value[str(path[-1])] = node
            parent.key_places[str(path[-1])] = self.key_place

    def node(self) -> Node:
        try:
            inner = yaml_document.read_text(VALUE_PREFIX + self.value, VALUE_FILE)
            if inner.diagnostics:
                raise SourceError(inner.diagnostics)
        except SourceError as error:
            raise SourceError([self.moved_diagnostic(one) for one in error.diagnostics]) from None
        finally:
            linecache.cache.pop(VALUE_FILE, None)
        node = inner.root.child("x")
        assert node is not None
        self.move(node)
        return node

    def moved(self, place: Place) -> Place:
        shift = len(OPTION) + len(self.key) + 1 - len(VALUE_PREFIX)
        return Place(COMMAND_LINE, self.number, max(1, place.column + shift), place.width)

    def moved_diagnostic(self, one: Diagnostic) -> Diagnostic:
        return replace(one, place=self.moved(one.place) if one.place else None, related=())

    def move(self, node: Node) -> None:
        node.place = self.moved(node.place)
        node.key_places = {key: self.moved(place) for key, place in node.key_places.items()}
        for child in node.children():
            self.move(child)

    def path(self, document: YamlDocument, form: type[BaseModel]) -> KeyPath:
        """Which value is meant. A key that is not in the file yet is taken apart as the form's own keys suggest."""
        path, rest = document.split(self.key.split("."))
        while rest:
            parent = document.find(path)
            assert parent is not None
            if not isinstance(parent.value, dict):
                raise self.not_below(path, rest, parent)
            key, rest = self.next_key(rest, form, path)
            path = (*path, key)
            if rest:
                parent.value[key] = Node({}, self.key_place, "...", flow=True)
                parent.key_places[key] = self.key_place
        return path

    def next_key(self, rest: list[str], form: type[BaseModel], path: KeyPath) -> tuple[str, list[str]]:
        known = known_keys(form, path)
        for end in range(len(rest), 0, -1):
            if known and ".".join(rest[:end]) in known:
                return ".".join(rest[:end]), rest[end:]
        if not path and known:
            help = suggestion(rest[0], sorted(known), "possible here")
            raise fail("unknown-key", f"there is no key {shown(rest[0])}", self.key_place, help=help)
        if known is None and known_keys(form, (*path, rest[0])) != set():
            return rest[0], rest[1:]  # A name of the user's, and below it other keys.
        return ".".join(rest), []  # Settings have dots in their own names.

    def not_below(self, path: KeyPath, rest: Iterable[str], parent: Node) -> SourceError:
        owner, wanted = ".".join(map(str, path)), ".".join(rest)
        if isinstance(parent.value, list):
            message, help = f"{shown(owner)} has {len(parent.value)} items, counted from 0", ""
        else:
            message = f"{shown(owner)} is {described(parent.plain())}, so it has no {shown(wanted)}"
            help = f"set `{owner}` itself"
        return fail("override", message, self.key_place, help=help)


def numbered(texts: Iterable[str]) -> list[Override]:
    linecache.cache.pop(COMMAND_LINE, None)
    found = []
    for number, text in enumerate(texts, start=1):
        key, _, value = text.partition("=")
        found.append(Override(key.strip(), value, text, number))
    lines = [f"{OPTION}{one.text}\n" for one in found]
    linecache.cache[COMMAND_LINE] = (0, None, lines, COMMAND_LINE)
    return found
