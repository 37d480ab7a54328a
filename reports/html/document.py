"""The page of one spec: what was found and why, each path as a picture with a slider, the card of what was covered."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from checker.verdict import Diagnosis, Outcome, Path, PropertyVerdict, Remedies, Result
from reports import remedies, sequence, why, words
from reports.html import data, overview, story, tables
from reports.html.markup import Markup, join, prose, tag

_LOOKS = {Outcome.HOLDS: "good", Outcome.VIOLATED: "bad", Outcome.INCONCLUSIVE: "late", Outcome.VACUOUS: "late"}
_PRINTED_PIECE = 560  # height of a piece of the diagram on paper, in its own units


@dataclass(frozen=True)
class _Shown:
    """One path of the page, and what is said of it."""

    path: Path
    label: str  # on the switch between paths
    heading: str
    kind: str  # "bad" | "good" | "late"
    explanation: str = ""
    reasons: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None  # of this very path: its steps are its
    said: tuple[why.Said, ...] = ()  # of the diagnosis, in sentences
    command: str = ""  # shows the path again


def page(result: Result) -> str:
    """The whole report as one HTML document."""
    shown = _shown(result)
    word = "model error" if result.problem else result.outcome.value
    title = words.shorten(words.clean(result.title or result.spec), 120)
    helped = _remedies(result.remedies) if result.remedies is not None else None
    return _document(f"{word}: {title}", _header(result, shown), shown, [helped, _card(result)])


def path_page(path: Path, title: str = "", spec: str = "", ending: Sequence[str] = (), good: bool = False) -> str:
    """One path by itself, without a verdict. ``ending`` is what its last state shows: a headline, then sentences."""
    headline, *reasons = [*ending] or ["A path"]
    kind = "good" if good else "bad" if ending else "plain"
    one = _Shown(path, headline, headline, kind, reasons=tuple(reasons), command=why.command(spec, path))
    about = tag("p", "Spec: ", tag("code", spec), class_="spec") if spec else None
    header = tag(
        "header", tag("div", _theme(), class_="bar"), tag("h1", title or spec or headline), about, class_="top"
    )
    return _document(words.shorten(words.clean(title or spec or headline), 120), header, [one])


def _document(title: str, header: Markup, shown: Sequence[_Shown], rest: Sequence[Markup | None] = ()) -> str:
    found = [data.path_data(one.path) | _marks(one) for one in shown]
    body = [
        header,
        tag("main", *(_path(one, number) for number, one in enumerate(shown, start=1)), *rest, id="content"),
        _help() if shown else None,
        tag("script", Markup(data.dumps(found)), type="application/json", id="data"),
    ]
    return document(title, body, script=True)


def document(title: str, body: Sequence[Markup | None], *, script: bool) -> str:
    """A page that can load nothing and run nothing but the two texts that stand in it, known by their digests."""
    style = sheet()
    code = asset("report.js") if script else ""
    policy = [
        "default-src 'none'",
        f"style-src '{digest(style)}'",
        *([f"script-src '{digest(code)}'"] if script else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content="; ".join(policy)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    scripts = tag("script", Markup(code)) if script else None
    whole = tag("html", head, "\n", tag("body", *body, scripts), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


@cache
def asset(name: str) -> str:
    """A file beside this one, with the line ends that its digest is computed with."""
    return files("reports.html").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n").strip()


@cache
def sheet() -> str:
    """The style sheet: the colours that pictures have too, for light and dark; then the page's and the picture's."""
    light, dark = (
        "\n".join(f"  --{name.replace('_', '-')}: {both[dark]};" for name, both in sequence.PALETTE.items())
        for dark in (False, True)
    )
    forced = ":root, :root:not([data-theme=light]), :root[data-theme=dark]"  # Paper is white.
    schemes = (
        f":root {{ color-scheme: light;\n{light}\n}}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ color-scheme: dark;\n{dark}\n}} }}\n"
        f":root[data-theme=dark] {{ color-scheme: dark;\n{dark}\n}}\n"
        f"@media print {{ {forced} {{ color-scheme: light;\n{light}\n}} }}\n"
    )
    return schemes + sequence.style(embedded=True) + "\n" + asset("report.css")


def digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


# --- Which paths ----------------------------------------------------------------------------------------------------


def _shown(result: Result) -> list[_Shown]:
    """A model's mistake; what is violated, shortest first; with fewer faults; then how a `sometimes` is reached."""
    found = []
    violated = why.broken(result)
    if result.problem_path is not None:
        heading = "A mistake in the model"
        found.append(_Shown(result.problem_path, "model error", heading, "bad", reasons=(result.problem,)))
    for one in violated:
        if one.path is not None:
            heading = f"Broken: {one.name}"
            found.append(_Shown(one.path, one.name, heading, "bad", one.explanation, one.reasons, one.diagnosis))
    for one in violated:
        if one.diagnosis is not None and one.diagnosis.fewest_path is not None:
            label = f"{one.name}, fewest faults"
            heading = f"Broken with the fewest faults: {one.name}"
            found.append(_Shown(one.diagnosis.fewest_path, label, heading, "bad", one.explanation))
    for one in result.properties:
        if one.path is not None and one.verdict is not PropertyVerdict.VIOLATED:
            heading = f"How {one.name} is reached"
            faults = (why.Said("Faults in this run", why.witness(one)),)
            found.append(_Shown(one.path, one.name, heading, "good", one.explanation, said=faults))
    return [replace(one, said=one.said or _said(result, one), command=why.replay(result, one.path)) for one in found]


