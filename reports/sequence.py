"""A path as a picture: one lane for each actor, time downwards, an arrow for each message from sending to receiving.

Every step has a row of its own, so boxes never meet. What a step sends is written beside its box, on the side that
the arrow leaves from, and a fault on a message sits on its arrow before the receiver: no two texts share a place by
construction. Only lines cross, and they run behind the boxes.

One layout, drawn twice: as a document by itself, and as parts of a page (``embedded``), where rows can be selected and
steps that only carry on are folded.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from string import Template
from xml.sax.saxutils import escape, quoteattr

from checker.verdict import Path, PathStep, Plumbing
from reports import words
from reports.flights import Fate, Flight, flights, origins, sender_of

_LINE = 13  # height of a line of small text
_CHARACTER = 6.03  # width of a small monospaced character (10 px)
_ROW_GAP = 14
_LABEL_COLUMNS = 44  # of what is written beside a box, where there is as much room
_LINES_MAX = 20  # of one box; the rest is in its tooltip
_CHANGE_LINES_MAX = 7  # of one value in it
_FIELD_LINES_MAX = 7  # of a message beside a box
_SLOT_GAP = 12  # between an arrow and the next label on the same side
_NOTE_COLUMNS = 48  # of what is said above or below a box, in its larger letters
_NOTE_CHARACTER = 6.7  # width of one of them
_FOLD = 22  # height of steps that are folded
_SIDE_ROOM = 176


@dataclass(frozen=True)
class _Look:
    """How wide a lane is."""

    box: int
    gap: int
    tag: int  # of a fault on a message; it stands over the gap between two lanes
    margin: int

    @property
    def pitch(self) -> int:
        return self.box + self.gap

    @property
    def box_columns(self) -> int:
        return int((self.box - 14) / _CHARACTER)

    @property
    def tag_columns(self) -> int:
        return int((self.tag - 14) / _CHARACTER)


_WIDE = _Look(box=164, gap=20, tag=158, margin=30)
# Of five lanes and more, on a page: five are to be seen at once beside the panel of a page of 1280 pixels.
_NARROW = _Look(box=142, gap=14, tag=130, margin=14)

LAST_FAULT = "last fault it takes: until here the guarantee could not be lost without another fault"
TOO_LATE = "too late: lost from here on, whatever happens"
_MESSAGE_FAULTS = {"lose": "lost", "delay": "held up", "duplicate": "repeated"}
_ACTOR_NOTES = {"pause": "stops, does not know it", "resume": "wakes up, carries on"}

# Each colour on white and on black. A picture by itself is on white; inside a page they follow the page.
PALETTE = {
    "ground": ("#ffffff", "#14181d"),
    "ink": ("#1f2933", "#e4e9ee"),
    "soft": ("#52606d", "#a9b4c0"),
    "faint": ("#66727f", "#93a0ad"),
    "bad": ("#b3261e", "#ff8a80"),
    "late": ("#8a5000", "#f5b955"),
    "good": ("#1b6e3c", "#6fd08c"),
    "head": ("#334e68", "#3d5873"),
    "on_head": ("#ffffff", "#ffffff"),
    "life": ("#9fb3c8", "#5b6f84"),
    "band": ("#f0b429", "#c99a2e"),
    "box": ("#f2f6fa", "#1f2831"),
    "box_line": ("#6b86a8", "#6b86a8"),
    "bad_box": ("#fdecea", "#3a1d1b"),
    "good_box": ("#e8f5ec", "#16301f"),
    "late_box": ("#fff4dc", "#33280f"),
    "flight": ("#334e68", "#9db8d2"),
    "mark": ("#5b2a86", "#cfa8f5"),
    "mark_box": ("#f3eafa", "#2a1c38"),
    "fold": ("#eef1f4", "#1b2127"),
}

_STYLE = Template("""
text { font: 10px "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; fill: $ink; white-space: pre }
.title { font: bold 16px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif }
.sub { font: 11px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; fill: $soft }
.actor { font: bold 12px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; fill: $on_head; text-anchor: middle }
.strong { font-weight: bold }
.faint { fill: $faint }
.bad { fill: $bad }
.wiped { fill: $bad; text-decoration: line-through }
.late { fill: $late }
.good { fill: $good }
.head { fill: $head }
.life { stroke: $life; stroke-width: 1.5 }
.down { stroke: $bad; stroke-width: 9; stroke-dasharray: 2 4; stroke-opacity: 0.65 }
.paused { stroke: $band; stroke-width: 9; stroke-dasharray: 2 3; stroke-opacity: 0.8 }
.step { fill: $box; stroke: $box_line }
.fault { fill: $bad_box; stroke: $bad; stroke-width: 1.5 }
.crash { fill: $bad }
.back { fill: $good_box; stroke: $good }
.arrived-late { fill: $late_box; stroke: $late; stroke-width: 1.5 }
.tag { fill: $ground; stroke: $bad; stroke-dasharray: 4 2 }
.flight { stroke: $flight; stroke-width: 1.3; fill: none }
.flight.slow { stroke: $late; stroke-width: 1.6; stroke-dasharray: 9 5 }
.flight.again { stroke-dasharray: 2 3 }
.flight.dead { stroke: $bad }
.flight.cross { stroke-width: 2.5 }
.point-plain { fill: $flight }
.point-slow { fill: $late }
.pending { fill: $ground; stroke: $faint }
.halo { fill: $ground; fill-opacity: 0.88 }
.ground { fill: $ground }
.hit { fill: none }
.folded { fill: $fold; stroke: $life; stroke-dasharray: 3 3 }
.note { stroke-width: 1.5 }
.note-remark { fill: $mark_box; stroke: $mark }
.note-pivot { fill: $bad_box; stroke: $bad }
.note-no-return { fill: $bad; stroke: $bad }
.said { font-size: 11px; font-weight: bold }
.said-remark { fill: $mark }
.said-pivot { fill: $bad }
.said-no-return { fill: $ground }
.small { font-size: 10px }
.verdict { stroke: $bad; stroke-width: 3 }
.verdict.good { stroke: $good }
""")


DRAWN = "drawn"  # The class of a picture's parts inside a page: it goes along where a part is used a second time.


def style(*, embedded: bool = False) -> str:
    """The rules of a picture: with its colours; or, inside a page, for what is ``DRAWN``, with the page's variables."""
    if not embedded:
        return _STYLE.substitute({name: light for name, (light, _) in PALETTE.items()}).strip()
    rules = _STYLE.substitute({name: f"var(--{name.replace('_', '-')})" for name in PALETTE}).strip()
    return "\n".join(f".{DRAWN} {rule}" for rule in rules.splitlines())


def _markers(prefix: str) -> str:
    return "".join(
        f'<marker id="{prefix}head-{name}" viewBox="0 0 10 10" refX="9.5" refY="5" markerWidth="8" markerHeight="8" '
        f'orient="auto"><path class="point-{name}" d="M0,1 L10,5 L0,9 Z"/></marker>'
        for name in ("plain", "slow")
    )


@dataclass(frozen=True)
class Point:
    x: float
    y: float


@dataclass
class _Label:
    """What a step sends: the text beside its box, and where its arrow leaves."""

    lines: list[str]
    named: int  # how many of them are its name
    pending: bool
    lost: str = ""  # why nobody receives it; the last line
    start: Point = Point(0, 0)


@dataclass
class _Note:
    """Something said of a step, above its box or below it."""

    kind: str  # "pivot" | "no-return" | "remark"
    lines: list[str]

    @property
    def height(self) -> int:
        return _LINE * len(self.lines) + 8


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
    above: list[_Note] = field(default_factory=list)
    below: list[_Note] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    @property
    def start(self) -> float:
        """Where it begins with what is said above it."""
        return self.top - sum(note.height + 4 for note in self.above)

    @property
    def end(self) -> float:
        return self.top + self.height + sum(note.height + 4 for note in self.below)


@dataclass
class _Fold:
    """Steps that are not drawn each: one band for all of them."""

    steps: list[PathStep]
    top: float = 0
    height: float = _FOLD

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@dataclass(frozen=True)
class Marks:
    """What a picture says of steps beside what they do."""

    shown: frozenset[int] | None = None  # the others are folded; None: all are shown
    pivot: int | None = None
    no_return: int | None = None


@dataclass(frozen=True)
class Embedded:
    """A picture for a page, in two: the names, which can stay in sight, and what is under them."""

    heads: str
    body: str
    width: int
    heads_height: int
    height: float
    breaks: list[float]  # heights of the body at which a page may end


def sequence_svg(
    path: Path,
    title: str = "",
    subtitle: str = "",
    ending: Sequence[str] = (),
    good: bool = False,
    marks: Marks | None = None,
) -> str:
    """The path as an SVG document. ``ending`` is written at the end: a headline, then sentences."""
    return _Picture(path, title, subtitle, list(ending), good, marks or Marks()).draw()


def embedded(path: Path, prefix: str, marks: Marks) -> Embedded:
    """The same picture as parts of a page: styled by ``style(embedded=True)``, its ids begin with ``prefix``.

    Each step is a group with ``data-step``; each fold one with ``data-first`` and ``data-last``.
    """
    return _Picture(path, "", "", [], False, marks, prefix).parts()


def legend(path: Path) -> str:
    """What the marks in a path's picture mean, but only those that occur."""
    return _Picture(path, "", "", [], False, Marks()).legend()


class _Picture:
    def __init__(
        self, path: Path, title: str, subtitle: str, ending: list[str], good: bool, marks: Marks, prefix: str = ""
    ) -> None:
        self.path = path
        self.title = words.clean(title)
        self.subtitle = words.clean(subtitle)
        self.ending = [words.clean(line) for line in ending]
        self.good = good
        self.marks = marks
        self.prefix = prefix
        self.flights = flights(path)
        self.origins = origins(path)
        self.actors = lanes(path, self.flights)
        self.lanes = {actor: position for position, actor in enumerate(self.actors)}
        self.look = _NARROW if prefix and len(self.actors) > 4 else _WIDE
        least = 2 * self.look.margin + self.look.tag if prefix else 560
        self.head = 26 if all(len(self._head_lines(actor)) == 1 for actor in self.actors) else 34
        self.width = max(
            least, 2 * self.look.margin + self.look.box + self.look.pitch * (len(self.actors) - 1) + self._side_room()
        )
        self.labels: dict[tuple[int, int], _Label] = {}
        self.rows: dict[int, _Row] = {}
        self.folds: dict[int, _Fold] = {}  # by each step in it

    def _side_room(self) -> int:
        """Room right of the last lane, where messages to oneself turn around."""
        last = self.actors[-1:]
        own = any([flight.message.sender] == last == [flight.message.receiver] for flight in self.flights)
        return _SIDE_ROOM if own or len(self.actors) == 1 else 0

    def draw(self) -> str:
        columns = int((self.width - 2 * self.look.margin) / 9.5)
        header = words.wrap(words.shorten(self.title, 3 * columns), columns) if self.title else []
        y = 26.0
        out = []
        for line in header:
            out.append(_text(self.look.margin, y, line, "title"))
            y += 20
        for line in [part for part in (self.subtitle, self.legend()) if part]:
            for piece in words.wrap(line, int((self.width - 2 * self.look.margin) / 6.7)):
                out.append(_text(self.look.margin, y, piece, "sub"))
                y += 16
        heads = y + 4
        bottom = self._lay_out(heads + self.head + 8 + _ROW_GAP)
        drawing = self._drawing(heads + self.head, bottom)
        names = [self._heads(heads)]
        if bottom - heads > 900:
            names.append(self._heads(bottom))
            bottom += self.head + 18
        closing, height = self._closing(bottom)
        described = self.title or "A path through the system"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{height:.0f}" '
            f'viewBox="0 0 {self.width} {height:.0f}" role="img">\n'
            f"<title>{escape(described)}</title>\n<defs><style>{style()}</style>{_markers(self.prefix)}</defs>\n"
            '<rect class="ground" width="100%" height="100%"/>\n'
            + "\n".join(part for part in [*out, *drawing, *names, closing] if part)
            + "\n</svg>\n"
        )

    def parts(self) -> Embedded:
        height = self._lay_out(_ROW_GAP) + 6
        drawing = "\n".join(part for part in self._drawing(0, height) if part)
        places: list[_Row | _Fold] = [*self.rows.values(), *self.folds.values()]
        breaks = sorted({self._top(one) - _ROW_GAP / 2 for one in places})
        body = (
            f'<svg width="{self.width}" height="{height:.0f}" viewBox="0 0 {self.width} {height:.0f}" '
            f'aria-hidden="true"><defs class="{DRAWN}">{_markers(self.prefix)}</defs>\n'
            f'<g id="{self.prefix}drawing" class="{DRAWN}">\n{drawing}\n</g></svg>'
        )
        top = self.head + 8
        heads = (
            f'<svg width="{self.width}" height="{top}" viewBox="0 0 {self.width} {top}" aria-hidden="true">'
            f'<g id="{self.prefix}heads" class="{DRAWN}">{self._heads(4)}</g></svg>'
        )
        return Embedded(heads, body, self.width, top, height, [*breaks[1:], height])

    def _drawing(self, top: float, bottom: float) -> list[str]:
        life = [self._lifeline(actor, top, bottom) for actor in self.actors]
        arrows = [self._arrow(flight) for flight in self.flights]
        folds = list({id(fold): fold for fold in self.folds.values()}.values())
        rows = [*map(self._fold, folds), *map(self._group, self.rows.values())]
        return [*life, *arrows, *rows]

    def legend(self) -> str:
        kinds = {step.action for step in self.path.steps if step.fault}
        said = ["Time runs downwards; a box is one step."]
        if kinds & set(_MESSAGE_FAULTS):
            said.append("On an arrow: what the network does to that message.")
        if "delay" in kinds:
            said.append("Dashed arrow: arrives late.")
        if "crash" in kinds:
            said.append("Red hatched line: crashed; struck out: what it forgot.")
        if "pause" in kinds:
            said.append("Yellow band: paused.")
        if any(flight.fate is Fate.GONE for flight in self.flights):
            said.append("Cross at the end of an arrow: lost, because its receiver crashed or was down.")
        if any(flight.fate is Fate.PENDING for flight in self.flights):
            said.append("Small circle: not received in this path.")
        return " ".join(said)

    # --- Layout -----------------------------------------------------------------------------------------------------

    def _x(self, lane: int) -> float:
        """The middle of a lane."""
        return self.look.margin + self.look.box / 2 + lane * self.look.pitch

    def _lay_out(self, top: float) -> float:
        """Give every step its place, one under another; answers where the last one ends."""
        y = top
        for run in self._runs():
            if isinstance(run, _Fold):
                run.top = y
                self.folds |= dict.fromkeys([step.number for step in run.steps], run)
                y += run.height + _ROW_GAP
                continue
            row = self._row(run)
            self._place(row, y + sum(note.height + 4 for note in row.above))
            self.rows[run.number] = row
            y = row.end + _ROW_GAP
        return y + 4

    def _runs(self) -> list[PathStep | _Fold]:
        """The steps in order, those between two shown ones together. One alone is shown: its fold were no shorter."""
        shown = self.marks.shown
        if shown is None:
            return list(self.path.steps)
        found: list[PathStep | _Fold] = []
        for seen, group in itertools.groupby(self.path.steps, lambda step: step.number in shown):
            steps = list(group)
            found += steps if seen or len(steps) == 1 else [_Fold(steps)]
        return found

    def _top(self, place: _Row | _Fold) -> float:
        return place.start if isinstance(place, _Row) else place.top

    def _row(self, step: PathStep) -> _Row:
        lane = self.lanes[step.actor]
        above = [self._note("pivot", LAST_FAULT)] if step.number == self.marks.pivot else []
        below = [self._note("remark", f"\u2190 {words.clean(step.remark)}")] if step.remark else []
        below += [self._note("no-return", TOO_LATE)] if step.number == self.marks.no_return else []
        mark = "! " if step.fault or step.played else ""
        if step.fault and step.received is not None and step.action in _MESSAGE_FAULTS:
            heading = f"! {step.number} {_MESSAGE_FAULTS[step.action]}"
            struck = words.shorten(words.clean(step.received.type), 2 * self.look.tag_columns - 4)
            lines = [(heading, "strong bad"), *((line, "bad") for line in words.fold(struck, self.look.tag_columns))]
            return _Row(step, lane, lines, gap=self._gap(self._sender(step), lane), above=above, below=below)
        is_plain = not (step.fault or step.played) or step.action == "crash"
        heading_class = "strong" if is_plain else "strong bad"
        lines = [
            (line, heading_class)
            for line in words.fold(f"{mark}{step.number} {_action(step, self.look.box_columns)}", self.look.box_columns)
        ]
        happened = words.happened(self.path, step.number)
        notes = _notes(step, happened, self.look.box_columns, self.path.plumbing)
        if len(notes) > _LINES_MAX:
            hidden = len(notes) - _LINES_MAX + 1
            notes = [*notes[: _LINES_MAX - 1], (f"... {words.count(hidden, 'more line')}", "faint")]
        row = _Row(step, lane, lines + notes, above=above, below=below)
        for place, sent in enumerate(step.sent):
            copies = [flight for flight in self.flights if (flight.sent, flight.place) == (step.number, place)]
            pending = bool(copies) and all(flight.fate is Fate.PENDING and not flight.hits for flight in copies)
            ends = [
                self.lanes[end] for end in (flight.receiver or sent.receiver for flight in copies) if end is not None
            ]
            leftwards = all(end < lane for end in ends) if ends else lane == len(self.actors) - 1 > 0
            columns = self._label_columns(lane, leftwards)
            lost = next((flight.cause() for flight in copies if flight.fate is Fate.GONE), "")
            name = words.fold(words.shorten(words.clean(sent.type), 2 * columns), columns)
            content = [*name, *_field_lines(words.message_fields(sent, self.path.plumbing), columns)]
            label = _Label([*content, words.shorten(lost, columns)] if lost else content, len(name), pending, lost)
            self.labels[step.number, place] = label
            (row.left if leftwards else row.right).append(label)
        return row

    def _note(self, kind: str, said: str) -> _Note:
        room = int((self.width - 2 * self.look.margin - 14) / _NOTE_CHARACTER)
        return _Note(kind, words.fold(said, min(room, _NOTE_COLUMNS)))

    def _label_columns(self, lane: int, leftwards: bool) -> int:
        """How long a line beside a box may be: there is nothing else in its row, so up to the edge of the picture."""
        edge = self._x(lane) - self.look.box / 2 if leftwards else self.width - self._x(lane) - self.look.box / 2
        return max(12, min(_LABEL_COLUMNS, int((edge - 20) / _CHARACTER)))

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
                label.start = Point(self._x(row.lane) + side * self.look.box / 2, y)
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

    def _head_lines(self, actor: str) -> list[str]:
        """The name in large letters, or in two lines of small ones."""
        name = words.clean(actor)
        if words.columns(name) <= int(self.look.box / 8.2):
            return [name]
        room = int(self.look.box / 7.1)
        first, *others = words.fold(name, room)
        return [first, words.shorten("".join(others), room)] if others else [first]

    def _heads(self, top: float) -> str:
        out = []
        for actor, lane in self.lanes.items():
            x = self._x(lane)
            large = words.columns(words.clean(actor)) <= int(self.look.box / 8.2)
            lines = self._head_lines(actor)
            first = top + self.head / 2 + 4 - 6 * (len(lines) - 1)
            said = "".join(
                _text(x, first + 12 * number, line, "actor" if large else "actor small")
                for number, line in enumerate(lines)
            )
            out.append(
                f'<g class="lane" data-actor={quoteattr(words.clean(actor))}>'
                f"<title>{escape(words.clean(actor))}</title>"
                f'<rect class="head" x="{x - self.look.box / 2:.1f}" y="{top:.1f}" '
                f'width="{self.look.box}" height="{self.head}" rx="4"/>{said}</g>'
            )
        return "\n".join(out)

    def _lifeline(self, actor: str, top: float, bottom: float) -> str:
        x = self._x(self.lanes[actor])
        pieces = []
        y, kind = top, "life"
        for step in self.path.steps:
            if step.actor != actor or (step.received is not None and step.action in _MESSAGE_FAULTS):
                continue
            following = {"crash": "down", "pause": "paused", "restart": "life", "resume": "life"}.get(step.action)
            if following is not None and (step.fault or following == "life"):
                at = self._at(step.number).middle
                pieces.append((kind, y, at))
                y, kind = at, following
        pieces.append((kind, y, bottom))
        return "\n".join(
            f'<line class="{kind}" x1="{x:.1f}" y1="{start:.1f}" x2="{x:.1f}" y2="{end:.1f}"/>'
            for kind, start, end in pieces
        )

    def _at(self, number: int) -> _Row | _Fold:
        return self.rows[number] if number in self.rows else self.folds[number]

    def _group(self, row: _Row) -> str:
        """All of one step: where it can be clicked, what is said of it, what it sends, its box."""
        return (
            f'<g class="row" id="{self.prefix}step-{row.step.number}" data-step="{row.step.number}">'
            f'<rect class="hit" x="0" y="{row.start - 4:.1f}" width="{self.width}" '
            f'height="{row.end - row.start + 8:.1f}"/>'
            f"{self._notes_of(row)}{''.join(self._label_texts(row))}{self._box(row)}</g>"
        )

    def _notes_of(self, row: _Row) -> str:
        """What is said of a step: as wide as its text, over or under the box as far as the edges let it."""
        middle = self._x(row.lane) if row.gap is None else self._tag_middle(row.gap)
        out = []
        y = row.start
        for notes, after in ((row.above, row.top + row.height + 4), (row.below, 0.0)):
            for note in notes:
                width = max(words.columns(line) for line in note.lines) * _NOTE_CHARACTER + 14
                x = min(max(middle - width / 2, self.look.margin), self.width - self.look.margin - width)
                out.append(
                    f'<rect class="note note-{note.kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                    f'height="{note.height}" rx="2"/>'
                )
                out += [
                    _text(x + 7, y + 14 + _LINE * number, line, f"said said-{note.kind}")
                    for number, line in enumerate(note.lines)
                ]
                y += note.height + 4
            y = after
        return "".join(out)

    def _fold(self, fold: _Fold) -> str:
        first, last = fold.steps[0].number, fold.steps[-1].number
        said = f"{first}-{last}: {words.count(len(fold.steps), 'step')} that carry on as usual"
        said = words.shorten(said, int((self.width - 2 * self.look.margin) / _CHARACTER))
        inside = "\n".join(f"{step.number} {words.clean(step.actor)} {words.clean(step.action)}" for step in fold.steps)
        return (
            f'<g class="fold" data-first="{first}" data-last="{last}"><title>{escape(inside)}</title>'
            f'<rect class="folded" x="8" y="{fold.top:.1f}" width="{self.width - 16}" height="{fold.height}" rx="3"/>'
            f"{_text(self.look.margin, fold.top + 15, said, 'faint')}</g>"
        )

    def _box(self, row: _Row) -> str:
        step = row.step
        if row.gap is not None:
            x, width, kind = self._tag_middle(row.gap), float(self.look.tag), "tag"
        else:
            x, width, kind = self._x(row.lane), float(self.look.box), _box_class(step)
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
        return self._x(0) - self.look.pitch / 2 + gap * self.look.pitch

    def _tag_middle(self, gap: int) -> float:
        """Over the gap, as far as the edges of the picture let it."""
        return min(
            max(self._gap_middle(gap), self.look.margin + self.look.tag / 2),
            self.width - self.look.margin - self.look.tag / 2,
        )

    def _label_texts(self, row: _Row) -> list[str]:
        out = []
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
                    last = number == len(label.lines) - 1
                    style = "faint" if label.pending else "strong" if number < label.named else ""
                    style = "bad" if label.lost and last else style
                    out.append(_text(x, y + _LINE * number, line, style))
        return out

    def _arrow(self, flight: Flight) -> str:
        """The polyline of one copy of a message, through the faults that struck it, to its end."""
        if not any(number in self.rows for number in (flight.sent, flight.repeated, flight.ended, *flight.hits)):
            return ""  # From fold to fold.
        receiver = flight.receiver or flight.message.receiver
        lane = self.lanes.get(receiver) if receiver is not None else None
        parts = []
        at, side = self._departure(flight, lane)
        slow = False
        for number in flight.hits:
            row = self._at(number)
            action = self.path.steps[number - 1].action
            if isinstance(row, _Fold):  # A picture that shows no faults; ours all do.
                slow = slow or action == "delay"
                continue
            assert row.gap is not None
            x = self._tag_middle(row.gap)
            edge = x - self.look.tag / 2 if at.x < x else x + self.look.tag / 2
            near = abs(at.x - x) <= self.look.tag / 2  # Sent or struck beside this very gap: it comes from above.
            entry = Point(x, row.top) if near else Point(edge, row.middle)
            parts.append(self._line(at, entry, "dead" if action == "lose" else "slow" if slow else ""))
            if action == "lose":
                return "".join([*parts, _cross(entry)])
            slow = slow or action == "delay"
            at = Point(x, row.top + row.height)
        late = "slow" if slow else ""
        if flight.fate is Fate.PENDING or flight.ended is None:
            end = Point(at.x + side * 34, at.y + 10) if not flight.hits else Point(at.x, at.y + 26)
            parts.append(self._line(at, end, late))
            parts.append(f'<circle class="pending" cx="{end.x:.1f}" cy="{end.y:.1f}" r="3.5"/>')
            return "".join(parts)
        place = self._at(flight.ended)
        to = self.lanes[self.path.steps[flight.ended - 1].actor]
        x = self._x(to)
        if isinstance(place, _Fold):
            return "".join([*parts, self._line(at, Point(x, place.top), late, head="slow" if slow else "plain")])
        if flight.refused:
            x = self._x(lane) if lane is not None else x
            end = Point(x - 9 if at.x < x else x + 9, at.y)
            return "".join([*parts, self._line(at, end, "dead"), _cross(end)])
        if flight.fate is Fate.GONE:  # With its connection: its receiver crashed.
            end = Point(x - self.look.box / 2 - 7 if at.x < x else x + self.look.box / 2 + 7, place.top + 10)
            return "".join([*parts, self._line(at, end, "dead"), _cross(end)])
        if flight.message.sender is not None and self.lanes.get(flight.message.sender) == to:
            arrival = Point(x + self.look.box / 2, place.top + 10)
            parts.append(self._loop(at, arrival, late))
            return "".join(parts)
        arrival = Point(x - self.look.box / 2 if at.x < x else x + self.look.box / 2, place.top + 10)
        kind = late or ("again" if flight.again else "")
        parts.append(self._line(at, arrival, kind, head="slow" if slow else "plain"))
        return "".join(parts)

    def _departure(self, flight: Flight, lane: int | None) -> tuple[Point, int]:
        """Where the arrow starts, and whether it goes right (1) or left (-1)."""
        if flight.repeated is not None and flight.repeated in self.rows:
            row = self.rows[flight.repeated]
            assert row.gap is not None
            side = 1 if self._gap_middle(row.gap) < self._x(row.lane) else -1
            return Point(self._tag_middle(row.gap) + side * 20, row.top + row.height), side
        if flight.sent in self.folds:
            fold = self.folds[flight.sent]
            sender = self.lanes[self.path.steps[flight.sent - 1].actor]
            side = -1 if lane is not None and lane < sender else 1
            return Point(self._x(sender), fold.top + fold.height), side
        label = self.labels.get((flight.sent, flight.place))
        if label is None:  # Nobody was seen sending it: it comes out of the gap beside its receiver.
            number = next((number for number in (*flight.hits, flight.ended) if number in self.rows), None)
            row = self.rows[number] if number is not None else next(iter(self.rows.values()))
            side = -1 if lane is not None and row.lane < len(self.actors) - 1 else 1
            start = self._x(row.lane) - side * (self.look.box / 2 + 50)
            return Point(min(max(start, 4), self.width - 4), row.top + 10), side
        sender = self.rows[flight.sent].lane
        return label.start, 1 if label.start.x > self._x(sender) else -1

    def _line(self, start: Point, end: Point, kind: str, head: str = "") -> str:
        marker = f' marker-end="url(#{self.prefix}head-{head})"' if head else ""
        ends = f'x1="{start.x:.1f}" y1="{start.y:.1f}" x2="{end.x:.1f}" y2="{end.y:.1f}"'
        return f'<line class="flight {kind}" {ends}{marker}/>'

    def _loop(self, start: Point, end: Point, kind: str) -> str:
        """An arrow of an actor to itself: out of the right side of one box and into that of a later one."""
        out = max(start.x, end.x) + 46
        curve = f"M{start.x:.1f},{start.y:.1f} C{out:.1f},{start.y:.1f} {out:.1f},{end.y:.1f}"
        head = f"{self.prefix}head-{kind or 'plain'}"
        return f'<path class="flight {kind}" d="{curve} {end.x + 1:.1f},{end.y:.1f}" marker-end="url(#{head})"/>'

    def _closing(self, top: float) -> tuple[str, float]:
        if not self.ending:
            return "", top + 16
        kind = "good" if self.good else "bad"
        left, right = self.look.margin, self.width - self.look.margin
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


