"""What people call from Python, and what the command line itself calls.

``check`` explores a spec and answers with a ``Result``; its properties and paths tell and draw themselves. These
classes hold the plain data of ``checker.verdict`` (as ``data``) and know ``reports``, which it does not.

A spec, setting or actor that is wrong raises ``SourceError``, whose text has file, line and column of every mistake. A
wrong argument of a function here is a ``ValueError`` (``KeyError`` for a property that is not there).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, get_args

from checker.nearest import suggestion
from checker.options import Engine, Options, size_in_bytes
from checker.source import SourceError
from checker.verdict import Outcome, PathStep, PropertyResult, PropertyVerdict, Tried
from checker.verdict import Path as PathData
from checker.verdict import Remedies as RemediesData
from checker.verdict import Result as ResultData

if TYPE_CHECKING:
    from checker.spec_cache import Loaded
    from checker.spec_file import Expect, Limits, SpecFile

Settings = Mapping[str, object] | Iterable[str]  # {"faults.lose": 2}, or as on the command line: ["faults.lose=2"]


class Progress(Protocol):
    """Told several times a second how far a search has got."""

    def update(self, states: int, transitions: int, depth: int, queue: int, memory_bytes: int) -> None: ...


def load(spec: str | os.PathLike[str], *, set: Settings = ()) -> SpecFile:
    """Read and validate a spec file, with some of its values replaced; ``check`` and ``replay`` take what it returns.

    Raises ``SourceError`` with every mistake in it.
    """
    from checker import spec as spec_files

    return spec_files.load(os.fspath(spec), _overrides(set))


def check(
    spec: str | os.PathLike[str] | SpecFile,
    *,
    set: Settings = (),
    engine: Engine = "auto",
    workers: int | None = None,
    memory: int | str | None = None,
    seconds: float | None = None,
    states: int | None = None,
    keep_going: bool = False,
    witnesses: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Explore every reachable state of a spec: the guarantees hold within its bounds, or here is how not.

    ``set`` replaces values of the spec. ``engine``: "native" is machine code; "reference" runs the actors as plain
    Python, slowly, and breakpoints work; "auto" chooses; the answer is the same. ``workers`` is how many cores
    (default: all), ``memory`` a limit as "16G" or in bytes (default: 70 % of the machine), ``seconds`` and ``states``
    are limits too: beyond one, the verdict is "inconclusive". The spec's own limits count where none are given.
    ``keep_going``: after a violation, decide the other properties as well. ``witnesses``: find the path to every
    `sometimes` and explain every violation, whatever it costs, as a report does.

    Raises ``SourceError`` if the spec, its settings or its actors are wrong.
    """
    options = _options(engine, workers, memory, seconds, states, keep_going, witnesses)
    return check_with(spec, _overrides(set), options, progress)


def check_with(
    spec: str | os.PathLike[str] | SpecFile,
    overrides: tuple[str, ...] = (),
    options: Options | None = None,
    progress: Progress | None = None,
) -> Result:
    """``check`` for a caller that has its options together: the command line, and the processes it starts."""
    from checker import checking

    began = time.perf_counter()
    loaded, asked = _loaded(spec, overrides)
    ready = time.perf_counter()
    limited = (options or Options()).limited_by(loaded.spec.limits)
    found = checking.run(loaded.spec, limited, progress, built=loaded.built)
    found.seconds["load"] += ready - began
    return Result(found, asked)


def remedies(
    spec: str | os.PathLike[str],
    *,
    set: Settings = (),
    engine: Engine = "auto",
    workers: int | None = None,
    memory: int | str | None = None,
    seconds: float | None = None,
    states: int | None = None,
    progress: Progress | None = None,
) -> Remedies:
    """Which change of one setting, or of the version, would have kept the guarantee that a spec breaks.

    Each change is put into the spec as ``set`` would, and the whole spec is checked again; ``seconds`` and ``states``
    limit each of these checks. Raises ``SourceError`` if the spec is wrong, or has no settings: its actors are wired
    by hand.
    """
    from checker import remedy

    overrides = _overrides(set)
    options = _options(engine, workers, memory, seconds, states)
    loaded, _ = _loaded(spec, overrides)
    return Remedies(remedy.remedies(loaded.spec, overrides, options, progress))