def _said(result: Result, one: _Shown) -> tuple[why.Said, ...]:
    if one.diagnosis is None:
        return ()
    fix = one.diagnosis.parting
    saved = () if fix is None else (why.saved(fix, one.path),)
    return (*saved, *why.diagnosis(result, one.diagnosis, one.path))


def _matters(one: _Shown) -> frozenset[int]:
    return frozenset(one.diagnosis.matters) if one.diagnosis is not None else frozenset()


def _drawn(one: _Shown) -> sequence.Marks:
    """What the short picture shows: what matters, every fault and its end, the marks, and the end of the path."""
    found = one.diagnosis or Diagnosis()
    shown = None
    if found.matters:
        told = {
            step.number
            for step in one.path.steps
            if step.fault or step.played or step.remark or step.action in ("restart", "resume")
        }
        marked = {number for number in (found.pivot, found.no_return, len(one.path.steps)) if number is not None}
        shown = frozenset(found.matters) | told | marked
    return sequence.Marks(shown, found.pivot, found.no_return)


def _marks(one: _Shown) -> dict[str, int | None]:
    found = one.diagnosis or Diagnosis()
    return {"pivot": found.pivot, "opens": _opens(one.path, found)}


def _opens(path: Path, found: Diagnosis) -> int:
    """The step that a page opens at: one that a remark points at, for that is where the system goes wrong, or shows
    that it did, and nothing on the screen would say so; the head of the page tells the fault that led there already. Of
    several, the first from the last fault on: before it, it could still have ended well. Where all are before it (a
    batch is taken for one of the transaction before, and only an abort betrays it), the first. Without a remark the
    step at which a fix acts, if that is not before all faults; then the last fault; without one the step after which it
    was too late; else the last."""
    remarks = [step.number for step in path.steps if step.remark]
    later = [number for number in remarks if number >= (found.pivot or 0)]
    fix = None if found.parting is None else found.parting.acts_in(path)
    return next(iter(later or remarks), None) or fix or found.pivot or found.no_return or len(path.steps)


# --- The head -------------------------------------------------------------------------------------------------------


