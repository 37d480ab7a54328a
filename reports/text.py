"""A verdict as text for a terminal: the incident told step by step, or the card that says what a pass covers.

Written for a reader who has never met a model checker. Colour only repeats what the words and the ``!`` already say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from checker.verdict import (
    NO_PLUMBING,
    Diagnosis,
    Ledger,
    Outcome,
    Path,
    PathStep,
    Plumbing,
    PropertyResult,
    PropertyVerdict,
    Result,
)
from reports import remedies, why, words
from reports.flights import Fate, causes, flights, origins, sender_of

WIDTH = 96
REMEMBERED = 12  # steps for which a reader knows what a kind of step is
ABOUT_MAX = 800  # characters of what a spec's author says of it
_LABEL = 14  # width of a card's left column

_STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "bold red": "1;31",
    "green": "32",
    "bold green": "1;32",
    "yellow": "33",
    "bold yellow": "1;33",
    "struck": "9;31",
}
_OUTCOME_STYLES = {
    Outcome.HOLDS: "bold green",
    Outcome.VIOLATED: "bold red",
    Outcome.INCONCLUSIVE: "bold yellow",
    Outcome.VACUOUS: "bold yellow",
}
_MESSAGE_FAULTS = {
    "lose": "is lost",
    "duplicate": "is repeated: it will arrive twice",
    "delay": "is held up: it may arrive at any later time, even on a new connection",
}
_ACTOR_EVENTS = {
    "pause": "stops running and does not know it",
    "resume": "wakes up and carries on where it stopped",
}


@dataclass(frozen=True)
class _Paint:
    color: bool

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.color and text and style else text


def render(result: Result, color: bool = False, verbose: bool = False, width: int = WIDTH) -> str:
    """The whole answer to one spec, ending in a newline."""
    paint = _Paint(color)
    blocks: list[list[str]]
    if result.problem:
        blocks = _problem(result, paint, verbose, width)
    elif result.outcome is Outcome.VIOLATED:
        blocks = _violated(result, paint, verbose, width)
    else:
        blocks = _card_blocks(result, paint, verbose, width)
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


def _headline(result: Result, rest: str, paint: _Paint, word: str = "", style: str = "") -> list[str]:
    word = word or result.outcome.value
    head = paint(f"{word}:", style or _OUTCOME_STYLES[result.outcome])
    title = words.clean(result.title)
    return [f"{head} {rest}", *([title] if title else [])]


def _sentence(text: str) -> str:
    text = words.clean(text).strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


# --- Violated -------------------------------------------------------------------------------------------------------


def _violated(result: Result, paint: _Paint, verbose: bool, width: int) -> list[list[str]]:
    broken = [found for found in result.properties if found.verdict is PropertyVerdict.VIOLATED]
    if not broken:
        return _card_blocks(result, paint, verbose, width)
    first, *others = sorted(broken, key=lambda found: (found.steps is None, found.steps or 0))
    where = f" in {words.count(first.steps, 'step')}" if first.steps is not None else ""
    blocks = [_headline(result, f"{words.clean(first.name)}{where} ({words.clean(result.spec)})", paint)]
    blocks.append(_preface(result, width))
    blocks.append([paint("In short:", "bold"), *_labelled(why.in_short(result, first), width)])
    if first.path is not None:
        blocks.append(_path_lines(first.path, paint, verbose, width, first.diagnosis))
        blocks.append(_pending_lines(first.path, width))
        blocks.append(_ledger_lines(first.path.ledger, paint, width))
    blocks.append(_accusation(result, first, paint, width))
    blocks.append(_diagnosis_lines(result, first, paint, width))
    blocks += [_accusation(result, other, paint, width, also=True) for other in others]
    blocks.append(_premise_lines(result, width))
    blocks.append(_reach_lines(result, width))
    open_questions = [
        words.clean(found.name)
        for found in result.properties
        if found.verdict in (PropertyVerdict.UNKNOWN, PropertyVerdict.UNREACHED)
    ]
    if open_questions:
        text = f"Not decided, because the search stopped here: {words.listing(open_questions)}."
        blocks.append(words.wrap(text, width))
    if result.remedies is not None:
        first_block, *more = remedies.blocks(result.remedies, width)
        blocks += [[paint("What would have helped:", "bold"), *first_block], *more]
    if verbose:
        blocks.append(_card(_facts(result, verbose), paint, width))
    return blocks


def _accusation(result: Result, found: PropertyResult, paint: _Paint, width: int, also: bool = False) -> list[str]:
    """Which guarantee is broken, which part of it, and how to see it again."""
    name = words.clean(found.name)
    lead = "Also broken" if also else "Broken"
    where = f" (in {words.count(found.steps, 'step')})" if also and found.steps is not None else ""
    meaning = f" - {_sentence(found.explanation)}" if found.explanation else ""
    first, *rest = words.wrap(f"{lead}: {name}{where}{meaning}", width)
    shown = first.removeprefix(f"{lead}: ")
    lines = [f"{paint(f'{lead}:', 'bold red')} {shown}", *rest]
    for reason in found.reasons:
        if not (found.explanation and reason.startswith(found.explanation.rstrip("."))):  # That was said just now.
            lines += _hanging("  - ", _sentence(reason), width)
    if also and found.path is not None:
        lines += _labelled(why.course(found.path, result.fault_meanings), width)
    if found.path is not None and found.path.replay:
        lines.append(paint(_replay(result, found.path), "dim"))
    return lines


def _replay(result: Result, path: Path) -> str:
    return f"replay: {why.replay(result, path)}"


def _diagnosis_lines(result: Result, found: PropertyResult, paint: _Paint, width: int) -> list[str]:
    """What decided it, when it was too late, how few faults are enough: a sentence each."""
    if found.diagnosis is None or found.path is None:
        return []
    lines: list[str] = []
    for label, sentence, _ in why.diagnosis(result, found.diagnosis, found.path):
        first, *rest = words.wrap(f"{label}: {sentence}", width)
        lines += [f"{paint(f'{label}:', 'bold')}{first.removeprefix(f'{label}:')}", *rest]
    fewest = found.diagnosis.fewest_path
    if fewest is not None and fewest.replay:
        lines.append(paint(f"with the fewest faults: {why.replay(result, fewest)}", "dim"))
    return lines


def _ledger_lines(ledger: Ledger | None, paint: _Paint, width: int) -> list[str]:
    """What became of each record: a line for each column that something happened in, with the steps."""
    if ledger is None:
        return []
    lines = ["What became of each record (step: what happened):"]
    label = max(words.columns(words.clean(one)) for one in ledger.columns)
    for record in ledger.records:
        name = words.clean(record)
        lines.append(f"  {paint(name, 'bold')}")
        if all(one.record != record for one in ledger.events):
            lines.append("    nothing happened to it")
            continue
        for column in ledger.columns:
            events = [one for one in ledger.events if one.record == record and one.column == column]
            told = "; ".join(f"{one.step}: {words.clean(one.text) or words.clean(column)}" for one in events)
            lines += _hanging(f"    {words.pad(words.clean(column), label)}  ", told or "never", width)
    return lines


def _pending_lines(path: Path, width: int) -> list[str]:
    """What was sent and has not arrived when the path ends: often the hinge of the story, and no step tells it."""
    waiting = [
        f"{words.message(one.message, path.plumbing)} from {words.clean(one.message.sender or 'the network')} to "
        f"{words.clean(one.message.receiver or 'everyone')} (sent in step {one.sent})"
        for one in flights(path)
        if one.fate is Fate.PENDING and one.sent > 0
    ]
    return words.wrap(f"Still on its way at the end: {'; '.join(waiting)}.", width) if waiting else []


def _preface(result: Result, width: int) -> list[str]:
    """What the spec's author says of it; that it is of no release as it is, if so."""
    said = [words.shorten(words.clean(result.about), ABOUT_MAX), why.banner(result)]
    return [line for one in said if one for line in words.wrap(one, width)]