def lanes(path: Path, found: Iterable[Flight]) -> list[str]:
    """The actors that take part, in the order of the spec."""
    seen = {step.actor for step in path.steps}
    for flight in found:
        seen |= {end for end in (flight.message.sender, flight.message.receiver) if end is not None}
    known = list(path.states[0]) if path.states else []
    ordered = [actor for actor in known if actor in seen]
    return ordered + sorted(seen - set(ordered)) or known[:1] or ["nobody"]


def _action(step: PathStep, columns: int) -> str:
    return words.shorten(words.clean(step.action), 2 * columns - 8)


def _notes(step: PathStep, happened: Sequence[str], columns: int, plumbing: Plumbing) -> list[tuple[str, str]]:
    """The small lines in a step's box: lateness, choices, what is forgotten, what changed."""
    notes = []
    if step.played:
        kind = "the crash was a" if step.ends_a_crash else "the fault"
        notes.append((f"{kind} {words.clean(step.played)}", "bad"))
    if step.late and step.received is not None:
        notes.append(("a message arrives LATE", "late"))
    if step.received is None and step.action in _ACTOR_NOTES:
        notes.append((_ACTOR_NOTES[step.action], "bad" if step.fault else "good"))
    if step.choices:
        notes.append((f"picks {', '.join(words.clean(choice) for choice in step.choices)}", ""))
    gone = [changed for changed in step.changes if changed.wiped]
    wiped = [words.change(changed, whose=step.actor) for changed in gone if not changed.aside]
    if gone and not wiped:
        notes.append(("forgets what it had in memory", "bad"))
    if wiped:
        notes.append(("forgets", "bad"))
        notes += [(words.shorten(text, 2 * columns), "wiped") for text in wiped]
    if step.gone:
        names = words.listing(dict.fromkeys(words.clean(one.type) for one in step.gone))
        notes.append((f"lost on the way to it: {names}", "bad"))
    notes += [(text, "strong") for text in happened]
    found = [
        (line if number == 0 else f" {line}", style)
        for text, style in notes
        for number, line in enumerate(words.fold(text, columns - 1))
    ]
    for changed in step.changes:
        if not changed.wiped and not changed.aside:
            for text in words.changes(changed, whose=step.actor, plumbing=plumbing):
                lines = _at_most(words.fold(text, columns - 1), _CHANGE_LINES_MAX, columns - 1)
                found += [(line if number == 0 else f" {line}", "") for number, line in enumerate(lines)]
    return found