def _header(result: Result, shown: Sequence[_Shown]) -> Markup:
    look = "bad" if result.problem else _LOOKS[result.outcome]
    word = "model error" if result.problem else result.outcome.value
    lead = _lead(result)
    reasons = [prose(why.sentence(one)) for one in result.why]
    return tag(
        "header",
        tag(
            "div",
            tag("p", tag("strong", word, class_=f"verdict-word {look}"), class_="verdict-line"),
            _theme(),
            class_="bar",
        ),
        tag("h1", result.title or result.spec),
        tag("p", said, class_="banner", role="note") if (said := why.banner(result)) else None,
        tag("p", lead, class_="lead"),
        tag("p", prose(result.about), class_="about") if result.about else None,
        tag("p", prose(why.sentence(result.summary)), class_="about") if result.summary else None,
        # Of a violation it would only say that there is one.
        tag("p", why.meaning(result), class_="meaning") if result.problem or not why.broken(result) else None,
        tag("ul", *(tag("li", one) for one in reasons)) if reasons else None,
        tag("p", tag("a", _helped(result.remedies), href="#remedies")) if result.remedies is not None else None,
        tag("p", "Spec: ", tag("code", result.spec), class_="spec"),
        _switch(shown),
        class_=f"top {look}",
    )


def _helped(found: Remedies) -> str:
    if not found.kept:
        return "What would have helped: no single change that was tried."
    return f"What would have helped: {words.count(len(found.kept), 'change')} of one setting, each checked in full."


def _lead(result: Result) -> str:
    if result.problem:
        return why.sentence(result.problem)
    broken = why.broken(result)
    if broken:
        return "; ".join(f"{words.clean(one.name)} is broken {why.length(one)}".strip() for one in broken) + "."
    if result.outcome is Outcome.INCONCLUSIVE:
        return f"No violation in the first {words.count(result.explored.depth, 'level')}."
    if result.outcome is not Outcome.HOLDS:
        return ""
    kept = [one.name for one in result.properties if one.kind == "always" and one.verdict is PropertyVerdict.HOLDS]
    guarantees = words.listing(words.clean(name) for name in kept if name != "deadlock")
    stuck = "It never gets stuck." if "deadlock" in kept else ""
    return f"Kept in every state: {guarantees}. {stuck}".strip() if guarantees else stuck


def _switch(shown: Sequence[_Shown]) -> Markup | None:
    if len(shown) < 2:
        return None
    links = [
        tag("a", one.label, " ", tag("span", words.count(len(one.path.steps), "step"), class_="count"),
            href=f"#path={number}&step=0", class_=f"path-link {one.kind}", data_path=number)
        for number, one in enumerate(shown, start=1)
    ]  # fmt: skip
    return tag("nav", tag("span", "Paths:", class_="switch-label"), *links, class_="switch", aria_label="Paths")


# --- One path -------------------------------------------------------------------------------------------------------


def _path(one: _Shown, number: int) -> Markup:
    count = len(one.path.steps)
    heading = tag(
        "h2",
        one.heading,
        " ",
        tag("span", words.count(count, "step"), ", a shortest way" if one.diagnosis else None, class_="count"),
        id=f"path-{number}-title",
    )
    return tag(
        "section",
        heading,
        tag("div", *_why(one, number), class_="brief"),
        _work(one, number) if count else tag("p", "It is so in the initial state, before any step."),
        _still_parts(one, number),
        class_=f"path {one.kind}",
        id=f"path-{number}",
        data_path=number,
        aria_labelledby=f"path-{number}-title",
    )


def _why(one: _Shown, number: int) -> list[Markup | None]:
    """What was promised and what came of it, the path at a glance, what decided it."""
    first: list[tuple[str, Markup]] = []
    if one.explanation:
        first.append(
            ("What was asked" if one.kind == "good" else "What was promised", prose(why.sentence(one.explanation)))
        )
    if one.reasons:
        said = [prose(why.sentence(reason)) for reason in one.reasons]
        listed = tag("ul", *(tag("li", reason) for reason in said)) if len(said) > 1 else said[0]
        first.append(("What is so at the end" if one.kind == "good" else "Outcome", listed))
    rows: list[tuple[str, Markup]] = []
    for label, sentence, step in one.said:
        rows.append((label, join([prose(sentence), *([" ", _link(number, step)] if step is not None else [])])))
    again: list[tuple[str, Markup]] = []
    if one.command:
        copy = tag("button", "Copy", type="button", class_="copy script-only")
        again.append(
            ("See it again", tag("div", tag("code", one.command, class_="command"), " ", copy, class_="replay"))
        )
    glance = overview.overview(one.path, _drawn(one), number) if one.path.steps else None
    return [_listed(first, "why first"), glance, _listed(rows, "why more"), _listed(again, "why again")]


