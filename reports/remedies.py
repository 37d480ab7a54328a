"""Which change would have kept a guarantee, as text and as data.

For someone who has read how it breaks and asks what to do. A line is a change that was checked in full, nothing less:
first those that mend it, then those that have a price, then those with which the situation does not arise, which are
told and never recommended. Values of one key that come to the same share a line.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checker.verdict import Outcome, Remedies, Tried
from reports import words

WIDTH = 96
FORMAT = 1
NONE_FOUND = "No single change that was tried keeps it."
NONE_ADVISED = "Only changes with which less happens keep it."
SERIES = ("version", "connector")  # Keys whose values follow each other.
KEYS_MAX = 12  # Of what was tried in vain.


@dataclass(frozen=True)
class Line:
    """Changes of one key with one answer."""

    key: str
    now: str
    instead: str  # "keyed_call or upsert", "3.4 and later"
    note: str = ""


def render(found: Remedies, width: int = WIDTH) -> str:
    title = words.clean(found.title)
    head = [f"what would have helped: {words.clean(found.spec)}", *([title] if title else [])]
    return "\n\n".join("\n".join(block) for block in [head, *blocks(found, width)]) + "\n"


def blocks(found: Remedies, width: int) -> list[list[str]]:
    """What is said under a heading; in a report, under the story of how it broke."""
    if found.broken is None:
        return [[nothing_to_mend(found)]]
    told = [_listed(lead, lines, width) for lead, lines in groups(found)]
    if not found.kept:
        told.insert(0, words.wrap(none_kept(found), width))
    told += [words.wrap(one, width) for one in [*in_vain(found), coverage(found)]]
    if found.kept:
        told.append([f"see for yourself: {command(found)}"])
    return [[line.rstrip() for line in block] for block in told if block]


def nothing_to_mend(found: Remedies) -> str:
    if found.outcome is Outcome.HOLDS:
        return "Nothing is broken, so there is nothing to mend."
    return f"No guarantee is broken so far; the answer is {found.outcome.value}."


def none_kept(found: Remedies) -> str:
    return f"{words.clean(found.broken or '')} is broken. {NONE_ADVISED if found.vacuous else NONE_FOUND}"


# --- What is told one by one ------------------------------------------------------------------------------------------


def groups(found: Remedies) -> list[tuple[str, list[Line]]]:
    """The best first, each group under its sentence."""
    name = words.clean(found.broken or "")
    every = [
        (f"{name} is kept, as is every other guarantee of the spec, with", _kept(found, free=True)),
        (f"{name} is kept at a price with", _kept(found, free=False)),
        ("the situation does not arise, because less happens, with", found.vacuous),
        (f"{name} is not broken first, but another guarantee is, with", found.others_broken),
        ("not decided", found.undecided),
    ]
    return [(lead, merged(found, some)) for lead, some in every if some]


def _kept(found: Remedies, *, free: bool) -> list[Tried]:
    return [one for one in found.kept if (not one.gives_up) == free]


def merged(found: Remedies, some: Sequence[Tried]) -> list[Line]:
    """A line for each key and what is said of it. A version that behaves like a change of the list belongs to it."""
    same: dict[tuple[str, str, str], list[Tried]] = {}
    for one in [*some, *_alike(found, some)]:
        default = f"there {one.as_with.replace('=', ' is ', 1)} by default" if one.as_with else ""
        parts = f"its path goes otherwise from step {one.parts} on" if one.parts else ""
        said = "; ".join(part for part in (one.gives_up, one.note, default, parts) if part)
        same.setdefault((one.key, one.now, said), []).append(one)
    return [
        Line(words.clean(key), words.clean(now), _values(found, key, several), words.clean(said))
        for (key, now, said), several in same.items()
    ]


def _alike(found: Remedies, some: Sequence[Tried]) -> Iterable[Tried]:
    known = {_override(one): one for one in some}
    for one in found.unchanged:
        if one.key in SERIES and one.as_with in known:
            as_with = known[one.as_with].as_with if known[one.as_with].key in SERIES else one.as_with
            yield replace(known[one.as_with], key=one.key, now=one.now, value=one.value, as_with=as_with)


def _override(one: Tried) -> str:
    return f"{one.key}={one.value}"


def _values(found: Remedies, key: str, some: Sequence[Tried]) -> str:
    values = [_plain(one.value) for one in some]
    if key not in SERIES:
        return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
    every = sorted({_plain(one.value) for one in everything(found) if one.key == key}, key=_number)
    return " or ".join(_runs(every, set(values)))


def _runs(every: Sequence[str], good: set[str]) -> Iterable[str]:
    """``["1.0", "1.1", "1.2", "2.0"]`` of which all but the first are good: "1.1 and later"."""
    run: list[str] = []
    for one, following in zip(every, [*every[1:], None], strict=True):
        if one in good:
            run.append(one)
        if run and (one not in good or following is None):
            lasts = one in good and following is None
            yield run[0] if len(run) == 1 else f"{run[0]} and later" if lasts else f"{run[0]} to {run[-1]}"
            run = []


def _number(version: str) -> list[int]:
    return [int(one) for one in re.findall(r"\d+", version)]


def _plain(value: str) -> str:
    """Without the quotes and brackets that ``--set`` needs."""
    inside = value.strip('[]"').replace('"', "") if value[:1] in ("[", '"') else value
    return words.clean(inside or "nothing")


def everything(found: Remedies) -> list[Tried]:
    return [
        *found.kept, *found.others_broken, *found.vacuous, *found.broken_still, *found.undecided, *found.unchanged,
        *found.refused,
    ]  # fmt: skip


def command(found: Remedies) -> str:
    """Checks the best change."""
    again = f"--set {shlex.quote(words.clean(_override(found.kept[0])))}"
    return f"python -m checker {shlex.quote(words.clean(found.spec))} {again}"


def _listed(head: str, lines: list[Line], width: int) -> list[str]:
    told = words.wrap(f"{head}:", width)
    for one in lines:
        change = words.wrap(f"{one.key}: {one.now} -> {one.instead}", width - 6)
        told += [f"  {line}" if i == 0 else f"      {line}" for i, line in enumerate(change)]
        told += [f"      {line}" for line in words.wrap(one.note, width - 6)] if one.note else []
    return told


# --- What was tried besides -------------------------------------------------------------------------------------------


def in_vain(found: Remedies) -> list[str]:
    """Sentences: what did not help, what makes no difference, and what nobody can say."""
    broken = {"", *map(_override, found.broken_still)}  # "": no change.
    series = [one for one in found.unchanged if one.key in SERIES and one.as_with in broken]
    idle = [one for one in found.unchanged if one.key not in SERIES and not one.as_with]
    said = []
    if found.broken_still or series:
        said.append(f"Tried in vain: {_keys(found, [*found.broken_still, *series])}.")
    if idle:
        said.append(f"Without any effect here: {_keys(found, idle)}.")
    for why in dict.fromkeys(one.note for one in found.not_judged):
        about = [_with_origin(one) for one in found.not_judged if one.note == why]
        said.append(f"Not judged: {words.listing(about)}: {words.clean(why)}.")
    return said


def _keys(found: Remedies, some: Iterable[Tried]) -> str:
    """``acks (0 or 1), retries (0)``, and how many more."""
    by_key: dict[str, list[Tried]] = {}
    for one in some:
        by_key.setdefault(one.key, []).append(one)
    told = [f"{_short(key)} ({_values(found, key, several)})" for key, several in by_key.items()]
    if len(told) > KEYS_MAX + 1:
        told = [*told[:KEYS_MAX], f"and {len(told) - KEYS_MAX} more (--json lists them)"]
    return ", ".join(told)


def _with_origin(one: Tried) -> str:
    """``linger.ms (0, given)``"""
    inside = re.sub(r"\A(.*) \((.*)\)\Z", r"\1, \2", words.clean(one.now), flags=re.DOTALL)
    return f"{_short(one.key)} ({inside})"


def _short(key: str) -> str:
    """Without the word that says which part of a spec it is in."""
    return words.clean(re.sub(r"\A(apps|jobs|topics)\.", "", key))


def coverage(found: Remedies) -> str:
    """How much was tried, and what became of the rest."""
    checked = [*found.kept, *found.others_broken, *found.vacuous, *found.broken_still]
    said = [f"Checked in full, one change at a time, within the spec's own bounds and faults: {len(checked)}."]
    if found.broken_still:
        said.append(f"With {len(found.broken_still)} of them it is broken all the same.")
    if found.undecided:
        said.append(f"{len(found.undecided)} more could not be decided.")
    if found.unchanged:
        said.append(f"{len(found.unchanged)} more come to the same as one of these, or as no change.")
    if found.refused:
        said.append(f"{len(found.refused)} are refused by Kafka, by Flink or by the model (--json lists them).")
    if found.kept and not found.has_goals:
        said.append("The spec has no `sometimes`: a change that makes the pipeline stand still keeps everything too.")
    return " ".join(said)


def document(found: Remedies) -> dict[str, Any]:
    """The same as JSON-able data, with everything that was tried."""
    plain = dataclasses.asdict(found)
    return {"format": FORMAT, **plain, "outcome": found.outcome.value, "seconds": round(found.seconds, 3)}
