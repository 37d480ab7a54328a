"""``expect:`` of a spec: how an answer differs from it, and rewriting it in place (``--accept``).

Rewriting touches only the characters of the values that change: comments, order and layout of the file stay.
"""

from __future__ import annotations

import linecache
import os
import tempfile
from pathlib import Path
from typing import Any

from checker.source import SourceError, fail
from checker.spec_file import Expect, Limits
from checker.verdict import Outcome, PropertyResult, PropertyVerdict, Result
from checker.yaml_document import Node, YamlDocument, read_file, read_text

COUNTS = ("distinct_states", "transitions", "depth")
ORDER = ("verdict", "violates", "steps", *COUNTS)

Pinned = dict[str, str | int]


def differences(expect: Expect | None, result: Result) -> list[str]:
    """Sentences; none if the answer is as expected."""
    if expect is None:
        return ["the spec has no `expect:`; --accept writes one"]
    if result.problem:
        return [f"expected {expect.verdict}, but the model itself went wrong"]
    if result.outcome.value != expect.verdict:
        return [f"expected {expect.verdict}, found {result.outcome.value}"]
    found: list[str] = []
    if expect.violates is not None:
        found += _other_violation(expect, result)
    for key in COUNTS:
        expected, actual = getattr(expect, key), getattr(result.explored, key)
        if expected is not None and expected != actual:
            found.append(f"expected {key} {expected:,}, found {actual:,}")
    return found


def _violations(result: Result) -> list[PropertyResult]:
    return [one for one in result.properties if one.verdict is PropertyVerdict.VIOLATED]


def _other_violation(expect: Expect, result: Result) -> list[str]:
    violations = _violations(result)
    named = [one for one in violations if one.name == expect.violates]
    if not named:
        others = ", ".join(one.name for one in violations) or "nothing"
        return [f"expected a violation of {expect.violates}, found one of {others}"]
    if expect.steps is not None and named[0].steps != expect.steps:
        return [f"expected {expect.violates} to be violated in {expect.steps} steps, found {named[0].steps}"]
    return []


def pinned(result: Result, limits: Limits) -> Pinned:
    """What ``expect:`` should say so that this very answer, found within these limits of the spec, is expected."""
    if result.outcome is Outcome.INCONCLUSIVE and not result.problem and limits == Limits():
        help = "give it more time or memory; a spec that is meant to be so has `limits:` of its own"
        raise fail("nothing-to-accept", f"{result.spec}: the exploration stopped early", help=help)
    if result.problem:
        raise fail("nothing-to-accept", f"{result.spec}: the model itself went wrong; that is never as expected")
    found: Pinned = {"verdict": result.outcome.value}
    if result.outcome is Outcome.VIOLATED:
        for one in _violations(result)[:1]:
            found["violates"] = one.name
            if one.steps is not None:
                found["steps"] = one.steps
    elif result.outcome is not Outcome.INCONCLUSIVE:
        found |= {key: getattr(result.explored, key) for key in COUNTS}
    return found


def accept(path: str, wanted: Pinned) -> bool:
    """Rewrite ``expect:`` in the file; ``False`` if it says so already."""
    document = read_file(path)
    before = document.root.plain()
    if before.get("expect") == wanted:
        return False
    text = _rewritten(document, wanted)
    if text is None or _meaning(text) != {**before, "expect": wanted}:
        place = document.key_place(("expect",))
        help = f"write it by hand: expect: {_flow(wanted)}"
        raise fail("accept", "`expect` is written in a way that cannot be rewritten here", place, help=help)
    _replace_file(Path(path), text)
    return True


def _meaning(text: str) -> Any:
    """The data of the rewritten file: all else must mean what it meant (an alias, say, can make an edit spread)."""
    try:
        return read_text(text, "<rewritten>").root.plain()
    except SourceError:
        return None
    finally:
        linecache.cache.pop("<rewritten>", None)


def _flow(wanted: Pinned, space: str = "") -> str:
    return "{" + space + ", ".join(f"{key}: {_scalar(value)}" for key, value in wanted.items()) + space + "}"


def _scalar(value: str | int) -> str:
    plain = isinstance(value, int) or (value.replace("_", "a").isalnum() and value.isascii() and not value[0].isdigit())
    return str(value) if plain else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _rewritten(document: YamlDocument, wanted: Pinned) -> str | None:
    text, root = document.text, document.root
    newline = "\r\n" if "\r\n" in text else "\n"
    node = root.child("expect")
    if node is None:
        if root.flow:
            return None
        end = "" if text.endswith(("\n", "\r")) else newline
        return f"{text}{end}expect: {_flow(wanted)}{newline}"
    if node.value is None:
        start = root.key_starts["expect"]
        return text[:start] + f"expect: {_flow(wanted)}" + text[start + len("expect:") :]
    if not isinstance(node.value, dict):
        return None
    if not node.flow:
        return _block(text, node, wanted, newline)
    old = text[node.start : node.end]
    return None if "#" in old else text[: node.start] + _flow(wanted, " " if old[1:2] == " " else "") + text[node.end :]


def _block(text: str, node: Node, wanted: Pinned, newline: str) -> str:
    """One edit for each key that changes, from the end of the file backwards, so that offsets stay true."""
    edits: list[tuple[int, int, str]] = []
    kept_end = node.start
    for key, value in node.value.items():
        line_end = min((at for at in (text.find(newline, value.end),) if at >= 0), default=len(text))
        if key not in wanted:
            line_start = text.rfind("\n", 0, node.key_starts[key]) + 1
            edits.append((line_start, min(line_end + len(newline), len(text)), ""))
            continue
        kept_end = max(kept_end, line_end)
        if value.value != wanted[key]:
            edits.append((value.start, value.end, _scalar(wanted[key])))
    indent = " " * (node.start - text.rfind("\n", 0, node.start) - 1)
    added = [key for key in ORDER if key in wanted and key not in node.value]
    edits.append((kept_end, kept_end, "".join(f"{newline}{indent}{key}: {_scalar(wanted[key])}" for key in added)))
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _replace_file(path: Path, text: str) -> None:
    """All or nothing: an interrupted write must not cost the user their spec."""
    data = text.encode()
    target = path.resolve()
    if target.read_bytes().startswith(b"\xef\xbb\xbf"):
        data = b"\xef\xbb\xbf" + data
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(target.stat().st_mode)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