def _listed(rows: Sequence[tuple[str, Markup]], class_: str) -> Markup | None:
    listed = [tag("div", tag("dt", label), tag("dd", said)) for label, said in rows]
    return tag("dl", *listed, class_=class_) if listed else None


def _link(number: int, step: int) -> Markup:
    return tag("a", f"Show step {step}", href=f"#path={number}&step={step}", class_="when", data_goto=step)


def _work(one: _Shown, number: int) -> Markup:
    """The picture and, beside it, the step that the slider stands at."""
    return tag("div", _controls(one), tag("div", _diagram(one, number), _panel(one), class_="columns"), class_="work")


def _controls(one: _Shown) -> Markup:
    last = len(one.path.steps)
    found = one.diagnosis or Diagnosis()
    faults = [step for step in one.path.steps if step.fault or step.played]

    def button(label: str, action: str, said: str) -> Markup:
        return tag("button", label, type="button", data_action=action, title=said, aria_label=said)

    buttons = [
        button("|<", "first", "Start (Home)"),
        button("<", "back", "Step back (left or k)"),
        button(">", "forward", "Step forward (right or j)"),
        button(">|", "last", "End (End)"),
        button("Next fault", "fault", "Next fault (f)") if faults else None,
        button("Last fault", "pivot", "The last fault that it takes (p)") if found.pivot is not None else None,
        button("?", "help", "Keys and how to read this page (?)"),
    ]
    slider = tag("input", type="range", min=0, max=last, value=last, step=1, class_="slider",
                 aria_label=f"Step of the path, 0 to {last}")  # fmt: skip
    return tag("div", tag("div", *buttons, class_="buttons", role="group", aria_label="Steps"), slider,
               tag("output", f"step {last} of {last}", class_="where"), class_="controls script-only")  # fmt: skip


def _diagram(one: _Shown, number: int) -> Markup:
    whole = sequence.embedded(one.path, f"p{number}-", sequence.Marks(None, *_of(_drawn(one))))
    short_marks = _drawn(one)
    folds = short_marks.shown is not None and len(short_marks.shown) < len(one.path.steps)
    short = sequence.embedded(one.path, f"p{number}s-", short_marks) if folds else None
    toggle = _check("all-steps", "all steps") if short else None
    fit = _check("fit-width", "fit width")
    pictures = (
        [tag("div", Markup(short.heads), Markup(short.body), class_="picture short script-only")] if short else []
    )
    # Without the script there is no way to unfold: the whole picture is the one that is always there.
    pictures.append(tag("div", Markup(whole.heads), Markup(whole.body), class_="picture whole"))
    return tag(
        "figure",
        tag("figcaption", tag("span", sequence.legend(one.path), class_="legend"),
            tag("span", class_="sideways script-only"), tag("span", fit, " ", toggle, class_="toggles")),
        tag("div", *pictures, class_="sequence", tabindex="0", role="region",
            aria_label="Sequence diagram; the same in words under “Every step in words”"),
        _for_paper(whole, f"p{number}-"),
        class_="diagram",
    )  # fmt: skip


def _check(class_: str, said: str) -> Markup:
    box = tag("input", type="checkbox", class_=class_)
    return tag("label", box, f" {said}", class_="toggle script-only")


def _of(marks: sequence.Marks) -> tuple[int | None, int | None]:
    return marks.pivot, marks.no_return


def _for_paper(drawn: sequence.Embedded, prefix: str) -> Markup:
    """The whole picture in pieces that fit a page, cut between steps; each shows a part of what is drawn already."""
    pieces = []
    heads = drawn.heads_height
    top = 0.0
    while top < drawn.height - 1:
        fitting = [at for at in drawn.breaks if top < at <= top + _PRINTED_PIECE]
        bottom = max(fitting, default=min(top + _PRINTED_PIECE, drawn.height))
        pieces.append(
            Markup(
                f'<svg class="piece" viewBox="0 0 {drawn.width} {heads + bottom - top:.0f}" aria-hidden="true">'
                f'<use href="#{prefix}heads"/><svg y="{heads}" width="{drawn.width}" height="{bottom - top:.0f}" '
                f'viewBox="0 {top:.0f} {drawn.width} {bottom - top:.0f}"><use href="#{prefix}drawing"/></svg></svg>'
            )
        )
        top = bottom
    return tag("div", *pieces, class_="sequence paper")


