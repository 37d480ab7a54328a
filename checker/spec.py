"""Spec files: YAML in, a ``SpecFile`` out, or every mistake in the file at once, each at its line.

What is decided here: the shape of the file, constants and counts, names of actors in faults and links, contradictions
in ``expect``. What is not: class names, wiring and predicate names, which need the model's types; the stages that
judge those point back into the file with ``SpecFile.place``.
"""

from __future__ import annotations

import copy
import importlib
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError, create_model

from checker import spec_forms as forms
from checker import spec_overrides, yaml_document
from checker.expressions import evaluate, names_in
from checker.form_errors import diagnostics_of, known_keys
from checker.model_import import import_model, import_pipeline
from checker.nearest import shown, suggestion
from checker.source import Diagnostic, Place, SourceError
from checker.spec_file import (
    FAULT_KINDS,
    ActorEntry,
    Budget,
    Check,
    Expect,
    Limits,
    LinkRule,
    Network,
    PredicateUse,
    Setting,
    SpecFile,
)
from checker.spec_overrides import Override
from checker.yaml_document import Key, KeyPath, YamlDocument


class Pipeline(Protocol):
    """What ``pipeline.py`` of a model package provides: the user's own words, and what they mean as a wired spec.

    The keys that every spec has (title, follows, fixed, model, expect, limits, and deadlock unless ``Document`` has it)
    never reach it. What ``expand`` returns may have two keys more than the wired form: ``module``, where classes and
    predicates are looked up if that is not the model itself, and ``origins``, a mapping from a path in what it returns
    to the path of the user's words that it came from, so that later stages report errors there.

    A ``summary`` of the words is optional: a few sentences for the head of a report.
    """

    Document: type[BaseModel]

    def expand(self, document: Any, place: Callable[[Sequence[Key]], Place], /) -> dict[str, Any]: ...

    def effective_settings(self, document: Any, /) -> Iterable[Sequence[object]]:
        """Name, value and origin of each setting; fourthly, where there is one, the rule that decided; fifthly what it
        means, if it is a word of the spec and of nobody else."""

    def variations(self, document: Any, /) -> Iterable[Sequence[Any]]:
        """What can be set otherwise, small changes first: where, what holds now, another value. Some may be refused.
        Fourthly, where there is one, its price: a rank (0: the defect is mended; 1: it costs nothing; the more the
        greater; ``checker.remedy.HOLLOW``: less happens), and a clause that says what is given up.

        Two more that a pipeline may have: ``promises(document)``, the predicates by which a change is weighed, as they
        stand under `always` and under `sometimes`; ``unjudged(document)``, settings of which the model cannot tell one
        value from another: where, what holds now, why not.
        """


# --- Loading --------------------------------------------------------------------------------------------------------


def load(path: str, overrides: Sequence[str] = ()) -> SpecFile:
    """Read, override, validate. Raises one ``SourceError`` with every mistake found."""
    document = yaml_document.read_file(str(path))
    return _Loader(document).load(overrides)


def words_of(spec: SpecFile) -> tuple[Pipeline, Any]:
    """The translator of a spec in the pipeline form, and the user's words as it understands them."""
    assert spec.pipeline is not None
    pipeline = cast(Pipeline, importlib.import_module(spec.pipeline))
    return pipeline, pipeline.Document.model_validate(_parts(spec.document, pipeline)[1])


def _plain(document: YamlDocument) -> dict[str, Any]:
    data: dict[str, Any] = document.root.plain()
    version = document.find(("version",))
    if version is not None and isinstance(version.value, int | float):
        data["version"] = version.text  # `version: 3.10` means what it says, not 3.1.
    return data


def _shared_keys(pipeline: Pipeline) -> set[str]:
    return {*forms.CommonForm.model_fields, "deadlock"} - (known_keys(pipeline.Document, ()) or set())


def _parts(document: YamlDocument, pipeline: Pipeline) -> tuple[dict[str, Any], dict[str, Any]]:
    """What every spec has, which stays here; the words of the pipeline."""
    shared, data = _shared_keys(pipeline), _plain(document)
    common = {key: value for key, value in data.items() if key in shared}
    return common, {key: value for key, value in data.items() if key not in shared}


