"""The parts of a report that stand still: the ledger of a path, and the card that says what the answer covers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from checker.verdict import Ledger, LedgerEvent, PropertyResult, PropertyVerdict, Remedies, Result
from reports import remedies as report
from reports import why, words
from reports.html.markup import Markup, join, prose, tag

_SAID = {
    PropertyVerdict.HOLDS: ("holds", "good"),
    PropertyVerdict.VIOLATED: ("violated", "bad"),
    PropertyVerdict.REACHED: ("reached", "good"),
    PropertyVerdict.UNREACHED: ("never reached", "late"),
    PropertyVerdict.UNKNOWN: ("not decided", "late"),
}
_KINDS = {"always": "always", "sometimes": "reachable", "eventually": "eventually"}


# --- The ledger -----------------------------------------------------------------------------------------------------


def ledger(found: Ledger, number: int, reasons: Sequence[str]) -> Markup:
    """Rows are records, cells are events. A record that the verdict names is marked, in words too."""
    accused = [record for record in found.records if _is_named(record, reasons)]
    head = tag("tr", tag("th", "record", scope="col"), *(tag("th", name, scope="col") for name in found.columns))
    rows = []
    for record in found.records:
        badge = tag("span", "named in the verdict", class_="badge bad") if record in accused else None
        cells = [
            tag("td", _events(found, record, column, number), data_column=words.clean(column))
            for column in found.columns
        ]
        name = tag("th", tag("bdi", record), *([" ", badge] if badge else []), scope="row")
        rows.append(tag("tr", name, *cells, class_="accused" if badge else None))
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows), class_="ledger"), class_="wide")


def _events(found: Ledger, record: str, column: str, number: int) -> Markup:
    events = [one for one in found.events if (one.record, one.column) == (record, column)]
    if not events:
        return tag("span", "never", class_="never")
    return tag("ul", *(tag("li", *_event(one, number), data_event=one.step) for one in events))


def _event(event: LedgerEvent, number: int) -> list[Markup | str]:
    said = "from the start" if event.step == 0 else f"step {event.step}"
    link = tag("a", said, href=f"#path={number}&step={event.step}", class_="when", data_goto=event.step)
    return [link] if event.text in ("", said) else [event.text, " ", link]


def _is_named(record: str, reasons: Iterable[str]) -> bool:
    """As a whole word: ``order 1`` is not named where ``order 10`` is."""
    pattern = rf"(?<!\w){re.escape(record)}(?!\w)"
    return bool(record) and any(re.search(pattern, reason) for reason in reasons)


# --- What would have helped -----------------------------------------------------------------------------------------


def remedies(found: Remedies) -> Markup:
    """The changes that were tried and say something, a table for each kind of answer; then how many there were."""
    if found.broken is None:
        return tag("p", report.nothing_to_mend(found))
    parts = [join([tag("p", f"{lead}:"), _changes(lines)]) for lead, lines in report.groups(found)]
    if not found.kept:
        parts.insert(0, tag("p", report.none_kept(found)))
    besides = [*report.in_vain(found), report.coverage(found)]
    return join([*parts, *(tag("p", one, class_="coverage") for one in besides)])


def _changes(lines: Sequence[report.Line]) -> Markup:
    noted = any(one.note for one in lines)
    columns = ["setting", "now", "instead", *(["what happens then"] if noted else [])]
    head = tag("tr", *(tag("th", name, scope="col") for name in columns))
    rows = []
    for one in lines:
        cells = [("now", tag("code", one.now)), ("instead", tag("code", one.instead))]
        note = [tag("td", why.sentence(one.note), data_column=columns[-1])] if noted else []
        told = [tag("td", shown, data_column=column) for column, shown in cells]
        rows.append(tag("tr", tag("th", tag("code", one.key), scope="row"), *told, *note))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="changes")


# --- The card -------------------------------------------------------------------------------------------------------


def card(result: Result) -> Markup:
    parts = [
        ("Asked", _asked(result)),
        ("Faults allowed", _faults(result)),
        ("Bounds", _bounds(result.bounds)),
        ("Explored", _explored(result)),
        ("Settings", _settings(result)),
        ("Not modelled", _texts(result.not_modelled)),
        ("Settings overridden", _texts(result.overridden)),
        ("Actions that never ran", _codes(result.never_ran)),
        ("Conditions with one outcome only", _texts(result.one_sided, folded=True)),
    ]
    return join(tag("section", tag("h3", name), part, class_="fact") for name, part in parts if part is not None)


def _asked(result: Result) -> Markup | None:
    if not result.properties:
        return None
    rows = [_question(found) for found in result.properties]
    head = tag("tr", *(tag("th", name, scope="col") for name in ("guarantee", "answer", "what it means")))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="asked")


def _question(found: PropertyResult) -> Markup:
    said, look = _SAID[found.verdict]
    if found.name == "deadlock" and found.verdict is PropertyVerdict.HOLDS:
        said = "none found"  # "deadlock holds" would say the opposite.
    if found.steps is not None and found.verdict in (PropertyVerdict.VIOLATED, PropertyVerdict.REACHED):
        said += f" in {words.count(found.steps, 'step')}"
    name = join([tag("bdi", found.name), " ", tag("span", _KINDS.get(found.kind, found.kind), class_="kind")])
    return tag(
        "tr",
        tag("th", name, scope="row"),
        tag("td", tag("span", said, class_=f"badge {look}"), data_column="answer"),
        tag("td", prose(why.sentence(found.explanation)), data_column="what it means"),
    )


def _faults(result: Result) -> Markup:
    names = [*result.faults, *(name for name in result.fired if name not in result.faults)]
    if not names and not result.played:
        return tag("p", "None: every component runs, every message arrives.")
    head = tag("tr", *(tag("th", name, scope="col") for name in ("fault", "budget", "happened")))
    rows = [_fault(name, f"up to {words.clean(count)}", "played by the model") for name, count in result.played.items()]
    for name in names:
        budget = result.faults.get(name)
        times = "" if budget is None else "any number" if isinstance(budget, str) else f"up to {budget:,} a run"
        fired = result.fired.get(name, 0)
        happened = f"in {words.count(fired, 'transition')}" if fired else "never"
        rows.append(_fault(name, times, happened))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="faults")


def _fault(name: str, times: str, happened: str) -> Markup:
    return tag(
        "tr",
        tag("th", tag("bdi", name), scope="row"),
        tag("td", times, data_column="budget"),
        tag("td", happened, data_column="happened"),
    )


def _explored(result: Result) -> Markup:
    explored = result.explored
    stopped = "the search stopped at the violation" if why.broken(result) else "not complete"
    whole = "all visited" if explored.complete else stopped
    reach = (
        f"{words.count(explored.distinct_states, 'distinct state')}, "
        f"{words.count(explored.transitions, 'transition')}, {words.count(explored.depth, 'level')}: {whole}."
    )
    effort = [f"{name} {seconds:.2f} s" for name, seconds in result.seconds.items()]
    if result.memory_bytes >= 1_000_000:
        effort.append(f"{result.memory_bytes / 1e6:,.0f} MB")
    took = tag("p", f"{', '.join(effort)} ({result.engine} engine).") if effort else None
    return join([tag("p", reach), took])


def _bounds(bounds: Mapping[str, Any]) -> Markup | None:
    """What there is of each; what there is nothing of, on request."""
    none = [key for key, item in bounds.items() if item == 0 and not isinstance(item, bool)]
    some = _pairs((key, words.value(item)) for key, item in bounds.items() if key not in none)
    if not none:
        return some
    summary = tag("summary", f"none (0) of {len(none)} more")
    return join([some, tag("details", summary, _codes(none))])


def _settings(result: Result) -> Markup | None:
    """What the spec says; the defaults, which stand last, on request."""
    listed = why.settings(result)
    defaults = sum(origin.startswith("default") for _, _, origin in result.settings)
    given, rest = listed[: len(listed) - defaults], listed[len(listed) - defaults :]
    if not rest:
        return _pairs(given)
    return join([_pairs(given), tag("details", tag("summary", words.count(len(rest), "default")), _pairs(rest))])


def _pairs(pairs: Iterable[tuple[str, str]]) -> Markup | None:
    items = [tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs]
    return tag("dl", *items, class_="bounds") if items else None


def _texts(items: Sequence[str], *, folded: bool = False) -> Markup | None:
    if not items:
        return None
    listed = tag("ul", *(tag("li", prose(item)) for item in items))
    return tag("details", tag("summary", words.count(len(items), "condition")), listed) if folded else listed


def _codes(items: Sequence[str]) -> Markup | None:
    return tag("ul", *(tag("li", tag("code", item)) for item in items), class_="codes") if items else None