def replay(spec: str | os.PathLike[str] | SpecFile, code: str, *, set: Settings = ()) -> Path:
    """The path that a replay code means, run step by step by the reference semantics.

    ``violations`` of it says what its last state violates. Raises ``SourceError`` for a wrong spec or code.
    """
    from checker import checking

    loaded, asked = _loaded(spec, _overrides(set))
    path, broken = checking.replay(loaded.spec, code, built=loaded.built)
    return Path(path, asked.title, asked.spec, tuple(broken), good=not broken, violations=tuple(broken))


@dataclass(frozen=True)
class Asked:
    """The question that a result answers."""

    spec: str
    title: str
    overrides: tuple[str, ...] | None  # None: asked with a loaded spec, whose own are not known here.
    expect: Expect | None
    limits: Limits
    loaded: SpecFile | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "loaded": None}  # Modules cannot be sent to another process.

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def again(self) -> SpecFile:
        """The spec, loaded once more if this result comes from another process."""
        from checker import spec as spec_files

        if self.loaded is not None:
            return self.loaded
        if self.overrides is None:
            raise ValueError(f"this result comes from another process, and {self.spec} was loaded there")
        return spec_files.load(self.spec, self.overrides)


# --- Answers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Path:
    """A path from an initial state: a counterexample, a witness, or what a replay code means.

    ``str(path)`` tells it step by step; ``len(path)`` and iteration are over its steps.
    """

    data: PathData
    title: str = ""
    spec: str = ""
    ending: tuple[str, ...] = ()  # The sentences under the last step of a picture.
    good: bool = False  # Whether that end is what somebody hoped for.
    answer: ResultData | None = field(default=None, repr=False)  # What it is a part of, with no other path in it.
    violations: tuple[str, ...] = ()  # Of a replay: what its last state violates, in sentences.

    @property
    def steps(self) -> tuple[PathStep, ...]:
        """Who did what, what was handled and sent, what changed."""
        return self.data.steps

    @property
    def states(self) -> tuple[dict[str, dict[str, str]], ...]:
        """Every state on the way, one more than steps: actor -> field -> value in words."""
        return self.data.states

    @property
    def values(self) -> tuple[dict[str, dict[str, Any]], ...]:
        """The states as plain data: numbers, lists, ``{"#set": [...]}``, ``{"#map": [[key, value], ...]}``."""
        return self.data.values

    @property
    def code(self) -> str:
        """The replay code: ``checker.replay(spec, code)`` is this path again."""
        return self.data.replay

    def __len__(self) -> int:
        return len(self.data.steps)

    def __bool__(self) -> bool:
        return True  # A path of no steps is one: an initial state can violate something.

    def __iter__(self) -> Iterator[PathStep]:
        return iter(self.data.steps)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        shows = f", {self.ending[0]}" if self.ending else ""
        return f"<Path of {len(self)} step{'s' * (len(self) != 1)}{shows}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        from reports.page import path_fragment

        return path_fragment(self.data, self.title, self.spec, self.ending, self.good)

    def to_text(self, *, color: bool = False, verbose: bool = False) -> str:
        """The steps as the terminal shows them."""
        from reports.text import render_path

        return render_path(self.data, color, verbose)

    def to_html(self) -> str:
        """A page that opens from a disk: the diagram, a slider over the steps, the state and the logs beside it.

        Of a replay, which answers no question, the picture and the steps in words.
        """
        if self.answer is None:
            from reports import page

            return page.page(self.title or self.spec, self._repr_html_())
        from reports import html

        return html.page(self.answer)

    def to_svg(self) -> str:
        """A sequence diagram: a lane an actor, an arrow a message, time downwards."""
        from reports.sequence import sequence_svg

        return sequence_svg(self.data, self.title, self.spec, self.ending, self.good)

    def to_mermaid(self) -> str:
        """A Mermaid sequence diagram, which GitHub renders in a ``mermaid`` block."""
        from reports.diagram import mermaid

        return mermaid(self.data, self.title, self.ending, self.good)

    def to_dot(self) -> str:
        """Graphviz: a node a step."""
        from reports.diagram import path_dot

        return path_dot(self.data, self.title, self.ending, self.good)

    def to_itf(self) -> str:
        """The states in the Informal Trace Format of Apalache and Quint."""
        from reports import itf

        return itf.dumps(self.data, self.spec)

    def to_csv(self) -> str:
        """The steps as a table (RFC 4180), a row a step."""
        from reports import csv

        return csv.dumps(self.data)

    def to_shiviz(self) -> str:
        """The steps with vector clocks, for ShiViz."""
        from reports import shiviz

        return shiviz.dumps(self.data)

    def to_json(self) -> str:
        """The steps as JSON, in the form of the paths of ``--json``."""
        from reports.json import path_document

        return json.dumps(path_document(self.data), indent=2) + "\n"