def _labelled(said: Sequence[why.Said], width: int) -> list[str]:
    """A line or more for each, its label before it."""
    room = max((words.columns(one.label) for one in said), default=0)
    return [line for one in said for line in _hanging(f"  {words.pad(one.label, room)}  ", one.sentence, width)]


def _reach_lines(result: Result, width: int) -> list[str]:
    """Within what it was looked for: the bounds that are used, the faults that could happen, what is left out."""
    used = {key: item for key, item in result.bounds.items() if not (isinstance(item, int) and item <= 0)}
    bounds = [f"{words.clean(key)} = {words.value(item)}" for key, item in used.items()]
    allowed = [f"{words.clean(name)} ({_times(budget)})" for name, budget in result.faults.items()]
    for name, most in result.played.items():
        meaning = f"{words.clean(result.fault_meanings[name])}; " if name in result.fault_meanings else ""
        allowed.append(f"{words.clean(name)} ({meaning}up to {words.clean(most)})")
    said = [f"Bounds: {'; '.join(bounds)}."] if bounds else []
    said.append(f"Faults allowed: {'; '.join(allowed) if allowed else 'none'}.")
    if result.not_modelled:
        said.append(f"Not modelled: {'; '.join(words.clean(text) for text in result.not_modelled)}.")
    return [line for one in said for line in words.wrap(one, width)]


