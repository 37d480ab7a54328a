"""Each step of a path in words, as HTML: what came in, what it did, what it forgot, what it sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checker.verdict import NO_PLUMBING, Change, Path, PathStep, Plumbing, SentMessage
from reports import words
from reports.flights import causes, origins, sender_of
from reports.html.markup import Markup, join, tag, text

_MESSAGE_FAULTS = {
    "lose": "is lost",
    "duplicate": "is repeated: it will arrive twice",
    "delay": "is held up: it may arrive at any later time, even on a new connection",
}
_LOOKS = {"last fault it takes": "bad", "too late": "over"}
_ACTOR_EVENTS = {
    "pause": "stops running and does not know it",
    "resume": "wakes up and carries on where it stopped",
}


def steps(path: Path, number: int, notes: dict[int, list[str]], matters: frozenset[int]) -> Markup:
    """All steps as a list. ``notes`` are badges by step; ``matters`` empty: not known which do."""
    sent_in = origins(path)
    lost = causes(path)
    return tag(
        "ol",
        *(_item(path, step, number, _Way(sent_in.get(step.number), lost), notes.get(step.number, []), matters)
          for step in path.steps),
        class_="story",
    )  # fmt: skip


@dataclass(frozen=True)
class _Way:
    """What a step does not say itself and its path does."""

    sent_in: int | None  # the step that sent the message received
    lost: Mapping[tuple[int, int], str]  # why a message never arrives, by the step that sent it and its place


def _item(path: Path, step: PathStep, number: int, way: _Way, notes: list[str], matters: frozenset[int]) -> Markup:
    kind = "is-fault" if step.fault or step.played else "is-routine" if matters and step.number not in matters else ""
    head = tag(
        "p",
        tag("a", str(step.number), href=f"#path={number}&step={step.number}", class_="number", data_goto=step.number),
        " ",
        tag("bdi", step.actor, class_="actor"),
        " ",
        tag("code", step.action, class_="action"),
        *(join([" ", tag("span", badge, class_=f"badge {look}")]) for badge, look in _badges(step, notes)),
        class_="step-head",
    )
    return tag("li", head, tag("ul", *_lines(path, step, way)), class_=kind or None, data_step=step.number)


def _badges(step: PathStep, notes: list[str]) -> list[tuple[str, str]]:
    found = [("fault", "bad")] if step.fault else [(_played(step), "bad")] if step.played else []
    if step.late:
        found.append(("arrives late", "late"))
    return found + [(note, _LOOKS.get(note, "mark")) for note in notes]


def _played(step: PathStep) -> str:
    return f"{'crash with' if step.ends_a_crash else 'fault'} {step.played}"


def _lines(path: Path, step: PathStep, way: _Way) -> list[Markup]:
    lines: list[Markup] = []
    sent_in = way.sent_in
    if step.says:
        lines.append(tag("li", step.says, class_="says"))
    if step.remark:
        lines.append(tag("li", "← ", step.remark, class_="remark"))
    if step.received is not None:
        sender = sender_of(path, step, sent_in)
        when = f", sent in step {sent_in}" if sent_in is not None else ""
        origin = join([" from ", tag("bdi", sender or "the network"), when])
        if step.fault and step.action in _MESSAGE_FAULTS:
            lines.append(
                _line(message(step.received, path.plumbing), origin, ": ", _MESSAGE_FAULTS[step.action], look="bad")
            )
        else:
            lines.append(_line("gets LATE " if step.late else "gets ", message(step.received, path.plumbing), origin))
    elif step.action in _ACTOR_EVENTS:
        lines.append(_line(_ACTOR_EVENTS[step.action], look="bad" if step.fault else ""))
    if step.choices:
        lines.append(_line("picks ", _listed(step.choices)))
    forgotten = [one for one in step.changes if one.wiped]
    wiped = [one for one in forgotten if not one.aside]
    if forgotten and not wiped:
        lines.append(_line("forgets what it had in memory", look="bad"))
    elif wiped:
        lines.append(_line("forgets ", *_separated([_wiped(one, step.actor) for one in wiped]), look="bad"))
    elif step.action == "crash" and step.fault:
        lines.append(_line("stops; it had nothing to forget", look="bad"))
    if step.gone:
        gone = [
            join([message(one, path.plumbing), " from ", tag("bdi", one.sender or "the network")]) for one in step.gone
        ]
        lines.append(_line("what was on its way to it is gone: ", *_separated(gone), look="bad"))
    lines += [_line("→ ", tag("b", text)) for text in words.happened(path, step.number)]
    for one in step.changes:
        if not one.wiped and not one.aside:
            told = words.changes(one, whose=step.actor, plumbing=path.plumbing)
            lines += [_line(tag("code", text)) for text in told]
    for place, sent in enumerate(step.sent):
        why_lost = way.lost.get((step.number, place))
        said = ["sends ", message(sent, path.plumbing), " to ", tag("bdi", sent.receiver or "everyone")]
        lines.append(_line(*said, *([f" ({why_lost})"] if why_lost else []), look="bad" if why_lost else ""))
    return lines


def _line(*children: str, look: str = "") -> Markup:
    return tag("li", *children, class_=look or None)


def message(sent: SentMessage, plumbing: Plumbing = NO_PLUMBING) -> Markup:
    fields = ", ".join(words.message_fields(sent, plumbing))
    return tag("code", tag("b", sent.type), f"({fields})")


def _wiped(change: Change, whose: str) -> Markup:
    return tag("s", tag("code", words.change(change, whose=whose)))


def _listed(items: tuple[str, ...] | list[str]) -> Markup:
    return join(_separated([tag("code", item) for item in items]))


def _separated(items: list[Markup]) -> list[Markup]:
    return [piece for place, item in enumerate(items) for piece in ((text(", "), item) if place else (item,))]
