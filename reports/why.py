"""What a report says first: what was found, what decided it, and when it was too late. Sentences, without markup."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import NamedTuple

from checker.verdict import (
    Diagnosis,
    Outcome,
    Parting,
    Path,
    PathStep,
    PropertyResult,
    PropertyVerdict,
    Result,
    SentMessage,
)
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


def banner(result: Result) -> str:
    """What has to be read before anything else: the spec is not of a release as it is, and on purpose. "" if it is."""
    version = words.clean(result.premises["version"]) if result.premises.get("version") else ""
    whose = f"version {version}" if version else "the version it names"
    said = []
    if without := result.premises.get("without"):
        one = "," not in without
        shows = "it shows what that mechanism is" if one else "it shows what these mechanisms are"
        about = f"{shows} for, not a bug of that version" if broken(result) else _NOT_OF_IT
        said.append(f"This spec takes {words.clean(without)} out of {whose} on purpose: {about}.")
    for name, kind in (("fixes", "which no release has"), ("proposed", "which is proposed and which no release has")):
        if added := result.premises.get(name):
            said.append(f"This spec adds {words.clean(added)}, {kind}, to {whose}: {_NOT_OF_IT}.")
    return " ".join(said)


_NOT_OF_IT = "the answer is about what becomes of it then, not about that version as it is"


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


REMARKS_MAX = 4


def in_short(result: Result, found: PropertyResult) -> list[Said]:
    """The incident for someone who reads no further: where, what befell it, what then went wrong, what came of it."""
    said = [Said("Setting", sentence(result.summary))] if result.summary else []
    if found.path is not None:
        said += course(found.path, result.fault_meanings)
        if found.diagnosis is not None and found.diagnosis.parting is not None:
            said.append(saved(found.diagnosis.parting, found.path))
    said.append(Said("Outcome", outcome(found), len(found.path.steps) if found.path is not None else None))
    return said


def course(path: Path, meanings: Mapping[str, str]) -> list[Said]:
    """The faults of a path, and what its model points at. ``meanings``: of the faults that the model plays."""
    faults = [step for step in path.steps if step.is_fault]
    told, known = [], set[str]()
    for step in faults:
        meaning = "" if step.played in known else meanings.get(step.played, "")
        told.append(f"step {step.number}, {_befell(path, step, words.clean(meaning))}")
        known.add(step.played)
    said = [Said("Faults", sentence("; ".join(told)) if told else "None.", faults[0].number if faults else None)]
    remarked = [step for step in path.steps if step.remark]
    if remarked:
        told = [f"step {step.number}, {words.clean(step.actor)}: {words.clean(step.remark)}" for step in remarked]
        more = len(told) - REMARKS_MAX
        if more > 0:
            told = [*told[:1], *told[-(REMARKS_MAX - 1) :], f"and in {words.count(more, 'step')} between"]
        said.append(Said("What went wrong", sentence("; ".join(told)), remarked[0].number))
    return said


def _befell(path: Path, step: PathStep, meaning: str) -> str:
    """A fault; of one that the model plays, what it is in the model's words too."""
    if step.played and meaning:
        return f"{fault(step)}: {meaning}"
    if step.action == "crash":
        later = (one for one in path.steps[step.number :] if one.actor == step.actor)
        back = next((one for one in later if one.action == "restart"), None)
        if back is not None and back.ends_a_crash:
            return f"{fault(step)} (a {words.clean(back.played)}, as its restart in step {back.number} shows)"
    sender = f" from {words.clean(step.received.sender)}" if step.received is not None and step.received.sender else ""
    return f"{fault(step)}{sender if step.fault else ''}"


DIFFERENCES_MAX = 3


def saved(found: Parting, path: Path) -> Said:
    """Where the path goes otherwise in a spec that keeps the guarantee."""
    label, title = "The fix", words.clean(found.title)
    differs = "; ".join(words.clean(one) for one in found.differs)
    other = words.clean(found.other) + (f" ({'; '.join(filter(None, (title, differs)))})" if title or differs else "")
    if found.problem:
        return Said(label, sentence(f"{other} cannot be compared: {words.clean(found.problem)}"))
    if not found.step:
        return Said(label, f"{other} can go all of this path too.")
    step = path.steps[found.step - 1]
    same = f"all is the same up to step {found.step - 1}" if found.step > 1 else "from the start"
    if found.is_early(path):
        way = f"It goes another way from step {found.step} on, before any fault: no one step here is where it acts."
        return Said(label, f"{sentence(other)} {way}")
    who = f"step {found.step} ({words.clean(step.actor)}: {words.clean(step.action)})"
    told = "; ".join(_differences(found, path, step)) or "what it keeps is not the same"
    went = f"in {who} {told}" if found.taken else f"{who} cannot happen"
    return Said(label, sentence(f"{other}: {same}; {went}"), found.step)


def _differences(found: Parting, path: Path, step: PathStep) -> list[str]:
    aside = {(one.actor, one.field) for each in path.steps for one in each.changes if one.aside}
    told = [f"it sends {_sending(one, path)}" for one in found.sends]
    told += [f"it does not send {_sending(one, path)}" for one in found.withholds]
    for one in found.changes:
        if (one.actor, one.field) not in aside:
            stays = one.before == one.after
            here = next((each for each in step.changes if (each.actor, each.field) == (one.actor, one.field)), None)
            if stays and here is not None:
                told.append(f"it leaves out {words.change(here, whose=step.actor)}")
            elif not stays:
                told.append(words.change(one, whose=step.actor))
    more = len(told) - DIFFERENCES_MAX
    return told if more <= 0 else [*told[:DIFFERENCES_MAX], f"and {words.count(more, 'difference')} more"]


def _sending(message: SentMessage, path: Path) -> str:
    return f"{words.message(message, path.plumbing)} to {words.clean(message.receiver or 'everyone')}"


def outcome(found: PropertyResult) -> str:
    """What is so at the end of the path and ought not to be."""
    told = [words.clean(reason).strip().rstrip(".") for reason in found.reasons] or [words.clean(found.explanation)]
    what = "It comes to a standstill" if found.name == "deadlock" else f"{words.clean(found.name)} is broken"
    return f"{what}: {sentence('; '.join(one for one in told if one))}"


def diagnosis(result: Result, found: Diagnosis, path: Path) -> list[Said]:
    """What is said of each part that was computed, then of each that was not."""
    said: list[Said] = []
    uncounted = words.listing(words.clean(name) for name in result.uncounted)
    last = _step(path, found.no_return)
    lost = (
        "nothing saves it, as the system is and within these bounds: without further faults, in any order of what is "
        "left to happen, the guarantee is lost"
    )
    if (pivot := _step(path, found.pivot)) is not None:
        text = (
            f"Step {pivot.number}, {fault(pivot)}. Before it the guarantee would have been kept without further "
            "faults, in whatever order the rest had happened"
        )
        after = f"; after it {lost}" if last is pivot and pivot.number < len(path.steps) else ""
        said.append(Said("What set it off", f"{text}{after}.", pivot.number))
    if last is not None and last is not pivot:
        which = f"step {last.number} ({words.clean(last.actor)}: {words.clean(last.action)})"
        text = f"After {which} {lost}."
        if last.number == len(path.steps):
            text = f"Not before {which}, the last one: until then some way on, without further faults, still keeps it."
        said.append(Said("Too late", text, last.number))
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