class _Loader:
    """Gathers diagnostics on the way; a stage that cannot say anything sensible is skipped, not run on rubble."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.diagnostics = document.diagnostics
        self.module: types.ModuleType | None = None
        self.pipeline: Pipeline | None = None

    def load(self, overrides: Sequence[str]) -> SpecFile:
        every = spec_overrides.numbered(overrides)
        self.override(one for one in every if one.key == "model")
        self.import_model()
        self.override(one for one in every if one.key != "model")
        if self.pipeline is not None:
            spec = self.load_pipeline(self.pipeline)
        elif self.module is not None or self.document.find(("actors",)) is not None:
            spec = self.load_wired(_plain(self.document), {})
        else:  # Which of the two forms it is cannot be known: judge what they share.
            data = _plain(self.document)
            self.validated(forms.CommonForm, {key: data[key] for key in forms.CommonForm.model_fields if key in data})
            spec = None
        if self.diagnostics or spec is None:
            # A number that is too large was read as 0; what else there is to say about that 0 is nobody's mistake.
            beyond = {one.place for one in self.diagnostics if one.slug == "number-too-large"}
            found = [one for one in self.diagnostics if one.slug == "number-too-large" or one.place not in beyond]
            raise SourceError(list(dict.fromkeys(found)))
        return replace(spec, overrides=tuple(overrides), about=yaml_document.head_comment(self.document.text))

    def collect(self, error: SourceError) -> None:
        self.diagnostics += error.diagnostics

    def override(self, overrides: Iterable[Override]) -> None:
        for one in overrides:
            try:
                one.apply(self.document, self.form())
            except SourceError as error:
                self.collect(error)

    def form(self) -> type[BaseModel]:
        return forms.WiredForm if self.pipeline is None else self.pipeline.Document

    def import_model(self) -> None:
        node = self.document.find(("model",))
        if node is None or not isinstance(node.value, str) or not node.value.strip():
            return
        try:
            self.module = import_model(node.value, self.document.file, node.place)
            self.pipeline = cast(Pipeline | None, import_pipeline(self.module, node.place))
        except SourceError as error:
            self.collect(error)

    def load_pipeline(self, pipeline: Pipeline) -> SpecFile | None:
        """The model's words: it validates and translates them; the keys that every spec has stay here."""
        common, rest = _parts(self.document, pipeline)
        self.validated(forms.CommonForm, {key: value for key, value in common.items() if key != "deadlock"})
        try:
            words = pipeline.Document.model_validate(rest)
        except ValidationError as error:
            self.diagnostics += diagnostics_of(error, self.document, _with_shared(pipeline))
            return None
        try:
            wired = dict(pipeline.expand(words, self.document.place))
        except SourceError as error:
            self.collect(error)
            return None
        origins = {tuple(key): tuple(value) for key, value in dict(wired.pop("origins", {})).items()}
        if "module" in wired:
            self.module = importlib.import_module(wired.pop("module"))
        spec = self.load_wired({**wired, **common}, origins)
        if spec is None:
            return None
        settings = tuple(Setting(*map(str, one)) for one in pipeline.effective_settings(words))
        return replace(
            spec,
            pipeline=cast(types.ModuleType, pipeline).__name__,
            fault_meanings=_fault_meanings(pipeline),
            summary=getattr(pipeline, "summary", lambda _: "")(words),
            settings=settings,
            origins=origins,
        )

    def load_wired(self, data: dict[str, Any], origins: Mapping[KeyPath, KeyPath]) -> SpecFile | None:
        form = self.validated(forms.WiredForm, data)
        if form is None:
            return None
        meaning = _Meaning(self.document, data, form, self.diagnostics, origins)
        return meaning.spec_file(self.module or types.ModuleType("missing"))

    def validated(self, form: type[BaseModel], data: dict[str, Any]) -> Any:
        """The form, with what is wrong reported and taken out, so that the rest can still be judged."""
        data = copy.deepcopy(data)
        for attempt in range(8):
            try:
                return form.model_validate(data)
            except ValidationError as error:
                found = diagnostics_of(error, self.document, form)
                # Later rounds only find what the taking out has caused, which is no news to anybody.
                self.diagnostics += found if attempt == 0 else []
                if not _take_out(data, error):
                    return None
        return None


