"""YAML text to plain data, with the place of every key and value.

It reads ruamel.yaml's event stream instead of letting it build objects: events carry positions for keys as well as
values, no tag can construct anything, and depth, size and alias expansion are limited while reading, not after.
Scalars are those of YAML 1.2 (``yes`` and ``on`` are texts); ``10_000`` is accepted as a number.
"""

from __future__ import annotations

import itertools
import linecache
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from checker.nearest import described, shown
from checker.source import Diagnostic, Place, SourceError, fail

BYTES_MAX = 128 * 1024
DEPTH_MAX = 24
NODES_MAX = 20_000  # After aliases are expanded.
NUMBER_MAX = 2**63 - 1

Key = str | int
KeyPath = tuple[Key, ...]

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # What ruamel.yaml counts as a line.
_INT = re.compile(r"[-+]?[0-9][0-9_]*\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass
class Node:
    """One value of the file: a scalar, a list of nodes, or a dict of nodes with their keys' places beside it."""

    value: Any
    place: Place
    text: str = ""  # A scalar as written, so that `version: 3.10` does not become 3.1.
    flow: bool = False
    start: int = 0  # Offsets into the file's text.
    end: int = 0
    key_places: dict[str, Place] = field(default_factory=dict)
    key_starts: dict[str, int] = field(default_factory=dict)
    size: int = 1
    height: int = 1
    complete: bool = True

    def plain(self) -> Any:
        match self.value:
            case dict():
                return {key: node.plain() for key, node in self.value.items()}
            case list():
                return [node.plain() for node in self.value]
            case scalar:
                return scalar

    def children(self) -> list[Node]:
        match self.value:
            case dict():
                return list(self.value.values())
            case list():
                return list(self.value)
        return []

    def copy(self) -> Node:
        match self.value:
            case dict():
                value: Any = {key: node.copy() for key, node in self.value.items()}
            case list():
                value = [node.copy() for node in self.value]
            case scalar:
                value = scalar
        return replace(self, value=value, key_places=dict(self.key_places))

    def child(self, key: Key) -> Node | None:
        match self.value:
            case dict():
                found = self.value.get(str(key))
                return found if isinstance(found, Node) else None
            case list() if str(key).isdecimal() and int(key) < len(self.value):
                found = self.value[int(key)]
                return found if isinstance(found, Node) else None
        return None


@dataclass
class YamlDocument:
    """A file that was read, and the slips in it that did not keep it from being read (duplicate keys, tags)."""

    file: str
    text: str
    root: Node
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def show_in_messages(self) -> None:
        """The excerpts in error messages come from linecache; this is the text that the positions belong to."""
        lines = [line + "\n" for line in _LINE_BREAK.split(self.text)]
        linecache.cache[self.file] = (len(self.text), None, lines, self.file)

    def find(self, path: Sequence[Key]) -> Node | None:
        node: Node | None = self.root
        for key in path:
            node = node.child(key) if node is not None else None
        return node

    def split(self, parts: Sequence[str]) -> tuple[KeyPath, list[str]]:
        """The parts of a dotted path by the keys that exist (which may have dots themselves), and what is left over."""
        path: KeyPath = ()
        rest = list(parts)
        while rest:
            ends = range(len(rest), 0, -1)
            found = next((end for end in ends if self.find((*path, ".".join(rest[:end]))) is not None), None)
            if found is None:
                break
            path, rest = (*path, ".".join(rest[:found])), rest[found:]
        return path, rest

    def place(self, path: Sequence[Key]) -> Place:
        """Where the value stands; for one that spans lines, its key; for a missing path, its nearest ancestor."""
        node, place = self.root, Place(self.file, 1, 1)
        for key in path:
            inner = node.child(key)
            if inner is None:
                return place
            place = inner.place
            if (not inner.flow and isinstance(inner.value, dict | list)) or inner.text == "":
                place = node.key_places.get(str(key), place)
            node = inner
        return place

    def key_place(self, path: Sequence[Key]) -> Place:
        """Where the key stands; for a list item, the item."""
        parent = self.find(path[:-1]) if path else None
        if parent is None or str(path[-1]) not in parent.key_places:
            return self.place(path)
        return parent.key_places[str(path[-1])]


def read_file(path: str) -> YamlDocument:
    """Read one spec file; ``SourceError`` if it cannot be read as YAML at all."""
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(BYTES_MAX + 1)
    except FileNotFoundError:
        raise fail("no-such-file", f"there is no file {shown(path)}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is not a file name"
        raise fail("no-such-file", f"{shown(path)} cannot be read: {reason}") from None
    if len(data) > BYTES_MAX:
        raise fail("file-too-large", f"{shown(path)} is longer than {BYTES_MAX // 1024} KiB, too long for a spec")
    try:
        return read_text(data.decode("utf-8-sig"), path)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        place = Place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise fail("not-utf8", f"this is not UTF-8 text: byte 0x{data[error.start]:02x}", place) from None


def head_comment(text: str) -> str:
    """The first paragraph of the comment with which a file begins: what its author says of it."""
    told = itertools.takewhile(lambda line: line.startswith("#") and line.strip("# "), _LINE_BREAK.split(text))
    return " ".join(line.strip("# ") for line in told)


def read_text(text: str, file: str) -> YamlDocument:
    """Read the text of a spec file that is (or pretends to be) named ``file``."""
    document = YamlDocument(file, text, Node({}, Place(file, 1, 1)))
    document.show_in_messages()
    reader = _Reader(document)
    for event in _events(text, file):
        reader.take(event)
    if reader.documents == 0:
        raise fail("empty-file", f"{shown(file)} is empty", Place(file, 1, 1), help="a spec begins with `title:`")
    return document


def _events(text: str, file: str) -> Iterator[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    last: Any = None
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            last = event
            yield event
    except MarkedYAMLError as error:
        raise _syntax_error(error, file) from None
    except ReaderError as error:
        before = text[: error.position]
        line = len(_LINE_BREAK.split(before))
        place = Place(file, line, len(_LINE_BREAK.split(before)[-1]) + 1)
        character = shown(text[error.position : error.position + 1])
        raise fail("yaml-syntax", f"the character {character} may not be here", place) from None
    except (SourceError, GeneratorExit, KeyboardInterrupt, MemoryError):
        raise
    except Exception:  # The scanner meets some odd inputs with IndexError or AttributeError: the file is at fault.
        mark = getattr(last, "end_mark", None)
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        raise fail("yaml-syntax", "this is not YAML from here on", place) from None


_SYNTAX_HELP = (
    ("found character '\\t'", "indent with spaces"),
    ("mapping values are not allowed", "a text with `: ` in it stands in quotes; a second key goes on its own line"),
    ("expected <block end>", "this line is indented differently from those it belongs with"),
    ("could not find expected ':'", "a key is followed by `: `"),
    ("end of stream", "a quote is not closed"),
    ("expected ',' or ']'", "the list is not closed"),
    ("expected ',' or '}'", "the mapping is not closed"),
    ("cannot start any token", "put the text in quotes"),
    ("unknown escape", "use single quotes, in which a backslash is only a backslash"),
)


def _syntax_error(error: Any, file: str) -> SourceError:
    problem = str(error.problem or "this is not YAML").replace("<stream end>", "the end of the file")
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    help = next((help for part, help in _SYNTAX_HELP if part in problem), "")
    related: tuple[tuple[str, Place], ...] = ()
    start = error.context_mark
    if error.context and start is not None and (start.line, start.column) != (mark.line, mark.column):
        related = ((str(error.context), Place(file, start.line + 1, start.column + 1)),)
    return SourceError([Diagnostic("yaml-syntax", f"YAML: {problem}", place, help=help, related=related)])


class _Reader:
    """Builds the tree of nodes from events, without recursion."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.stack: list[Node] = []
        self.pending_keys: list[tuple[str, Place, int] | None] = []
        self.anchors: dict[str, Node] = {}
        self.documents = 0
        self.nodes = 0

    def take(self, event: Any) -> None:
        match type(event).__name__:
            case "DocumentStartEvent":
                self.documents += 1
                if self.documents > 1:
                    raise fail("two-documents", "a second document begins here", self.place(event), help=_ONE_DOCUMENT)
            case "ScalarEvent":
                self.check_tag(event)
                self.add(self.scalar(event), event)
            case "MappingStartEvent" | "SequenceStartEvent":
                self.open(event)
            case "MappingEndEvent" | "SequenceEndEvent":
                self.close(event)
            case "AliasEvent":
                self.add(self.alias(event), event)

    def place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else 1
        return Place(self.document.file, start.line + 1, start.column + 1, max(1, width))

    def check_tag(self, event: Any) -> None:
        if event.tag is not None:
            tag = shown(str(event.tag).replace("tag:yaml.org,2002:", "!!"))
            self.slip("tag", f"the tag {tag} has no meaning here", self.place(event), "leave it out")

    def slip(self, slug: str, message: str, place: Place, help: str) -> None:
        self.document.diagnostics.append(Diagnostic(slug, message, place, help=help))

    def scalar(self, event: Any) -> Node:
        place, text = self.place(event), event.value
        node = Node(text, place, text or "''", start=event.start_mark.index, end=event.end_mark.index)
        if any("\ud800" <= one <= "\udfff" for one in text):
            raise fail("yaml-syntax", "half a surrogate pair is not a character", place)
        if event.style is None:
            node.text = text
            node.value = self.resolve(text, place)
        return node

    def resolve(self, text: str, place: Place) -> Any:
        """A plain scalar, by YAML 1.2's core schema."""
        if text in _WORDS:
            return _WORDS[text]
        if _INT.match(text):
            digits = text.replace("_", "")
            if len(digits) > 24 or abs(number := int(digits, 0 if digits[:2] in ("0o", "0x") else 10)) > NUMBER_MAX:
                self.slip("number-too-large", f"{shown(text)} is too large", place, f"at most {NUMBER_MAX}")
                return 0
            return number
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan")) if _FLOAT.match(text) else text

    def alias(self, event: Any) -> Node:
        known = self.anchors.get(event.anchor)
        if known is None or not known.complete:
            what = "contains itself" if known else "is defined nowhere above"
            raise fail("alias", f"`*{event.anchor}` {what}", self.place(event), help="write the value out")
        self.limit_size(known.size, event)
        return known.copy()  # So that --set changes one place, not two.

    def open(self, event: Any) -> None:
        self.check_tag(event)
        empty: Any = {} if type(event).__name__ == "MappingStartEvent" else []
        node = Node(empty, self.place(event), "...", bool(event.flow_style), event.start_mark.index, complete=False)
        self.limit_depth(len(self.stack) + 1, event)
        self.add(node, event)
        self.stack.append(node)
        self.pending_keys.append(None)

    def close(self, event: Any) -> None:
        node = self.stack.pop()
        self.pending_keys.pop()
        node.complete, node.end = True, event.end_mark.index
        if node.flow and event.end_mark.line == node.place.line - 1:
            node.place = replace(node.place, width=event.end_mark.column - node.place.column + 1)
        node.size = 1 + sum(one.size for one in node.children())
        node.height = 1 + max((one.height for one in node.children()), default=0)
        if not self.stack:
            self.check_root(node)

    def check_root(self, node: Node) -> None:
        if not isinstance(node.value, dict):
            what = described(node.plain())
            raise fail("not-a-mapping", f"the file is {what}, not a mapping", node.place, help=_BEGINS)

    def add(self, node: Node, event: Any) -> None:
        """Put a finished or just opened node where it belongs: as a key, under the pending key, or into the list."""
        self.limit_size(node.size, event)
        self.nodes += node.size
        self.limit_depth(len(self.stack) + node.height, event)
        if getattr(event, "anchor", None) and type(event).__name__ != "AliasEvent":
            self.anchors[event.anchor] = node
        if not self.stack:
            self.document.root = node
            if not isinstance(node.value, dict | list):
                self.check_root(node)
            return
        parent = self.stack[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif self.pending_keys[-1] is None:
            self.pending_keys[-1] = self.key(node, event)
        else:
            self.put(parent, node, self.pending_keys[-1])
            self.pending_keys[-1] = None

    def limit_size(self, size: int, event: Any) -> None:
        if self.nodes + size > NODES_MAX:
            raise fail("too-much", f"more than {NODES_MAX} values, aliases expanded", self.place(event))

    def limit_depth(self, depth: int, event: Any) -> None:
        if depth > DEPTH_MAX:
            raise fail("too-deep", f"nested more than {DEPTH_MAX} levels deep", self.place(event))

    def key(self, node: Node, event: Any) -> tuple[str, Place, int]:
        if isinstance(node.value, dict | list):
            kind = "a list" if isinstance(node.value, list) else "a mapping"
            raise fail("key-not-text", f"a key is {kind}; it has to be a word", self.place(event))
        text = node.text if node.text != "''" else ""
        if not text:
            self.slip("key-not-text", "a key is empty", self.place(event), "write a word before the colon")
        return text, self.place(event), node.start

    def put(self, parent: Node, node: Node, pending: tuple[str, Place, int]) -> None:
        key, place, start = pending
        if key in parent.value:
            first = ((f"{shown(key)} is first given here", parent.key_places[key]),)
            message = f"{shown(key)} is given twice"
            self.document.diagnostics.append(
                Diagnostic("duplicate-key", message, place, help="keep one of them", related=first)
            )
            return
        parent.value[key] = node
        parent.key_places[key] = place
        parent.key_starts[key] = start


_ONE_DOCUMENT = "one file, one spec: put the second one into its own file"
_BEGINS = "a spec is a mapping that begins with `title: ...` and `model: ...`"