@dataclass(frozen=True)
class Property:
    """One property of a spec, and what was found."""

    data: PropertyResult
    answer: ResultData = field(repr=False)  # What it is a part of.

    @property
    def name(self) -> str:
        return self.data.name

    @property
    def kind(self) -> str:
        """Either "always" or "sometimes"."""
        return self.data.kind

    @property
    def verdict(self) -> str:
        """One of "holds", "violated", "reached", "unreached", and "unknown" if the search stopped before that."""
        return self.data.verdict.value

    @property
    def explanation(self) -> str:
        """What it means, in a sentence."""
        return self.data.explanation

    @property
    def reasons(self) -> tuple[str, ...]:
        """Of a violated guarantee: what is wrong in the last state of the path, in sentences."""
        return self.data.reasons

    @property
    def steps(self) -> int | None:
        """The length of a shortest path to it, where there is one."""
        return self.data.steps

    @property
    def path(self) -> Path | None:
        """A shortest counterexample of a guarantee, or the witness of a `sometimes`: the nearest way on which a fault
        happens, if one is near by, else a shortest. It may have more steps than ``steps``."""
        from reports.endings import ending, is_good

        if self.data.path is None:
            return None
        alone = replace(self.answer, properties=[self.data], problem_path=None)
        return Path(self.data.path, alone.title, alone.spec, ending(self.data), is_good(self.data), alone)

    def __repr__(self) -> str:
        return f"<Property {self.name}: {self.verdict}>"


@dataclass(frozen=True)
class Remedies:
    """What would have helped. Iteration and ``len`` are over the changes that keep every guarantee, the best first;
    each has ``key``, ``value`` (as ``set`` takes them) and ``now``. All that was tried is in ``data``.
    """

    data: RemediesData

    @property
    def broken(self) -> str | None:
        """The guarantee; None if nothing is broken."""
        return self.data.broken

    @property
    def kept(self) -> tuple[Tried, ...]:
        """The changes that keep every guarantee."""
        return tuple(self.data.kept)

    def __len__(self) -> int:
        return len(self.data.kept)

    def __bool__(self) -> bool:
        return bool(self.data.kept)

    def __iter__(self) -> Iterator[Tried]:
        return iter(self.data.kept)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Remedies for {self.broken or 'nothing'}: {len(self)}>"

    def to_text(self) -> str:
        """What ``python -m checker remedies`` prints."""
        from reports import remedies

        return remedies.render(self.data)

    def to_json(self) -> str:
        """The document of ``python -m checker remedies --json``."""
        from reports import remedies

        return json.dumps(remedies.document(self.data), indent=2) + "\n"