def _at_most(lines: list[str], count: int, columns: int) -> list[str]:
    """So many lines; what is cut out of more is their middle, because the ends tell two values apart best."""
    if len(lines) <= count:
        return lines
    return [*lines[: count - 2], f"{words.cut(lines[count - 2], columns - 4)[0]} ...", lines[-1]]


def _field_lines(fields: list[str], columns: int) -> list[str]:
    """A message's fields, as many on a line as fit."""
    lines: list[str] = []
    for item in fields:
        joined = f"{lines[-1]} {item}" if lines else item
        if lines and words.columns(joined) <= columns:
            lines[-1] = joined
        else:
            lines += words.fold(item, columns)
    return _at_most(lines, _FIELD_LINES_MAX, columns)


def _box_class(step: PathStep) -> str:
    if step.fault or step.played:
        return "fault"
    if step.action in ("restart", "resume") and step.received is None:
        return "back"
    return "arrived-late" if step.late else "step"


def _tooltip(step: PathStep) -> str:
    said = [f"{step.number} {words.clean(step.actor)} {words.clean(step.action)}"]
    said += [words.clean(step.says)] if step.says else []
    said += [f"\u2190 {words.clean(step.remark)}"] if step.remark else []
    if step.received is not None:
        said.append(f"{'LATE ' if step.late else ''}message: {words.message(step.received)}")
    said += [words.change(changed, whose=step.actor) for changed in step.changes]
    said += [f"sends {words.message(sent)} to {words.clean(sent.receiver or 'everyone')}" for sent in step.sent]
    return "\n".join(said)


def _text(x: float, y: float, text: str, style: str) -> str:
    named = f" class={quoteattr(style)}" if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{escape(text)}</text>'


def _cross(at: Point) -> str:
    size = 5
    return "".join(
        f'<line class="flight dead cross" x1="{at.x - size:.1f}" y1="{at.y - size * turn:.1f}" '
        f'x2="{at.x + size:.1f}" y2="{at.y + size * turn:.1f}"/>'
        for turn in (1, -1)
    )
