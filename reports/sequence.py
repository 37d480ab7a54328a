"""A path as a picture: one lane for each actor, time downwards, an arrow for each message from sending to receiving.

Every step has a row of its own, so boxes never meet. What a step sends is written beside its box, on the side that
the arrow leaves from, and a fault on a message sits on its arrow in the gap before the receiver: no two texts share
a place by construction. Only lines cross, and they run behind the boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from checker.verdict import Path, PathStep
from reports import words
from reports.flights import Fate, Flight, flights, origins, sender_of

_BOX = 186
_GAP = 176
_PITCH = _BOX + _GAP
_MARGIN = 40
_LINE = 13  # height of a line of small text
_CHARACTER = 6.03  # width of a small monospaced character (10 px)
_ROW_GAP = 16
_BOX_COLUMNS = int((_BOX - 14) / _CHARACTER)
_LABEL_COLUMNS = int((_GAP - 18) / _CHARACTER)
_LINES_MAX = 12  # of one box; the rest is in its tooltip
_HEAD = 34
_SLOT_GAP = 12  # between an arrow and the next label on the same side

_MESSAGE_FAULTS = {"lose": "lost", "delay": "held up", "duplicate": "repeated"}
_ACTOR_NOTES = {"pause": "stops, does not know it", "resume": "wakes up, carries on"}

_STYLE = """
text { font: 10px "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; fill: #1f2933; white-space: pre }
.title { font: bold 16px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif }
.sub { font: 11px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; fill: #52606d }
.actor { font: bold 12px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; fill: #ffffff; text-anchor: middle }
.strong { font-weight: bold }
.faint { fill: #7b8794 }
.bad { fill: #b3261e }
.late { fill: #9a5b00 }
.good { fill: #1b6e3c }
.head { fill: #334e68 }
.life { stroke: #9fb3c8; stroke-width: 1.5 }
.down { stroke: #b3261e; stroke-width: 1.5; stroke-dasharray: 1.5 5 }
.paused { stroke: #f0b429; stroke-width: 7; stroke-dasharray: 2 3; stroke-opacity: 0.7 }
.step { fill: #f2f6fa; stroke: #6b86a8 }
.fault { fill: #fdecea; stroke: #b3261e; stroke-width: 1.5 }
.crash { fill: #b3261e }
.back { fill: #e8f5ec; stroke: #1b6e3c }
.arrived-late { fill: #fff4dc; stroke: #9a5b00; stroke-width: 1.5 }
.tag { fill: #fff; stroke: #b3261e; stroke-dasharray: 4 2 }
.flight { stroke: #334e68; stroke-width: 1.3; fill: none }
.flight.slow { stroke: #9a5b00; stroke-width: 1.6; stroke-dasharray: 9 5 }
.flight.again { stroke-dasharray: 2 3 }
.flight.dead { stroke: #b3261e }
.pending { fill: #fff; stroke: #7b8794 }
.halo { fill: #ffffff; fill-opacity: 0.88 }
.verdict { stroke: #b3261e; stroke-width: 3 }
.verdict.good { stroke: #1b6e3c }
""".strip()

_MARKERS = "".join(
    f'<marker id="head-{name}" viewBox="0 0 10 10" refX="9.5" refY="5" markerWidth="8" markerHeight="8" '
    f'orient="auto"><path d="M0,1 L10,5 L0,9 Z" fill="{color}"/></marker>'
    for name, color in (("plain", "#334e68"), ("slow", "#9a5b00"))
)


@dataclass(frozen=True)
class Point:
    x: float
    y: float


@dataclass
class _Label:
    """What a step sends: the text beside its box, and where its arrow leaves."""

    lines: list[str]
    pending: bool
    start: Point = Point(0, 0)


@dataclass
class _Row:
    step: PathStep
    lane: int
    lines: list[tuple[str, str]]  # text and its class; the first is the heading
    top: float = 0
    height: float = 0
    left: list[_Label] = field(default_factory=list)
    right: list[_Label] = field(default_factory=list)
    gap: int | None = None  # a fault on a message: the gap (left of lane number ``gap``) that its tag stands in

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def sequence_svg(
    path: Path,
    title: str = "",
    subtitle: str = "",
    ending: Sequence[str] = (),
    good: bool = False,
) -> str:
    """The path as an SVG document. ``ending`` is written at the end: a headline, then sentences."""
    return _Picture(path, title, subtitle, list(ending), good).draw()


class _Picture:
    def __init__(self, path: Path, title: str, subtitle: str, ending: list[str], good: bool) -> None:
        self.path = path
        self.title = words.clean(title)
        self.subtitle = words.clean(subtitle)
        self.ending = [words.clean(line) for line in ending]
        self.good = good
        self.flights = flights(path)
        self.origins = origins(path)
        self.actors = _lanes(path, self.flights)
        self.lanes = {actor: position for position, actor in enumerate(self.actors)}
        self.width = max(560, 2 * _MARGIN + _BOX + _PITCH * (len(self.actors) - 1) + self._side_room())
        self.labels: dict[tuple[int, int], _Label] = {}
        self.rows: dict[int, _Row] = {}

    def _side_room(self) -> int:
        """Room right of the last lane, where messages to oneself turn around."""
        last = self.actors[-1:]
        own = any([flight.message.sender] == last == [flight.message.receiver] for flight in self.flights)
        return _GAP if own or len(self.actors) == 1 else 0

    def draw(self) -> str:
        columns = int((self.width - 2 * _MARGIN) / 9.5)
        header = words.wrap(words.shorten(self.title, 3 * columns), columns) if self.title else []
        legend = self._legend()
        y = 26.0
        out = []
        for line in header:
            out.append(_text(_MARGIN, y, line, "title"))
            y += 20
        for line in [part for part in (self.subtitle, legend) if part]:
            for piece in words.wrap(line, int((self.width - 2 * _MARGIN) / 6.7)):
                out.append(_text(_MARGIN, y, piece, "sub"))
                y += 16
        heads = y + 4
        y = heads + _HEAD + _ROW_GAP
        for step in self.path.steps:
            row = self._row(step)
            self._place(row, y)
            self.rows[step.number] = row
            y = row.top + row.height + _ROW_GAP
        bottom = y + 4
        life = [self._lifeline(actor, heads + _HEAD, bottom) for actor in self.actors]
        arrows = [self._arrow(flight) for flight in self.flights]
        boxes = [self._box(row) for row in self.rows.values()]
        names = [self._heads(heads)]
        if bottom - heads > 900:
            names.append(self._heads(bottom))
            bottom += _HEAD + 10
        closing, height = self._closing(bottom)
        body = [*out, *life, *arrows, *self._label_texts(), *boxes, *names, closing]
        described = self.title or "A path through the system"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{height:.0f}" '
            f'viewBox="0 0 {self.width} {height:.0f}" role="img">\n'
            f"<title>{escape(described)}</title>\n<defs><style>{_STYLE}</style>{_MARKERS}</defs>\n"
            '<rect width="100%" height="100%" fill="#ffffff"/>\n'
            + "\n".join(part for part in body if part)
            + "\n</svg>\n"
        )

    def _legend(self) -> str:
        """Says what the marks mean, but only those that occur."""
        kinds = {step.action for step in self.path.steps if step.fault}
        said = ["Time runs downwards; a box is one step."]
        if kinds & set(_MESSAGE_FAULTS):
            said.append("On an arrow: what the network does to that message.")
        if "delay" in kinds:
            said.append("Dashed arrow: arrives late.")
        if "crash" in kinds:
            said.append("Dotted red line: crashed.")
        if "pause" in kinds:
            said.append("Yellow band: paused.")
        if any(flight.fate is Fate.PENDING for flight in self.flights):
            said.append("Small circle: not received in this path.")
        return " ".join(said)

    # --- Layout -----------------------------------------------------------------------------------------------------

    def _x(self, lane: int) -> float:
        """The middle of a lane."""
        return _MARGIN + _BOX / 2 + lane * _PITCH

    def _row(self, step: PathStep) -> _Row:
        lane = self.lanes[step.actor]
        mark = "! " if step.fault else ""
        if step.fault and step.received is not None and step.action in _MESSAGE_FAULTS:
            heading = f"! {step.number} {_MESSAGE_FAULTS[step.action]}"
            lines = [
                (heading, "strong bad"),
                (words.shorten(words.clean(step.received.type), _LABEL_COLUMNS - 2), "bad"),
            ]
            return _Row(step, lane, lines, gap=self._gap(self._sender(step), lane))
        heading_class = "strong" if not step.fault or step.action == "crash" else "strong bad"
        lines = [(line, heading_class) for line in words.wrap(f"{mark}{step.number} {_action(step)}", _BOX_COLUMNS)]
        notes = _notes(step)
        if len(notes) > _LINES_MAX:
            hidden = len(notes) - _LINES_MAX + 1
            notes = [*notes[: _LINES_MAX - 1], (f"... {words.count(hidden, 'more line')}", "faint")]
        row = _Row(step, lane, lines + notes)
        for place, sent in enumerate(step.sent):
            copies = [flight for flight in self.flights if (flight.sent, flight.place) == (step.number, place)]
            pending = bool(copies) and all(flight.fate is Fate.PENDING and not flight.hits for flight in copies)
            label = _Label(_label_lines(words.clean(sent.type), words.message_fields(sent)), pending)
            self.labels[step.number, place] = label
            ends = [
                self.lanes[end] for end in (flight.receiver or sent.receiver for flight in copies) if end is not None
            ]
            leftwards = all(end < lane for end in ends) if ends else lane == len(self.actors) - 1 > 0
            (row.left if leftwards else row.right).append(label)
        return row

    def _gap(self, sender: str | None, lane: int) -> int:
        """The gap beside a lane that a message from ``sender`` comes through; ``gap`` n is left of lane n."""
        origin = self.lanes.get(sender, lane - 1) if sender is not None else lane - 1
        return lane if 0 <= origin < lane else lane + 1

    def _place(self, row: _Row, top: float) -> None:
        row.top = top
        incoming = self._incoming(row)
        row.height = _LINE * len(row.lines) + 8
        for labels, side in ((row.left, -1), (row.right, 1)):
            y = top + (2 if side != incoming else _LINE + 4)
            for label in labels:
                y += _LINE * len(label.lines) + 5
                label.start = Point(self._x(row.lane) + side * _BOX / 2, y)
                y += _SLOT_GAP - 5
            row.height = max(row.height, y - top + 2) if labels else row.height

    def _sender(self, step: PathStep) -> str | None:
        return sender_of(self.path, step, self.origins.get(step.number))

    def _incoming(self, row: _Row) -> int:
        """The side that the message of this step comes in by (-1 left, 1 right, 0 none): labels keep clear of it."""
        if row.step.received is None or row.gap is not None:
            return 0
        sender = self._sender(row.step)
        origin = self.lanes.get(sender, row.lane - 1) if sender is not None else row.lane - 1
        return -1 if origin < row.lane else 1

    # --- Drawing ----------------------------------------------------------------------------------------------------

    def _heads(self, top: float) -> str:
        out = []
        for actor, lane in self.lanes.items():
            x = self._x(lane)
            name = words.shorten(words.clean(actor), 21)
            out.append(
                f"<g><title>{escape(words.clean(actor))}</title>"
                f'<rect class="head" x="{x - _BOX / 2:.1f}" y="{top:.1f}" '
                f'width="{_BOX}" height="{_HEAD - 8}" rx="4"/>{_text(x, top + 17, name, "actor")}</g>'
            )
        return "\n".join(out)

    def _lifeline(self, actor: str, top: float, bottom: float) -> str:
        x = self._x(self.lanes[actor])
        pieces = []
        y, kind = top - 8, "life"
        for row in self.rows.values():
            if row.step.actor != actor or row.gap is not None:
                continue
            following = {"crash": "down", "pause": "paused", "restart": "life", "resume": "life"}.get(row.step.action)
            if following is not None and (row.step.fault or following == "life"):
                pieces.append((kind, y, row.middle))
                y, kind = row.middle, following
        pieces.append((kind, y, bottom))
        return "\n".join(
            f'<line class="{kind}" x1="{x:.1f}" y1="{start:.1f}" x2="{x:.1f}" y2="{end:.1f}"/>'
            for kind, start, end in pieces
        )

    def _box(self, row: _Row) -> str:
        step = row.step
        if row.gap is not None:
            x, width, kind = self._gap_middle(row.gap), _GAP - 22.0, "tag"
        else:
            x, width, kind = self._x(row.lane), float(_BOX), _box_class(step)
        lines = [
            _text(x - width / 2 + 7, row.top + 13 + _LINE * number, line, style)
            for number, (line, style) in enumerate(row.lines)
        ]
        bar = ""
        if step.action == "crash" and step.fault:
            bar = f'<rect class="crash" x="{x - width / 2:.1f}" y="{row.top:.1f}" width="4" height="{row.height:.1f}"/>'
        return (
            f"<g><title>{escape(_tooltip(step))}</title>"
            f'<rect class="{kind}" x="{x - width / 2:.1f}" y="{row.top:.1f}" width="{width:.1f}" '
            f'height="{row.height:.1f}" rx="3"/>{bar}{"".join(lines)}</g>'
        )

    def _gap_middle(self, gap: int) -> float:
        return self._x(0) - _PITCH / 2 + gap * _PITCH

    def _label_texts(self) -> list[str]:
        out = []
        for row in self.rows.values():
            for labels, side in ((row.left, -1), (row.right, 1)):
                for label in labels:
                    longest = max(words.columns(line) for line in label.lines)
                    x = label.start.x + 8 if side > 0 else label.start.x - 8 - longest * _CHARACTER
                    y = label.start.y - 5 - _LINE * (len(label.lines) - 1)
                    out.append(
                        f'<rect class="halo" x="{x - 3:.1f}" y="{y - 10:.1f}" width="{longest * _CHARACTER + 6:.1f}" '
                        f'height="{_LINE * len(label.lines):.1f}"/>'
                    )
                    for number, line in enumerate(label.lines):
                        style = "faint" if label.pending else "strong" if number == 0 else ""
                        out.append(_text(x, y + _LINE * number, line, style))
        return out

    def _arrow(self, flight: Flight) -> str:
        """The polyline of one copy of a message, through the faults that struck it, to its end."""
        receiver = flight.receiver or flight.message.receiver
        lane = self.lanes.get(receiver) if receiver is not None else None
        parts = []
        at, side = self._departure(flight, lane)
        slow = False
        for number in flight.hits:
            row = self.rows[number]
            assert row.gap is not None
            x = self._gap_middle(row.gap)
            edge = x - (_GAP - 22) / 2 if at.x < x else x + (_GAP - 22) / 2
            near = abs(at.x - x) < _GAP  # Sent or struck in this very gap: it comes from above.
            entry = Point(x, row.top) if near else Point(edge, row.middle)
            action = row.step.action
            parts.append(_line(at, entry, "dead" if action == "lose" else "slow" if slow else ""))
            if action == "lose":
                return "".join([*parts, _cross(entry)])
            slow = slow or action == "delay"
            at = Point(x, row.top + row.height)
        if flight.fate is Fate.PENDING or flight.ended is None:
            end = Point(at.x + side * 34, at.y + 10) if not flight.hits else Point(at.x, at.y + 26)
            parts.append(_line(at, end, "slow" if slow else ""))
            parts.append(f'<circle class="pending" cx="{end.x:.1f}" cy="{end.y:.1f}" r="3.5"/>')
            return "".join(parts)
        row = self.rows[flight.ended]
        x = self._x(row.lane)
        if flight.fate is Fate.LOST:  # With its connection: its receiver crashed.
            end = Point(x - _BOX / 2 - 7 if at.x < x else x + _BOX / 2 + 7, row.top + 10)
            return "".join([*parts, _line(at, end, "dead"), _cross(end)])
        if flight.message.sender is not None and self.lanes.get(flight.message.sender) == row.lane:
            arrival = Point(x + _BOX / 2, row.top + 10)
            parts.append(_loop(at, arrival, "slow" if slow else ""))
            return "".join(parts)
        arrival = Point(x - _BOX / 2 if at.x < x else x + _BOX / 2, row.top + 10)
        style = "slow" if slow else "again" if flight.again else ""
        parts.append(_line(at, arrival, style, head="slow" if slow else "plain"))
        return "".join(parts)

    def _departure(self, flight: Flight, lane: int | None) -> tuple[Point, int]:
        """Where the arrow starts, and whether it goes right (1) or left (-1)."""
        if flight.repeated is not None:
            row = self.rows[flight.repeated]
            assert row.gap is not None
            side = 1 if self._gap_middle(row.gap) < self._x(row.lane) else -1
            return Point(self._gap_middle(row.gap) + side * 20, row.top + row.height), side
        label = self.labels.get((flight.sent, flight.place))
        if label is None:  # Nobody was seen sending it: it comes out of the gap beside its receiver.
            number = next((number for number in (*flight.hits, flight.ended) if number is not None), None)
            row = self.rows[number] if number is not None else next(iter(self.rows.values()))
            side = -1 if lane is not None and row.lane < len(self.actors) - 1 else 1
            return Point(self._x(row.lane) - side * (_BOX / 2 + 50), row.top + 10), side
        sender = self.rows[flight.sent].lane
        return label.start, 1 if label.start.x > self._x(sender) else -1

    def _closing(self, top: float) -> tuple[str, float]:
        if not self.ending:
            return "", top + 16
        kind = "good" if self.good else "bad"
        left, right = _MARGIN, self.width - _MARGIN
        out = [
            f'<line class="verdict {"good" if self.good else ""}" '
            f'x1="{left}" y1="{top:.1f}" x2="{right}" y2="{top:.1f}"/>'
        ]
        y = top + 20
        for number, text in enumerate(self.ending):
            style = f"strong {kind}" if number == 0 else kind
            for line in words.wrap(text, int((right - left) / _CHARACTER)):
                out.append(_text(left, y, line, style))
                y += 15
        return "\n".join(out), y + 6


def _lanes(path: Path, found: Iterable[Flight]) -> list[str]:
    """The actors that take part, in the order of the spec."""
    seen = {step.actor for step in path.steps}
    for flight in found:
        seen |= {end for end in (flight.message.sender, flight.message.receiver) if end is not None}
    known = list(path.states[0]) if path.states else []
    ordered = [actor for actor in known if actor in seen]
    return ordered + sorted(seen - set(ordered)) or known[:1] or ["nobody"]


def _action(step: PathStep) -> str:
    return words.shorten(words.clean(step.action), 2 * _BOX_COLUMNS - 8)


def _notes(step: PathStep) -> list[tuple[str, str]]:
    """The small lines in a step's box: lateness, choices, what is forgotten, what changed."""
    notes = []
    if step.late and step.received is not None:
        notes.append(("a message arrives LATE", "late"))
    if step.received is None and step.action in _ACTOR_NOTES:
        notes.append((_ACTOR_NOTES[step.action], "bad" if step.fault else "good"))
    if step.choices:
        notes.append((f"picks {', '.join(words.clean(choice) for choice in step.choices)}", ""))
    wiped = [words.change(changed, whose=step.actor) for changed in step.changes if changed.wiped]
    if wiped:
        notes.append((f"forgets {', '.join(wiped)}", "bad"))
    for changed in step.changes:
        if not changed.wiped:
            notes.append((words.shorten(words.change(changed, whose=step.actor), 4 * _BOX_COLUMNS), ""))
    return [
        (line if number == 0 else f" {line}", style)
        for text, style in notes
        for number, line in enumerate(words.wrap(text, _BOX_COLUMNS - 1))
    ]


def _label_lines(kind: str, fields: list[str]) -> list[str]:
    """The message's name, then its fields, as many on a line as fit; four lines of fields at most."""
    lines: list[str] = []
    for whole in fields:
        item = words.shorten(whole, _LABEL_COLUMNS)
        joined = f"{lines[-1]} {item}" if lines else item
        if lines and words.columns(joined) <= _LABEL_COLUMNS:
            lines[-1] = joined
        else:
            lines.append(item)
    if len(lines) > 4:
        lines = [*lines[:3], words.shorten(" ".join(lines[3:]), _LABEL_COLUMNS)]
    return [words.shorten(kind, _LABEL_COLUMNS), *lines]


def _box_class(step: PathStep) -> str:
    if step.fault:
        return "fault"
    if step.action in ("restart", "resume") and step.received is None:
        return "back"
    return "arrived-late" if step.late else "step"


def _tooltip(step: PathStep) -> str:
    said = [f"{step.number} {words.clean(step.actor)} {words.clean(step.action)}"]
    if step.received is not None:
        said.append(f"{'LATE ' if step.late else ''}message: {words.message(step.received)}")
    said += [words.change(changed, whose=step.actor) for changed in step.changes]
    said += [f"sends {words.message(sent)} to {words.clean(sent.receiver or 'everyone')}" for sent in step.sent]
    return "\n".join(said)


def _text(x: float, y: float, text: str, style: str) -> str:
    named = f" class={quoteattr(style)}" if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{escape(text)}</text>'


def _line(start: Point, end: Point, style: str, head: str = "") -> str:
    marker = f' marker-end="url(#head-{head})"' if head else ""
    ends = f'x1="{start.x:.1f}" y1="{start.y:.1f}" x2="{end.x:.1f}" y2="{end.y:.1f}"'
    return f'<line class="flight {style}" {ends}{marker}/>'


def _loop(start: Point, end: Point, style: str) -> str:
    """An arrow of an actor to itself: out of the right side of one box and into that of a later one."""
    out = max(start.x, end.x) + 46
    curve = f"M{start.x:.1f},{start.y:.1f} C{out:.1f},{start.y:.1f} {out:.1f},{end.y:.1f} {end.x + 1:.1f},{end.y:.1f}"
    return f'<path class="flight {style}" d="{curve}" marker-end="url(#head-{style or "plain"})"/>'


def _cross(at: Point) -> str:
    size = 5
    return "".join(
        f'<line class="flight dead" stroke-width="2.5" x1="{at.x - size:.1f}" y1="{at.y - size * turn:.1f}" '
        f'x2="{at.x + size:.1f}" y2="{at.y + size * turn:.1f}"/>'
        for turn in (1, -1)
    )