def _premise_lines(result: Result, width: int) -> list[str]:
    """The settings that the spec gives or that were overridden, and what of the protocol it takes out or adds."""
    told = [(name, value) for name, value in why.settings(result) if "(default" not in value]
    if not told:
        return []
    listed = "; ".join(f"{name}: {value}" for name, value in told)
    rest = f"; the rest are defaults (python -m checker show {words.clean(result.spec)})" if result.settings else ""
    overridden = [line for one in result.overridden for line in words.wrap(f"Overridden: {_sentence(one)}", width)]
    return [*words.wrap(f"Settings: {listed}{rest}.", width), *overridden]


def _problem(result: Result, paint: _Paint, verbose: bool, width: int) -> list[list[str]]:
    path = result.problem_path
    where = f"after {words.count(len(path.steps), 'step')} " if path is not None else ""
    blocks = [_headline(result, f"{where}({words.clean(result.spec)})", paint, "model error", "bold red")]
    if path is not None:
        blocks.append(_path_lines(path, paint, verbose, width))
    closing = words.wrap(_sentence(result.problem), width)
    if path is not None and path.replay:
        closing.append(paint(_replay(result, path), "dim"))
    closing += words.wrap(
        "This is a mistake in the model, not a finding about the protocol: nothing was decided.", width
    )
    return [*blocks, closing]


# --- Paths ----------------------------------------------------------------------------------------------------------


def render_path(path: Path, color: bool = False, verbose: bool = False, width: int = WIDTH) -> str:
    """The numbered steps of a path, without a verdict; for ``--replay`` and for witnesses."""
    return "\n".join(line.rstrip() for line in _path_lines(path, _Paint(color), verbose, width)) + "\n"


@dataclass(frozen=True)
class _Columns:
    """Where a path's columns stand. ``details`` is where the text about a step begins."""

    number: int
    actor: int
    action: int
    details: int
    own_line: bool  # the names are so long that the details start on the line below
    width: int


def _lay_out(path: Path, width: int) -> _Columns:
    number = max(2, len(str(len(path.steps))))
    actor = min(24, max((words.columns(words.clean(step.actor)) for step in path.steps), default=0))
    action = min(32, max((words.columns(words.clean(step.action)) for step in path.steps), default=0))
    details = number + 3 + actor + 2 + action + 2
    own_line = details > width * 0.45
    return _Columns(number, actor, action, number + 5 if own_line else details, own_line, width)


