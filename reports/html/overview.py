"""A path at a glance: a row for each component, a dot for each step, the faults and what is said of steps marked.

It is as wide as its place, whatever the number of steps: what goes along the path is in per cent. The slider does the
same for who cannot see or point, so its parts have no roles of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from checker.verdict import Path
from reports import words
from reports.flights import Fate, flights, sender_of
from reports.html.markup import Markup, join, tag
from reports.sequence import DRAWN, Marks, lanes

_ROW = 15
_REMARKS_MAX = 4  # that are told here; those from the last fault on first
_ENDS = {"crash": "down", "pause": "paused"}


def overview(path: Path, marks: Marks, number: int) -> Markup:
    """``number``: of the path on its page, for links."""
    found = flights(path)
    actors = lanes(path, found)
    names = tag("ul", *(tag("li", tag("bdi", name), title=name) for name in actors), class_="map-names")
    height = _ROW * len(actors)
    drawn = "".join(_drawn(path, marks, actors))
    told = escape(_told(path), {'"': "&quot;"})
    picture = Markup(
        f'<svg class="map {DRAWN}" width="100%" height="{height}" role="img" aria-label="{told}">'
        f'{drawn}<rect class="map-now" y="0" width="0" height="{height}"/></svg>'
    )
    return tag("div", tag("div", names, picture, class_="map-rows"), _key(path, marks, number), class_="glance")


def _drawn(path: Path, marks: Marks, actors: list[str]) -> Iterator[str]:
    count = len(path.steps)
    place = {actor: _ROW * (at + 0.5) for at, actor in enumerate(actors)}
    height = _ROW * len(actors)

    def x(step: float) -> str:
        return f"{100 * (step - 0.5) / count:.2f}%"

    def line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
        return f'<line class="{kind}" x1="{x(start[0])}" y1="{start[1]}" x2="{x(end[0])}" y2="{end[1]}"/>'

    remarks = [step.number for step in path.steps if step.remark]
    for kind, numbers in (("remark", remarks), ("pivot", [marks.pivot]), ("no-return", [marks.no_return])):
        for number in filter(None, numbers):
            left, width = x(number - 0.5), 100 / count
            yield f'<rect class="band-{kind}" x="{left}" y="0" width="{width:.2f}%" height="{height}"/>'
    for actor, y in place.items():
        at, kind = 0.5, "life"
        for step in path.steps:
            following = _ENDS.get(step.action, "life" if step.action in ("restart", "resume") else "")
            if step.actor == actor and step.received is None and following:
                yield line(kind, (at, y), (step.number, y))
                at, kind = step.number, following
        yield line(kind, (at, y), (count + 0.5, y))
    for flight in flights(path):
        receiver = flight.receiver or flight.message.receiver
        start = flight.repeated or flight.sent
        if flight.ended is None or not start or flight.refused or receiver not in place:
            continue
        sender = path.steps[flight.sent - 1].actor if flight.sent else sender_of(path, path.steps[start - 1], None)
        if sender in place:
            kind = "dead" if flight.fate in (Fate.LOST, Fate.GONE) else "slow" if flight.delayed else ""
            yield line(f"flight {kind}".strip(), (start, place[sender or ""]), (flight.ended, place[receiver or ""]))
    radius = 3.5 if count <= 30 else 2.6
    for step in path.steps:
        kind = "bad" if step.fault or step.played else "late" if step.late else "dot"
        said = f"{step.number} {words.clean(step.actor)} {words.clean(step.action)}"
        yield (
            f'<circle class="{kind}" cx="{x(step.number)}" cy="{place[step.actor]}" r="{radius}">'
            f"<title>{escape(said)}</title></circle>"
        )


def _told(path: Path) -> str:
    faults = words.listing(str(step.number) for step in path.steps if step.fault or step.played)
    return f"The path at a glance, {words.count(len(path.steps), 'step')}; faults in steps: {faults or 'none'}"


def _key(path: Path, marks: Marks, number: int) -> Markup:
    """What is marked, in the order of the path, each with a link to its step."""
    said: list[tuple[int, str, Markup]] = []
    remarked = [step.number for step in path.steps if step.remark]
    told = set(sorted(remarked, key=lambda at: (at < (marks.pivot or 0), at))[:_REMARKS_MAX])
    for step in path.steps:
        if step.number == marks.pivot:
            said.append((step.number, "pivot", tag("span", "last fault it takes")))
        if step.number in told:
            said.append((step.number, "remark", join([tag("bdi", step.actor), ": ", step.remark])))
        if step.number == marks.no_return:
            said.append((step.number, "no-return", tag("span", "too late")))
    items = [
        tag("li", tag("a", f"step {at}", href=f"#path={number}&step={at}", class_="when", data_goto=at), " ", text,
            class_=f"key-{kind}")
        for at, kind, text in said
    ]  # fmt: skip
    if more := len(remarked) - len(told):
        items.append(tag("li", f"and {words.count(more, 'remark')} more, at their steps", class_="key-remark"))
    faults = any(step.fault or step.played for step in path.steps)
    legend = "Each dot is a step, from left to right" + ("; red: a fault." if faults else ".")
    return join([tag("ul", *items, class_="marks") if items else None, tag("p", legend, class_="legend")])