def _fault_meanings(pipeline: Pipeline) -> dict[str, str]:
    """What each fault of the pipeline is: its form says how often something happens (and by what it may be given)."""
    faults = pipeline.Document.model_fields.get("faults")
    form = None if faults is None else faults.annotation
    known = form.model_fields if isinstance(form, type) and issubclass(form, BaseModel) else {}
    often = "How often "
    return {
        name: one.description.removeprefix(often).split(":")[0].split(", by ")[0].rstrip(".")
        for name, one in known.items()
        if one.description is not None and one.description.startswith(often)
    }


_PLACEHOLDERS: dict[str, Any] = {"title": "-", "model": "-", "check": {}, "actors": {"a": {"is": "A"}}}


def _take_out(data: dict[str, Any], error: ValidationError) -> bool:
    """Remove each offending value from the data; ``False`` if one cannot be."""
    for one in error.errors(include_url=False, include_context=False):
        location = tuple(one["loc"])
        if one["type"] == "missing" and len(location) == 1 and location[0] in _PLACEHOLDERS:
            data[str(location[0])] = copy.deepcopy(_PLACEHOLDERS[str(location[0])])
            continue
        if not _remove(data, location):
            return False
    return True


def _remove(data: Any, location: Sequence[Key]) -> bool:
    """Take out the innermost value of a location. A list item leaves a name behind: the others keep their index."""
    take_out: Callable[[], object] | None = None
    for key in location:
        if isinstance(data, dict) and key in data:
            take_out, data = partial(data.pop, key), data[key]
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            stand_in = f"removed_{key}"
            again = data[key] == stand_in
            take_out = partial(data.pop, key) if again else partial(data.__setitem__, key, stand_in)
            data = data[key]
    if take_out is None:
        return False
    take_out()
    return True


def _with_shared(pipeline: Pipeline) -> type[BaseModel]:
    """The pipeline's form with the shared keys added, for suggestions only."""
    fields: Any = dict.fromkeys(_shared_keys(pipeline), (Any, None))
    return create_model(pipeline.Document.__name__, __base__=pipeline.Document, **fields)


# --- Meaning --------------------------------------------------------------------------------------------------------