def _path_lines(path: Path, paint: _Paint, verbose: bool, width: int, diagnosis: Diagnosis | None = None) -> list[str]:
    """The story. With a diagnosis, what carries on as usual is folded, unless all is asked for (``verbose``)."""
    if not path.steps:
        return ["The initial state itself, before any step:", *_state_lines(path, 0, width)]
    layout = _lay_out(path, width)
    trouble = min((step.number for step in path.steps if step.fault or step.played), default=0)
    lines = [paint("! marks a fault: something done to the system, not by it", "dim")] if trouble else []
    trouble = 0 if verbose or diagnosis is None else trouble
    if trouble > 1:
        lines.append(paint("Before the first one, what changes inside an actor is left out (--verbose).", "dim"))
    if verbose:
        lines += ["Initial state:", *_state_lines(path, 0, width)]
    sent_in = origins(path)
    lost = causes(path)
    plumbing = NO_PLUMBING if verbose else path.plumbing
    explained: dict[str, int] = {}
    notes = _notes(path, diagnosis)
    folded = frozenset() if verbose else _folded(path, diagnosis)
    for run in _runs(path, folded):
        if run[0].number in folded:
            lines += _folded_lines(run, layout, paint)
            continue
        step = run[0]
        origin = sent_in.get(step.number)
        sender = sender_of(path, step, origin)
        just_said = origin == step.number - 1 and origin not in folded and not verbose
        known = step.number - explained.get(step.says, -REMEMBERED) < REMEMBERED and not verbose
        happened = tuple(words.happened(path, step.number))
        usual = step.number < trouble and not (step.choices or notes.get(step.number))
        told = _Origin(origin, sender, lost, just_said, known, usual, plumbing, happened)
        explained[step.says] = explained[step.says] if known else step.number
        lines += _step_lines(step, told, layout, paint, verbose)
        for note in notes.get(step.number, ()):
            wrapped = _hanging("<- ", note, max(24, width - layout.details))
            lines += [" " * layout.details + paint(line, "bold yellow") for line in wrapped]
    if verbose:
        lines += ["Last state:", *_state_lines(path, -1, width)]
    return lines


def _notes(path: Path, diagnosis: Diagnosis | None) -> dict[int, list[str]]:
    """What is to be said under a step."""
    found = {step.number: [words.clean(step.remark)] for step in path.steps if step.remark}
    if diagnosis is not None and diagnosis.pivot is not None:
        found.setdefault(diagnosis.pivot, []).append("the last fault that it takes")
    if diagnosis is not None and diagnosis.no_return not in (None, len(path.steps)):
        found.setdefault(diagnosis.no_return, []).append("too late: from here on it cannot be saved")
    fixed = None if diagnosis is None else diagnosis.parting
    if fixed is not None and (acts := fixed.acts_in(path)) is not None:
        found.setdefault(acts, []).append(f"{words.clean(fixed.other)}: here it goes otherwise")
    if diagnosis is not None:
        found.setdefault(len(path.steps), []).append("here it is broken")
    return found


def _folded(path: Path, diagnosis: Diagnosis | None) -> frozenset[int]:
    """The steps that are only named: those that carry on as usual, where at least two stand together."""
    if diagnosis is None or not diagnosis.matters:
        return frozenset()
    usual = {step.number for step in path.steps} - set(diagnosis.matters)
    return frozenset(number for number in usual if {number - 1, number + 1} & usual)


def _runs(path: Path, folded: frozenset[int]) -> list[list[PathStep]]:
    """The steps one by one, those that are folded together."""
    runs: list[list[PathStep]] = []
    for step in path.steps:
        if step.number in folded and runs and runs[-1][-1].number in folded:
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def _folded_lines(run: Sequence[PathStep], layout: _Columns, paint: _Paint) -> list[str]:
    """Steps that carry on as usual, in their order: ``payer-1: start; coordinator: init_producer_id``."""
    turns: list[tuple[str, list[str]]] = []
    for step in run:
        if not turns or turns[-1][0] != step.actor:
            turns.append((step.actor, []))
        turns[-1][1].append(words.clean(step.action))
    told = "; ".join(f"{words.clean(actor)}: {', '.join(actions)}" for actor, actions in turns)
    numbers = f"{run[0].number}-{run[-1].number}"
    lead = f"{numbers:>{layout.number}}  as usual: "
    return [paint(line, "dim") for line in _hanging(lead, told, layout.width, indent=layout.number + 3)]