@dataclass(frozen=True)
class Result:
    """The answer to one spec.

    ``result["exactly_once"]`` is a property; ``result.path`` the first counterexample. In a notebook it shows itself.
    """

    data: ResultData
    asked: Asked

    @property
    def spec(self) -> str:
        return self.data.spec

    @property
    def title(self) -> str:
        return self.data.title

    @property
    def verdict(self) -> str:
        """One of "holds", "violated", "inconclusive" and "vacuous"."""
        return self.data.outcome.value

    @property
    def holds(self) -> bool:
        """Every state within the bounds was visited, every guarantee kept, and nothing promised was missing."""
        return self.data.outcome is Outcome.HOLDS

    @property
    def properties(self) -> list[Property]:
        """In the order of the spec; "deadlock" last, where it was asked for."""
        return [Property(one, self.data) for one in self.data.properties]

    def __getitem__(self, name: str) -> Property:
        """The property of that name; the name without its arguments does if only one has it."""
        every = self.properties
        found = [one for one in every if one.name == name]
        found = found or [one for one in every if one.name.partition("(")[0] == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise KeyError(f"{name} is the name of several: {', '.join(one.name for one in found)}")
        help = suggestion(name, [one.name for one in every], "it has")
        raise KeyError(f"{self.spec} has no property {name!r}: {help}")

    @property
    def path(self) -> Path | None:
        """The shortest counterexample (of a wrong model: the path to its error), else the first witness there is."""
        if self.data.problem_path is not None:
            ending = ("model error", self.data.problem)
            return Path(self.data.problem_path, self.title, self.spec, ending, answer=self.data)
        with_path = [one for one in self.properties if one.path is not None]
        with_path.sort(key=lambda one: (one.data.verdict is not PropertyVerdict.VIOLATED, one.steps or 0))
        return with_path[0].path if with_path else None

    @property
    def states(self) -> int:
        """Distinct states that were explored."""
        return self.data.explored.distinct_states

    @property
    def expect(self) -> Expect | None:
        """What the spec expected."""
        return self.asked.expect

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Result {self.spec}: {self.verdict}>"

    def _repr_html_(self) -> str:
        """For notebooks: what the terminal shows, and the first path as a picture."""
        from reports.page import result_fragment

        shown = self.path if self.data.outcome is Outcome.VIOLATED else None
        return "\n".join([result_fragment(self.data), *([shown._repr_html_()] if shown is not None else [])])

    def to_text(self, *, color: bool = False, verbose: bool = False) -> str:
        """What the terminal shows."""
        from reports.text import render

        return render(self.data, color, verbose)

    def to_json(self) -> str:
        """The document of ``--json``."""
        from reports.json import document, dumps

        return dumps(document(self.data))

    def to_html(self) -> str:
        """The report as one page that opens from a disk, with every path: what ``--report`` writes."""
        from reports import html

        return html.page(self.data)

    def remedies(
        self,
        *,
        engine: Engine = "auto",
        workers: int | None = None,
        memory: int | str | None = None,
        seconds: float | None = None,
        states: int | None = None,
        progress: Progress | None = None,
    ) -> Remedies:
        """As ``checker.remedies`` of this very question. From then on the text, the JSON and the page of this result
        tell of them too.

        Raises ``ValueError`` for the answer to a spec that came from ``load``: what it was loaded with is not known.
        """
        return self.remedies_with(_options(engine, workers, memory, seconds, states), progress)

    def remedies_with(
        self, options: Options, progress: Progress | None = None, step: Callable[[int, int, str], None] | None = None
    ) -> Remedies:
        """``remedies`` for a caller that has its options together. ``step`` is told of each change before it is tried:
        how many there were, of how many, and the next."""
        from checker import remedy

        if self.asked.overrides is None:
            raise ValueError(f"what {self.spec} was loaded with is not known here: checker.remedies(path, set=...)")
        first = self.data if self.data.outcome is Outcome.VIOLATED else None
        found = remedy.remedies(self.asked.again(), self.asked.overrides, options, progress, step, first)
        self.data.remedies = found
        return Remedies(found)

    def graph(
        self,
        group_by: str | Iterable[str] = (),
        *,
        nodes: int | None = None,
        states: int | None = None,
        engine: Engine = "auto",
    ) -> Any:
        """The state graph as a ``networkx.MultiDiGraph``; ``checker.state_graph`` lists its attributes.

        ``group_by``: one node for all states that agree in these fields (``"broker.leader"``, or a list of such).
        ``nodes``: at most so many, those nearest to the path; one of them stands for all the rest. ``states`` bounds
        the exploration. Whether it was cut short is in ``graph.graph["complete"]``. Of a violated spec too, the graph
        goes on behind the violation.

        Raises ``SourceError`` for a field that is not there, ``ValueError`` for a graph without grouping and without
        ``nodes`` of more than 100,000 states (or ``states``).
        """
        from checker.state_graph import SINGLE_STATES_MAX, state_graph

        if nodes is not None and nodes < 2:
            raise ValueError(f"nodes is {nodes}: at least 2, one of which stands for the rest")
        limit = states or SINGLE_STATES_MAX

        def too_many(found: int) -> None:
            if found > limit:
                raise ValueError(f"{self.spec} has more than {limit:,} states: give group_by, nodes, or states")

        options = _options(engine, None, None, None, states)
        names = tuple(group_by.split(",")) if isinstance(group_by, str) and group_by else tuple(group_by)
        return state_graph(
            self.asked.again(),
            group_by=names,
            nodes_max=nodes,
            shown=self.shown,
            options=options,
            too_many=too_many,
        )

    def shown(self) -> list[Any]:
        """The paths that a state graph shows, the one to highlight first."""
        from checker.state_graph import Shown

        found = []
        for one in self.properties:
            if one.path is not None:
                bad = one.data.verdict is PropertyVerdict.VIOLATED
                what = f"{'counterexample' if bad else 'witness'} of {one.name}"
                found.append((not bad, one.steps or 0, Shown(what, one.path.code)))
        if self.data.problem_path is not None:
            found.append((False, 0, Shown("counterexample of the model itself", self.data.problem_path.replay)))
        bad_first = sorted(found, key=lambda entry: entry[:1] if entry[0] else entry[:2])
        return [shown for _, _, shown in bad_first]


# --- Arguments ------------------------------------------------------------------------------------------------------


def _loaded(spec: str | os.PathLike[str] | SpecFile, overrides: tuple[str, ...]) -> tuple[Loaded, Asked]:
    from checker import spec_cache
    from checker.spec_file import SpecFile

    if not isinstance(spec, SpecFile):
        loaded = spec_cache.load(os.fspath(spec), overrides)
    elif overrides:
        raise ValueError("`set` goes to `load`: a spec that is loaded does not change")
    else:
        loaded = spec_cache.built(spec)
    read = loaded.spec
    known = overrides if read is not spec else None
    return loaded, Asked(read.path, read.title, known, read.expect, read.limits, read)


def _overrides(set: Settings) -> tuple[str, ...]:
    """As on the command line. A value that is not text is written as YAML, of which JSON is a part."""
    if isinstance(set, Mapping):
        return tuple(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in set.items())
    if isinstance(set, str):
        raise ValueError(f"`set` is a mapping or a list of `key=value`, not a text; write [{set!r}]")
    return tuple(set)


def _options(
    engine: Engine,
    workers: int | None,
    memory: int | str | None,
    seconds: float | None,
    states: int | None,
    keep_going: bool = False,
    witnesses: bool = False,
) -> Options:
    if engine not in get_args(Engine):
        raise ValueError(f"there is no engine {engine!r}: {suggestion(engine, get_args(Engine), 'engines')}")
    for name, value in (("workers", workers), ("seconds", seconds), ("states", states)):
        if value is not None and value <= 0:
            raise ValueError(f"{name} is {value}; it is a number above 0")
    size = size_in_bytes(str(memory)) if memory is not None else None
    return Options(engine, workers, size, seconds, states, keep_going, witnesses)


__all__ = [
    "Asked", "Path", "Progress", "Property", "Remedies", "Result", "SourceError", "check", "check_with", "load",
    "remedies", "replay",
]  # fmt: skip
