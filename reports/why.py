"""What a report says first: what was found, what decided it, and when it was too late. Sentences, without markup."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from checker.verdict import Diagnosis, Outcome, Path, PathStep, PropertyResult, PropertyVerdict, Result
from reports import words

_FAULTS = {
    "crash": "the crash of {actor}",
    "restart": "the restart of {actor}",
    "pause": "the pause of {actor}",
    "resume": "the waking up of {actor}",
    "lose": "the loss of {message}",
    "duplicate": "the repetition of {message}",
    "delay": "the delay of {message}",
}
_MEANINGS = {
    Outcome.HOLDS: "Every state within the stated bounds was visited; nothing is said beyond them.",
    Outcome.VIOLATED: "A guarantee is broken. Below is a shortest way there.",
    Outcome.INCONCLUSIVE: "The search stopped before it was complete. Nothing is known about what lies deeper.",
    Outcome.VACUOUS: "Nothing is violated, but something that was asked for never happened: this pass shows little.",
}


def sentence(text: str) -> str:
    text = words.clean(text).strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


def broken(result: Result) -> list[PropertyResult]:
    """What is violated, the shortest path first."""
    found = [one for one in result.properties if one.verdict is PropertyVerdict.VIOLATED]
    return sorted(found, key=lambda one: (one.steps is None, one.steps or 0))


def meaning(result: Result) -> str:
    if result.problem:
        return "This is a mistake in the model, not a finding about the protocol: nothing was decided."
    return _MEANINGS[result.outcome]


def length(answer: PropertyResult) -> str:
    """``in 51 steps, 1 of them a fault``."""
    if answer.steps is None:
        return ""
    if answer.steps == 0:
        return "in the initial state"
    said = f"in {words.count(answer.steps, 'step')}"
    if answer.path is None:
        return said
    return f"{said}, {with_faults(answer.path)}"


def with_faults(path: Path) -> str:
    """``1 of them a fault``. What a restart shows of its crash is a part of that fault."""
    faults = sum(step.is_fault for step in path.steps)
    if not faults:
        return "none of them a fault"
    return f"{faults} of them {'a fault' if faults == 1 else 'faults'}"


def fault(step: PathStep) -> str:
    """``the delay of EndTxnRequest``; of a step that is none, its action."""
    form = _FAULTS.get(step.action)
    actor = words.clean(step.actor)
    if step.ends_a_crash:
        return f"the restart of {actor}, which shows that the crash was a {words.clean(step.played)}"
    if step.played:
        return f"the fault {words.clean(step.played)} ({actor}: {words.clean(step.action)})"
    if not step.fault or form is None or ("{message}" in form and step.received is None):
        return f"{words.clean(step.action)} of {actor}"
    message = words.clean(step.received.type) if step.received is not None else ""
    return form.format(actor=actor, message=message)


class Said(NamedTuple):
    label: str
    sentence: str
    step: int | None = None  # that it is about


def diagnosis(result: Result, found: Diagnosis, path: Path) -> list[Said]:
    """What is said of each part that was computed, then of each that was not."""
    said: list[Said] = []
    uncounted = words.listing(words.clean(name) for name in result.uncounted)
    if (pivot := _step(path, found.pivot)) is not None:
        said.append(
            Said(
                "What set it off",
                f"Step {pivot.number}, {fault(pivot)}. Before it the guarantee would have been kept without "
                "further faults, whatever happened next.",
                pivot.number,
            )
        )
    if (last := _step(path, found.no_return)) is not None:
        said.append(
            Said(
                "Too late",
                f"After step {last.number} ({words.clean(last.actor)}: {words.clean(last.action)}) nothing saves it "
                "within these bounds: even without further faults the guarantee is lost, whatever happens next.",
                last.number,
            )
        )
    elif found.no_return == 0:
        said.append(Said("Too late", "From the start: no run without faults keeps the guarantee for good."))
    if found.fewest_faults is not None:
        said.append(Said("Fewest faults", _fewest(found, found.fewest_path or path, uncounted)))
    further = " A report goes further: --report DIR (from Python: witnesses=True)." if found.brief else ""
    said += [Said("Not computed", f"{sentence(text)}{further}") for text in found.not_computed]
    return said


def _fewest(found: Diagnosis, path: Path, uncounted: str) -> str:
    counts = {name: number for name, number in (found.fewest_faults or {}).items() if number}
    if not counts and uncounted:
        return f"None is needed, as far as they are counted: {uncounted} is not, the steps show what came of it."
    if not counts:
        return "None is needed: it happens without any fault."
    kinds: dict[str, int] = {}  # Of crashes, as they show when the actor starts again.
    for step in path.steps:
        if step.ends_a_crash:
            kinds[step.played] = kinds.get(step.played, 0) + 1
    counts = {name: number - kinds.get(name, 0) for name, number in counts.items() if number > kinds.get(name, 0)}
    times = words.listing(_times(name, number) for name, number in counts.items())
    if kinds:
        crashes = sum(number for name, number in counts.items() if name.startswith("crash"))
        which = "the crash is a" if crashes == 1 else "of the crashes"
        times += f" ({which} {words.listing(_times(name, number) for name, number in kinds.items())})"
    total = sum(counts.values())
    need = "One fault is" if total == 1 else f"{total} faults are"
    if found.fewest_path is None:
        return f"{need} needed: {times}. The path shown has no more."
    return f"{need} needed: {times}. A path with just {'that' if total == 1 else 'these'} is shown as well."


def _times(name: str, number: int) -> str:
    return words.clean(name) + (f" ({number} times)" if number > 1 else "")


def witness(found: PropertyResult) -> str:
    """Which faults happen in the run that shows how a `sometimes` is reached."""
    if found.path is None:
        return ""
    told = [f"{fault(step)} in step {step.number}" for step in found.path.steps if step.fault or step.played]
    if not told:
        return "No fault happens in this run."
    said = f"{words.listing(told)}."
    if found.steps is not None and found.steps < len(found.path.steps):
        said += (
            f" The shortest way there takes {words.count(found.steps, 'step')} and no fault; this is a shortest one in"
            " which a fault happens."
        )
    return said[0].upper() + said[1:]


def _step(path: Path, number: int | None) -> PathStep | None:
    return path.steps[number - 1] if number is not None and 0 < number <= len(path.steps) else None


_PREMISES = {
    "without": "taken out on purpose",
    "fixes": "added, as no release has it",
    "proposed": "added, as it is proposed",
}


def settings(result: Result) -> list[tuple[str, str]]:
    """What the spec says of itself, with where each value comes from, or what it means; defaults last."""
    found = [(_PREMISES.get(name, name), words.clean(value)) for name, value in result.premises.items()]
    ranked = sorted(result.settings, key=lambda one: (one[2].startswith("default"), one[2] != "given"))
    for name, value, origin in ranked:
        remarks = [one for one in ("" if origin == "given" else origin, result.meanings.get(name, "")) if one]
        found.append((words.clean(name), words.clean(f"{value} ({'; '.join(remarks)})" if remarks else value)))
    return found


def replay(result: Result, path: Path) -> str:
    """The command that shows the path again."""
    return command(result.spec, path)


def command(spec: str, path: Path) -> str:
    if not path.replay or not spec:
        return ""
    return f"python -m checker {shlex.quote(words.clean(spec))} --replay {words.clean(path.replay)}"