@dataclass(frozen=True)
class _Origin:
    """What a step does not say itself and its path does."""

    sent_in: int | None  # the step that sent the message received
    sender: str | None
    lost: Mapping[tuple[int, int], str]  # why a message never arrives, by the step that sent it and its place
    just_said: bool = False  # it stands one line above, with its fields
    known: bool = False  # what the step is has been told of an earlier one
    usual: bool = False  # it goes as it always goes, and nothing has gone wrong so far
    plumbing: Plumbing = NO_PLUMBING
    happened: tuple[str, ...] = ()  # to the records


def _step_lines(step: PathStep, origin: _Origin, layout: _Columns, paint: _Paint, verbose: bool) -> list[str]:
    mark = "!" if step.fault or step.played else " "
    number = f"{step.number:>{layout.number}}"
    actor = words.pad(words.shorten(words.clean(step.actor), layout.actor), layout.actor)
    action = words.pad(words.shorten(words.clean(step.action), layout.action), layout.action)
    style = "bold red" if step.fault or step.played else "bold"
    head = f"{paint(number, 'dim')} {paint(mark, style)} {actor}  {paint(action, style)}"
    details = _details(step, origin, layout, paint, verbose)
    if layout.own_line or not details:
        return [head, *(" " * layout.details + line for line in details)]
    first, *rest = details
    return [f"{head}  {first}", *(" " * layout.details + line for line in rest)]


def _details(step: PathStep, origin: _Origin, layout: _Columns, paint: _Paint, verbose: bool) -> list[str]:
    """The lines about one step: what came in, what was chosen, what changed, what went out."""
    room = max(24, layout.width - layout.details)
    most = 10_000 if verbose else 3 * room
    lines: list[str] = []

    def say(lead: str, text: str, style: str = "") -> None:
        lines.extend(paint(line, style) for line in _hanging(lead, words.shorten(text, most), room, indent=2))

    if step.says and not origin.known:
        say("", words.clean(step.says), "bold")
    fault = step.fault and step.action in _MESSAGE_FAULTS
    if step.received is not None:
        sent_in = origin.sent_in
        just_said = origin.just_said
        content = words.clean(step.received.type) if just_said else words.message(step.received, origin.plumbing)
        sender = _end(origin.sender, "the network")
        when = f" (sent in step {sent_in})" if sent_in is not None and not just_said else ""
        if fault:
            say("", f"{content} from {sender}{when} {_MESSAGE_FAULTS[step.action]}", "red")
        else:
            arrival = "gets LATE " if step.late else "gets "
            say(arrival, f"{content} from {sender}{when}", "yellow" if step.late else "")
    if step.played:
        kind = "the crash was a" if step.ends_a_crash else "the fault"
        say("", f"{kind} {words.clean(step.played)}", "red")
    if step.action in _ACTOR_EVENTS and step.received is None:
        say("", _ACTOR_EVENTS[step.action], "red" if step.fault else "")
    choices = [choice for choice in step.choices if verbose or not _is_plain(choice)]
    if choices:
        say("picks ", ", ".join(words.clean(choice) for choice in choices))
    gone = [changed for changed in step.changes if changed.wiped]
    wiped = [words.change(changed, whose=step.actor) for changed in gone if verbose or not changed.aside]
    if wiped:
        say("forgets ", ", ".join(wiped), "struck")
    elif gone:
        say("", "forgets what it had in memory", "red")
    elif step.action == "crash" and step.fault:
        say("", "stops; it had nothing to forget", "red")
    if step.gone:
        lost = [f"{words.message(one, origin.plumbing)} from {_end(one.sender, 'the network')}" for one in step.gone]
        say("", f"what was on its way to it is gone: {', '.join(lost)}", "red")
    changes = [
        words.change(changed, whose=step.actor)
        for changed in step.changes
        if not (changed.wiped or origin.usual) and (verbose or not changed.aside)
    ]
    for text in origin.happened:
        say("-> ", text, "bold")
    for text in _packed([words.shorten(change, most) for change in changes], room):
        say("", text)
    for place, sent in enumerate(step.sent):
        why_lost = origin.lost.get((step.number, place), "")
        content = f"{words.message(sent, origin.plumbing)} to {_end(sent.receiver, 'everyone')}"
        say("sends ", f"{content} ({why_lost})" if why_lost else content, "red" if why_lost else "")
    return lines