def _panel(one: _Shown) -> Markup:
    return tag(
        "div",
        tag("div", class_="now", aria_live="polite", aria_atomic="true"),
        tag("section", tag("h3", "Logs"), tag("div", class_="logs-now"), class_="logs") if one.path.logs else None,
        tag("section", tag("h3", "Messages under way"), tag("div", class_="under-way"), class_="flights"),
        tag("section",
            tag("div", tag("h3", "State after the step"),
                _check("all-fields", "all fields"),
                class_="bar"),
            tag("div", class_="state-now"), class_="state"),
        class_="panel script-only",
    )  # fmt: skip


def _still_parts(one: _Shown, number: int) -> Markup:
    parts = []
    if one.path.ledger is not None and one.path.ledger.records:
        reasons = one.reasons
        parts.append(
            tag("section", tag("h3", "What became of each record"), tables.ledger(one.path.ledger, number, reasons),
                class_="ledger-part")
        )  # fmt: skip
    if one.path.steps:
        found = one.diagnosis or Diagnosis()
        notes: dict[int, list[str]] = {}
        fix = found.parting
        acts = (None, "") if fix is None else (fix.acts_in(one.path), f"{fix.other}: otherwise")
        for at, said in ((found.pivot, "last fault it takes"), acts, (found.no_return, "too late")):
            if at is not None:
                notes.setdefault(at, []).append(said)
        listed = story.steps(one.path, number, notes, _matters(one))
        parts.append(tag("details", tag("summary", "Every step in words"), listed, class_="in-words"))
    return join(parts)


# --- The rest -------------------------------------------------------------------------------------------------------


def _card(result: Result) -> Markup:
    return tag("section", tag("h2", "What this answer covers", id="card-title"), tables.card(result), class_="card",
               aria_labelledby="card-title")  # fmt: skip


def _remedies(found: Remedies) -> Markup:
    """Which change of one thing would have kept it, each checked in full."""
    best = (
        tag("p", "See for yourself: ", tag("code", remedies.command(found), class_="command")) if found.kept else None
    )
    return tag(
        "section",
        tag("h2", "What would have helped", id="remedies-title"),
        tables.remedies(found),
        best,
        class_="card",
        id="remedies",
        aria_labelledby="remedies-title",
    )


_KEYS = [
    ("right, j", "one step forward"),
    ("left, k", "one step back"),
    ("Home, End", "the start, the end"),
    ("f", "the next fault"),
    ("p", "the last fault that it takes"),
    ("a", "all steps, or only those that matter"),
    ("1 to 9", "another path"),
    ("?", "this help"),
]
_READING = [
    "Time runs downwards. Each column is one component; each box is one step of it, and every step happens at once "
    "or not at all.",
    "A fault is something done to the system, not by it: a crash, a pause, a lost, repeated or delayed message. "
    "It is marked with ! and in red.",
    "A delayed message leaves its connection and may arrive at any later time.",
    "The last fault it takes: before it the guarantee would have been kept without further faults. Too late: after "
    "that step nothing saves it any more.",
    "\u2190 points at what the values of a step do not tell.",
    "Struck out: what a crash made a component forget.",
    "The path is a shortest one: no sequence with fewer steps leads there within the stated bounds.",
]


def _theme() -> Markup:
    return tag("button", "Theme: system", type="button", id="theme", class_="script-only")


def _help() -> Markup:
    keys = [tag("div", tag("dt", tag("kbd", key)), tag("dd", said)) for key, said in _KEYS]
    return tag(
        "dialog",
        tag("h2", "How to read this page", id="help-title"),
        tag("ul", *(tag("li", one) for one in _READING)),
        tag("dl", *keys, class_="keys"),
        tag("button", "Close", type="button"),
        id="help",
        aria_labelledby="help-title",
    )