class _Meaning:
    """What the parts of a well-shaped file say about each other."""

    def __init__(
        self,
        document: YamlDocument,
        data: dict[str, Any],
        form: forms.WiredForm,
        diagnostics: list[Diagnostic],
        origins: Mapping[KeyPath, KeyPath],
    ) -> None:
        self.document = document
        self.form = form
        self.diagnostics = diagnostics
        self.origins = origins
        self.constants: dict[str, int] = {}
        # Names as written, also of what was taken out: one mistake must not be reported again wherever it is used.
        self.constant_names = _keys(data, "constants")
        self.actor_names = _keys(data, "actors")
        given = data.get("check")
        self.checked: dict[str, Any] = given if isinstance(given, dict) else {"not a mapping": "reported already"}

    def spec_file(self, module: types.ModuleType) -> SpecFile:
        form = self.form
        self.read_constants()
        actors = {name: self.actor(name, one) for name, one in form.actors.items()}
        self.check_names(actors)
        return SpecFile(
            path=self.document.file,
            title=form.title.strip(),
            follows=form.follows,
            fixed=self.fixed(),
            version=form.version,
            model=form.model,
            module=module,
            constants=self.constants,
            actors=actors,
            network=self.network(),
            faults=self.faults(),
            check=self.check(),
            deadlock=form.deadlock,
            expect=self.expect(),
            limits=Limits() if form.limits is None else _limits(form.limits),
            not_modelled=tuple(form.not_modelled),
            bounds=dict(form.bounds),
            document=self.document,
            origins=self.origins,
        )

    def fixed(self) -> str | None:
        if self.form.fixed is None:
            return None
        found = os.path.join(os.path.dirname(self.document.file), self.form.fixed)
        if not os.path.isfile(found):
            self.report("no-such-spec", f"there is no file {shown(found)}", ("fixed",), "a path relative to this file")
        return os.path.normpath(found)

    def report(self, slug: str, message: str, path: KeyPath, help: str = "", *, key: bool = False) -> None:
        known = next((self.origins[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.origins), path)
        place = self.document.key_place(known) if key else self.document.place(known)
        self.diagnostics.append(Diagnostic(slug, message, place, help=help))

    def number(self, text: int | str, path: KeyPath, low: int, high: int) -> int:
        """An expression over the constants; the lowest value allowed stands in for one that is wrong."""
        try:
            value = evaluate(text, self.constants, self.document.place(path))
        except SourceError as error:
            unread = self.constant_names - self.constants.keys()
            self.diagnostics += [] if names_in(text) & unread else error.diagnostics
            return low
        if low <= value <= high:
            return value
        given = "" if isinstance(text, int) else f" ({text})"
        slug = "negative-number" if value < 0 else "out-of-range"
        self.report(slug, f"{shown(str(path[-1]))} is {value}{given}; it lies between {low} and {high}", path)
        return low

    def read_constants(self) -> None:
        for name, text in self.form.constants.items():
            path = ("constants", name)
            later = names_in(text) & (self.form.constants.keys() - self.constants.keys())
            unread = later & self.constant_names
            place = self.document.place(path)
            try:
                self.constants[name] = evaluate(text, self.constants, place)
            except SourceError as error:
                if not unread:
                    self.diagnostics += error.diagnostics
                    continue
                for one in sorted(unread & set(_after(self.form.constants, name))):
                    where = "is this constant itself" if one == name else "is defined further down"
                    self.report("constant-order", f"{shown(one)} {where}", path, "a constant may use those above it")

    def actor(self, name: str, form: forms.ActorForm) -> ActorEntry:
        path = ("actors", name, "count")
        count = None if form.count is None else self.number(form.count, path, 1, forms.COUNT_MAX)
        return ActorEntry(name, form.is_, count, dict(form.model_extra or {}))

    def check_names(self, actors: Mapping[str, ActorEntry]) -> None:
        """A word in the wiring must mean one thing."""
        owners: dict[str, str] = {}
        for name, entry in actors.items():
            if name in self.constant_names:
                self.report("name-twice", f"{shown(name)} is a constant and an actor", ("actors", name), key=True)
            for instance in entry.instances:
                other = owners.setdefault(instance, name)
                if other != name:
                    message = f"there would be two actors {shown(instance)}, from {shown(other)} and {shown(name)}"
                    self.report("name-twice", message, ("actors", name), "rename one of them", key=True)
                    break

    def network(self) -> Network:
        form = self.form.network
        if isinstance(form, str):
            return Network(kind=form)
        capacity = self.number(form.capacity, ("network", "capacity"), 1, forms.COUNT_MAX)
        links = tuple(self.link(one, ("network", "links", index)) for index, one in enumerate(form.links))
        return Network(form.kind, capacity, form.when_full, links)

    def link(self, form: forms.LinkForm, path: KeyPath) -> LinkRule:
        for key, name in (("to", form.to), ("from", form.from_)):
            if name is not None and not self.is_actor(name):
                self.unknown_actor(name, (*path, key))
        if form.to is None and form.from_ is None:
            self.report("link-for-nobody", "this link names neither `to` nor `from`", path, "say whose link it is")
        if (form.kind, form.capacity, form.when_full, form.reliable) == (None, None, None, None):
            help = "give `kind`, `capacity`, `when_full` or `reliable`"
            self.report("link-says-nothing", "this link changes nothing", path, help)
        capacity = None
        if form.capacity is not None:
            capacity = self.number(form.capacity, (*path, "capacity"), 1, forms.COUNT_MAX)
        return LinkRule(form.to, form.from_, form.kind, capacity, form.when_full, form.reliable)

    def is_actor(self, name: str) -> bool:
        if name in self.actor_names:
            return True
        if any(_numbered(one, name) for one in self.actor_names):
            return True
        group, dash, number = name.rpartition("-")
        entry = self.form.actors.get(group)
        if not dash or entry is None or not number.isdecimal():
            return False
        # A count that could not be read has its own error; do not add one for each use.
        counts = [one for one in (entry.count,) if one is not None]
        try:
            return any(1 <= int(number) <= evaluate(one, self.constants) for one in counts)
        except SourceError:
            return True

    def unknown_actor(self, name: str, path: KeyPath, *, key: bool = False) -> None:
        help = suggestion(name, sorted(self.actor_names), "actors")
        self.report("unknown-actor", f"there is no actor {shown(name)}", path, help, key=key)

    def faults(self) -> dict[str, Budget | dict[str, Budget]]:
        budgets: dict[str, Budget | dict[str, Budget]] = {}
        for kind in FAULT_KINDS:
            given = getattr(self.form.faults, kind)
            if not isinstance(given, dict):
                budgets[kind] = given
                continue
            for target in given:
                if kind in forms.ACTOR_FAULTS and not self.is_actor(target):
                    self.unknown_actor(target, ("faults", kind, target), key=True)
                elif kind not in forms.ACTOR_FAULTS and self.is_actor(target):
                    help = f"targets of `{kind}` are message types, for example `{kind}: {{Request: 1}}`"
                    message = f"{shown(target)} is an actor, not a message"
                    self.report("fault-target", message, ("faults", kind, target), help, key=True)
            budgets[kind] = {target: budget for target, budget in given.items() if budget != 0}
        return {kind: budget for kind, budget in budgets.items() if budget not in (0, {})}

    def check(self) -> Check:
        parts = {part: self.predicates(part) for part in ("always", "sometimes", "final")}
        if not any(self.checked.values()) and "deadlock" not in self.form.model_fields_set:
            help = "list a predicate, or write `deadlock: report` if deadlocks are the question"
            self.report("nothing-to-check", "`check` lists no predicate", ("check",), help, key=True)
        return Check(**parts)

    def predicates(self, part: str) -> tuple[PredicateUse, ...]:
        uses: dict[str, PredicateUse] = {}
        for index, item in enumerate(getattr(self.form.check, part)):
            use = self.predicate(item, ("check", part, index))
            if use.label in uses:
                self.report("checked-twice", f"{shown(use.label)} is listed twice", ("check", part, index))
            uses[use.label] = use
        return tuple(uses.values())

    def predicate(self, item: str | dict[str, Any], path: KeyPath) -> PredicateUse:
        if isinstance(item, str):
            return PredicateUse(item)
        [(name, arguments)] = item.items()
        if isinstance(arguments, dict):
            return PredicateUse(name, dict(arguments))
        message = f"the arguments of {shown(name)} have no names"
        self.report("predicate-arguments", message, (*path, name), f"write `{name}: {{parameter: value}}`")
        return PredicateUse(name)

    def expect(self) -> Expect | None:
        form = self.form.expect
        if form is None:
            return None
        given = form.model_dump(exclude_none=True)
        counts = ("distinct_states", "transitions", "depth")
        for key in given.keys() - {"verdict"}:
            help = ""
            if form.verdict != "violated" and key in ("violates", "steps"):
                help = "only `verdict: violated` has a counterexample"
            elif form.verdict == "violated" and key in counts:
                help = "how much is explored before a violation depends on the engine; pin `violates` and `steps`"
            elif form.verdict == "inconclusive" and key in counts:
                help = "how far an exploration gets before a limit differs from run to run"
            if help:
                message = f"{shown(key)} cannot be expected of `verdict: {form.verdict}`"
                self.report("expect-contradiction", message, ("expect", key), help, key=True)
        if form.verdict == "violated" and form.violates is None:
            help = "name the predicate, or `deadlock`"
            self.report("expect-incomplete", "which predicate is violated is not said", ("expect",), help)
        return Expect(**given)


def _numbered(actor: str, name: str) -> bool:
    """``payer-2`` is one of the actors that ``payer`` means together."""
    group, _, number = actor.rpartition("-")
    return group == name and number.isdecimal()


def _keys(data: Mapping[str, Any], key: str) -> set[str]:
    inner = data.get(key)
    return set(inner) if isinstance(inner, dict) else set()


def _after(constants: Mapping[str, Any], name: str) -> list[str]:
    """The constant itself and those below it."""
    names = list(constants)
    return names[names.index(name) :]


def _limits(form: forms.LimitsForm) -> Limits:
    return Limits(form.states, form.seconds, form.memory)