def _is_plain(choice: str) -> bool:
    """A number or a truth value says nothing by itself; what it led to stands below it."""
    return choice.lstrip("-").isdecimal() or choice in ("True", "False", "None")


def _packed(texts: Iterable[str], room: int) -> list[str]:
    """Short texts side by side, each line within the room."""
    lines: list[str] = []
    for text in texts:
        joined = f"{lines[-1]}; {text}" if lines else text
        if lines and words.columns(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(text)
    return lines


def _end(actor: str | None, nobody: str) -> str:
    return nobody if actor is None else words.clean(actor)


def _state_lines(path: Path, position: int, width: int) -> list[str]:
    lines = []
    for actor, fields in path.states[position].items() if path.states else ():
        text = ", ".join(f"{words.clean(name)}={words.clean(field)}" for name, field in fields.items())
        lines += _hanging(f"  {words.clean(actor)}: ", text or "(no fields)", width, indent=6)
    return lines


def _hanging(lead: str, text: str, width: int, indent: int | None = None) -> list[str]:
    """The text after its lead, wrapped; later lines are indented as far as the lead reaches unless told."""
    offset = words.columns(lead) if indent is None else indent
    first, *rest = words.wrap(text, width - offset, width - words.columns(lead))
    return [lead + first, *(" " * offset + line for line in rest)]


# --- Cards: holds, inconclusive, vacuous ----------------------------------------------------------------------------


def _card_blocks(result: Result, paint: _Paint, verbose: bool, width: int) -> list[list[str]]:
    blocks = [_headline(result, words.clean(result.spec), paint), _preface(result, width)]
    match result.outcome:
        case Outcome.INCONCLUSIVE:
            blocks.append(_inconclusive(result, width))
        case Outcome.VACUOUS:
            blocks.append(_vacuous(result, width))
    blocks.append(_card(_facts(result, verbose), paint, width))
    if result.outcome is Outcome.HOLDS:
        blocks.append(words.wrap("Every state within these bounds was visited; nothing is said beyond them.", width))
    if verbose:
        blocks += [
            [
                f"How {words.clean(found.name)} is reached:",
                *words.wrap(why.witness(found), width),
                *_path_lines(found.path, paint, verbose, width),
            ]
            for found in result.properties
            if found.path is not None
        ]
    return blocks


def _inconclusive(result: Result, width: int) -> list[str]:
    explored = result.explored
    said = (
        f"No violation in the first {words.count(explored.depth, 'level')}: "
        f"{words.count(explored.distinct_states, 'distinct state')}, {words.count(explored.transitions, 'transition')}."
        " Nothing is known about what lies deeper."
    )
    lines = words.wrap(said, width)
    for reason in result.why:
        lines += _hanging("  - ", _sentence(reason), width)
    return [*lines, *words.wrap(f"What to do: {_way_out(result.why)}", width)]


def _way_out(reasons: Sequence[str]) -> str:
    text = " ".join(reasons).lower()
    options = []
    if "memory" in text:
        options.append("allow more memory (--memory)")
    if "second" in text or "time" in text:
        options.append("allow more time (--seconds)")
    if "states" in text:
        options.append("raise `limits: {states: ...}` in the spec")
    if "interrupt" in text or "ctrl" in text:
        options.append("let it run to its end")
    options = options or ["raise the limit (--memory, --seconds or `limits:` in the spec)"]
    return f"{', or '.join(options)}; or ask a smaller question: smaller constants, fewer faults."


def _vacuous(result: Result, width: int) -> list[str]:
    said = "Nothing is violated, but something that was asked for never happened, so this pass shows little."
    lines = words.wrap(said, width)
    for reason in result.why:
        lines += _hanging("  - ", _sentence(reason), width)
    advice = []
    if any(result.fired.get(name, 0) == 0 for name in result.faults):
        advice.append("take a fault that cannot happen out of `faults:`, or give it something to hit")
    if any(found.verdict is PropertyVerdict.UNREACHED for found in result.properties):
        advice.append("raise the bounds, or find the guard that keeps `sometimes` from being reached")
    if result.never_ran:
        advice.append("look at the actions below that never ran: one of them is usually the missing link")
    advice = advice or ["make the premise reachable: larger bounds, or another setting"]
    for number, text in enumerate(advice):
        lines += _hanging("What to do: " if number == 0 else "    or ", text, width)
    return lines


Facts = list[tuple[str, list[str]]]


def _facts(result: Result, verbose: bool) -> Facts:
    """The rows of the card, each a label and its entries (one a line)."""
    explored = result.explored
    whole = "all visited" if explored.complete else "not complete"
    reach = (
        f"{words.count(explored.distinct_states, 'distinct state')}, "
        f"{words.count(explored.transitions, 'transition')}, {words.count(explored.depth, 'level')}, {whole}"
    )
    bounds = [f"{words.clean(key)} = {words.value(item)}" for key, item in result.bounds.items()]
    effort = [f"{name} {seconds:.2f} s" for name, seconds in result.seconds.items()]
    if result.memory_bytes >= 1_000_000:
        effort.append(f"{result.memory_bytes / 1e6:,.0f} MB")
    facts: Facts = [
        *_asked(result),
        ("bounds", _packed(bounds, WIDTH - 2 - _LABEL)),
        ("faults", _fault_lines(result)),
        ("explored", [reach]),
        ("overridden", [words.clean(text) for text in result.overridden]),
        ("not modelled", [words.clean(text) for text in result.not_modelled]),
        ("never ran", [", ".join(words.clean(name) for name in result.never_ran)] if result.never_ran else []),
        ("one-sided", _one_sided(result, verbose)),
        ("took", [f"{', '.join(effort)} ({words.clean(result.engine)} engine)"] if effort else []),
    ]
    return [(label, entries) for label, entries in facts if entries]


def _one_sided(result: Result, verbose: bool) -> list[str]:
    """Conditions in the actors that had only one outcome: what the faults and bounds did not call for."""
    if verbose or not result.one_sided:
        return [words.clean(text) for text in result.one_sided]
    return [f"{words.count(len(result.one_sided), 'condition')} had only one outcome (--verbose lists them)"]


_SAID = {
    PropertyVerdict.HOLDS: "holds",
    PropertyVerdict.VIOLATED: "VIOLATED",
    PropertyVerdict.REACHED: "reached",
    PropertyVerdict.UNREACHED: "NEVER REACHED",
    PropertyVerdict.UNKNOWN: "not decided",
}


def _asked(result: Result) -> Facts:
    """The properties by kind, each with its verdict and what it means."""
    kinds: dict[str, list[str]] = {}
    for found in result.properties:
        entries = kinds.setdefault(words.clean(found.kind), [])
        verdict = _SAID[found.verdict]
        if found.verdict is PropertyVerdict.REACHED and found.steps is not None:
            verdict = f"reached in {words.count(found.steps, 'step')}{_shown_run(found)}"
        if found.name == "deadlock" and found.verdict is PropertyVerdict.HOLDS:
            verdict = "none found"  # "deadlock - holds" would say the opposite
        entries.append(f"{words.clean(found.name)} - {verdict}")
        if found.explanation:
            entries.append(f"  {_sentence(found.explanation)}")
    return list(kinds.items())


def _shown_run(found: PropertyResult) -> str:
    """What happens in the run that --verbose and a report show."""
    if found.path is None:
        return " (--report DIR shows how)"
    told = [why.fault(step) for step in found.path.steps if step.fault or step.played]
    if not told:
        return ", without a fault"
    if len(found.path.steps) == found.steps:
        return f", with {words.listing(told)}"
    return f" without a fault, in {len(found.path.steps)} with {words.listing(told)}"


def _times(budget: int | str) -> str:
    return "any number" if isinstance(budget, str) else f"up to {budget:,} a run"


def _fault_lines(result: Result) -> list[str]:
    names = [*result.faults, *(name for name in result.fired if name not in result.faults)]
    rows = [
        (words.clean(name), f"up to {words.clean(count)}", "played by the model")
        for name, count in result.played.items()
    ]
    if not names and not rows:
        return ["none were allowed"]
    for name in names:
        budget = result.faults.get(name)
        times = "" if budget is None else _times(budget)
        fired = result.fired.get(name, 0)
        happened = f"happened in {words.count(fired, 'transition')}" if fired else "NEVER HAPPENED"
        rows.append((words.clean(name), times, happened))
    widths = [max(words.columns(row[place]) for row in rows) for place in (0, 1)]
    return [
        f"{words.pad(name, widths[0])}  {words.pad(times, widths[1])}  {happened}" for name, times, happened in rows
    ]


def _card(facts: Facts, paint: _Paint, width: int) -> list[str]:
    lines = []
    for label, entries in facts:
        for number, entry in enumerate(entries):
            indent = 2 if entry.startswith("  ") else 0
            room = width - 2 - _LABEL
            wrapped = [entry] if words.columns(entry) <= room else words.wrap(entry.strip(), room - 2)
            for at, line in enumerate(wrapped):
                head = label if number == at == 0 else ""
                hang = "  " if (at or indent) and not line.startswith("  ") else ""
                lines.append(f"  {paint(words.pad(head, _LABEL), 'dim')}{hang}{line}")
    return lines


# --- Several specs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SummaryRow:
    """One line about one spec. ``verdict`` is an outcome's word, or ``error``."""

    spec: str
    verdict: str
    detail: str = ""
    distinct_states: int | None = None
    depth: int | None = None
    seconds: float | None = None
    unexpected: str = ""  # with --expect: how the answer differs from what the spec expects


def summary_row(result: Result, unexpected: str = "") -> SummaryRow:
    detail = ""
    if result.problem:
        detail = result.problem
    elif result.outcome is Outcome.VIOLATED:
        broken = [found for found in result.properties if found.verdict is PropertyVerdict.VIOLATED]
        detail = ", ".join(
            found.name + (f" in {words.count(found.steps, 'step')}" if found.steps is not None else "")
            for found in broken
        )
    elif result.why:
        detail = result.why[0]
    return SummaryRow(
        result.spec,
        "model error" if result.problem else result.outcome.value,
        detail,
        result.explored.distinct_states,
        result.explored.depth,
        sum(result.seconds.values()) if result.seconds else None,
        unexpected,
    )


def render_summary(rows: Iterable[SummaryRow | Result], color: bool = False, width: int = WIDTH) -> str:
    """A table of several specs, one a line, then how many had which verdict."""
    paint = _Paint(color)
    table = [row if isinstance(row, SummaryRow) else summary_row(row) for row in rows]
    if not table:
        return "no specs\n"
    spec_width = min(width // 2, max(words.columns(words.clean(row.spec)) for row in table))
    lines = [
        paint(
            f"{words.pad('spec', spec_width)}  {'verdict':<12}  {'states':>11}  {'depth':>5}  {'seconds':>7}",
            "bold",
        )
    ]
    for row in table:
        spec = words.pad(words.shorten(words.clean(row.spec), spec_width), spec_width)
        verdict = paint(words.pad(words.clean(row.verdict), 12), _verdict_style(row))
        states = "" if row.distinct_states is None else f"{row.distinct_states:,}"
        depth = "" if row.depth is None else f"{row.depth:,}"
        seconds = "" if row.seconds is None else f"{row.seconds:.2f}"
        lines.append(f"{spec}  {verdict}  {states:>11}  {depth:>5}  {seconds:>7}")
        if row.detail:
            lines += [f"    {line}" for line in words.wrap(words.clean(row.detail), width - 4)]
        if row.unexpected:
            lines += [
                paint(line, "bold red")
                for line in _hanging("    NOT AS EXPECTED: ", words.clean(row.unexpected), width)
            ]
    counts: dict[str, int] = {}
    for row in table:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    tally = ", ".join(f"{number} {words.clean(verdict)}" for verdict, number in counts.items())
    different = sum(bool(row.unexpected) for row in table)
    lines.append(
        f"{words.count(len(table), 'spec')}: {tally}" + (f"; {different} not as expected" if different else "")
    )
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _verdict_style(row: SummaryRow) -> str:
    if row.unexpected:
        return "bold red"
    return {"holds": "green", "violated": "yellow"}.get(row.verdict, "bold yellow")
