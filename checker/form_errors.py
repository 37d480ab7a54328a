"""pydantic's findings in the user's words: each becomes a diagnostic at the key or value it is about."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from checker.nearest import described, listed, nearest, shown, suggestion
from checker.source import Diagnostic
from checker.yaml_document import Key, KeyPath, YamlDocument

# What people write for what is called something else here; difflib would find none of these.
SYNONYMS = {
    "drop": "lose", "loss": "lose", "lost": "lose", "omit": "lose", "dup": "duplicate", "repeat": "duplicate",
    "zombie": "pause", "freeze": "pause", "kill": "crash", "fail": "crash", "late": "delay",
    "unordered": "bag", "ordered": "fifo", "queue": "fifo", "multiset": "bag",
    "name": "title", "description": "title", "module": "model", "invariants": "always", "invariant": "always",
    "reachable": "sometimes", "class": "is", "type": "is", "terminal": "final", "properties": "check",
    "pass": "holds", "passes": "holds", "ok": "holds", "fails": "violated", "states": "distinct_states",
    "generated": "transitions", "property": "violates", "length": "steps", "block": "wait", "params": "constants",
}  # fmt: skip

EXPLAINED = {
    "restart": "a crashed actor may restart at any time; give a budget for `crash` only",
    "resume": "a paused actor may go on at any time; give a budget for `pause` only",
    "reorder": "messages that overtake each other are a kind of network: `network: bag`",
    "eventually": "liveness cannot be checked; `sometimes` asks whether it is possible at all",
    "<<": "merge keys belong to YAML 1.1; write the keys out",
}

MISSING_HELP = {
    "title": "`title: ...` says in a few words what is claimed",
    "model": "`model: textbook.two_phase_commit` names a module below model/; `model: ./mine.py` a file",
    "check": "`check: {always: [name of a predicate]}` says what must hold",
    "actors": "`actors: {name: {is: ClassName}}` says who takes part",
    "is": "`is: ClassName` names the actor's class",
    "verdict": "`verdict:` holds, violated, inconclusive or vacuous",
}

EXPECTED_TYPES = {
    "string_type": "a text", "int_type": "a whole number", "int_from_float": "a whole number",
    "int_parsing": "a whole number", "float_type": "a number", "float_parsing": "a number",
    "bool_type": "true or false", "bool_parsing": "true or false",
    "dict_type": "a mapping", "model_type": "a mapping", "model_attributes_type": "a mapping",
    "list_type": "a list", "tuple_type": "a list", "set_type": "a list", "none_required": "nothing",
}  # fmt: skip


def diagnostics_of(error: ValidationError, document: YamlDocument, form: type[BaseModel]) -> list[Diagnostic]:
    """Every finding once, at its place in the file."""
    found = (_diagnostic(one, document, form) for one in error.errors(include_url=False))
    return list(dict.fromkeys(found))


def path_in(document: YamlDocument, location: Iterable[Key]) -> KeyPath:
    """The keys of a pydantic location that exist in the file; it also names alternatives, which do not."""
    path: KeyPath = ()
    for key in location:
        if document.find((*path, key)) is not None:
            path = (*path, key)
    return path


def _diagnostic(one: Any, document: YamlDocument, form: type[BaseModel]) -> Diagnostic:
    kind, location, value = one["type"], tuple(one["loc"]), one.get("input")
    context: Mapping[str, Any] = one.get("ctx") or {}
    path = path_in(document, location)
    if kind == "missing":
        return _missing(str(location[-1]), path, document)
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return _unknown_key(str(location[-1]), path, document, known_keys(form, location[:-1]) or set())
    if location and location[-1] == "[key]":
        path, place = path_in(document, location[:-1]), document.key_place(path_in(document, location[:-1]))
    else:
        place = document.place(path)
    about = shown(str(path[-1])) if path and not str(path[-1]).isdecimal() else "this"
    slug, message, help = _words(kind, one, value, context, about)
    return Diagnostic(slug, message, place, help=help)


def _words(kind: str, one: Any, value: Any, context: Mapping[str, Any], about: str) -> tuple[str, str, str]:
    """Slug, message and help of one finding."""
    if "message" in context:  # One of our own validators.
        return kind, str(context["message"]), str(context.get("help", ""))
    if kind in EXPECTED_TYPES:
        return _wrong_type(kind, value, about)
    match kind:
        case "literal_error" | "enum":
            expected = _alternatives(str(context.get("expected", "")))
            if expected == ["unlimited"]:
                return "unknown-budget", f"{about} cannot be {_value(value)}", "a number, or `unlimited`"
            return "unknown-value", f"{about} cannot be {_value(value)}", _choices(value, expected)
        case "greater_than_equal" if value is not None and context.get("ge") == 0:
            return "negative-number", f"{about} is {value}; it cannot be less than 0", ""
        case "greater_than_equal" | "greater_than":
            return "out-of-range", f"{about} is {value}, too small", f"at least {context.get('ge', context.get('gt'))}"
        case "less_than_equal" | "less_than":
            return "out-of-range", f"{about} is {value}, too large", f"at most {context.get('le', context.get('lt'))}"
        case "too_short" | "string_too_short":
            return "empty", f"{about} is empty", ""
        case "value_error":
            return "setting", str(context.get("error", one["msg"])), ""
        case _:
            return "setting", f"{about}: {one['msg'][:1].lower()}{one['msg'][1:]}", str(context.get("help", ""))


def _value(value: Any) -> str:
    return shown(value) if isinstance(value, str) and value else described(value)


def _wrong_type(kind: str, value: Any, about: str) -> tuple[str, str, str]:
    expected, help = EXPECTED_TYPES[kind], ""
    if expected == "true or false" and str(value).lower() in ("yes", "no", "on", "off"):
        help = "in YAML 1.2, `yes`, `no`, `on` and `off` are texts; write true or false"
    elif expected == "a text" and isinstance(value, int | float):
        help = f'write it in quotes: "{value}"'
    elif expected == "a list" and isinstance(value, str):
        help = f"write `[{value[:40]}]`"
    return "wrong-type", f"{about} is {described(value)}; here belongs {expected}", help


def _missing(key: str, path: KeyPath, document: YamlDocument) -> Diagnostic:
    where = f" in {shown(str(path[-1]))}" if path else ""
    place = document.place(path) if path else document.root.place
    return Diagnostic("missing-key", f"`{key}` is missing{where}", place, help=MISSING_HELP.get(key, ""))


def _unknown_key(key: str, path: KeyPath, document: YamlDocument, known: set[str]) -> Diagnostic:
    parents = [one for one in path[:-1] if not str(one).isdecimal()]
    where = f" in {shown(str(parents[-1]))}" if parents else ""
    return Diagnostic(
        "unknown-key",
        f"there is no key {shown(key)}{where}",
        document.key_place(path),
        help=_choices(key, sorted(known)),
    )


def _choices(given: Any, known: list[str]) -> str:
    word = str(given)
    if word in EXPLAINED:
        return EXPLAINED[word]
    if SYNONYMS.get(word.lower()) in known and nearest(word, known) is None:
        return f"here that is called `{SYNONYMS[word.lower()]}`"
    return suggestion(word, known, "possible here") if isinstance(given, str) else f"possible here: {listed(known)}"


def _alternatives(expected: str) -> list[str]:
    """``'a', 'b' or 'c'``, as pydantic writes the values of a Literal."""
    return [one.strip().strip("'") for one in expected.replace(" or ", ", ").split(", ")]


def known_keys(form: Any, location: Iterable[Key]) -> set[str] | None:
    """The keys that may stand at a location of a form; ``None`` where names are free."""
    candidates = [form]
    for key in location:
        candidates = [inner for one in candidates for inner in _below(one, key)]
    keys: set[str] = set()
    free = False
    for one in _leaves(candidates):
        if isinstance(one, type) and issubclass(one, BaseModel):
            keys |= {field.alias or name for name, field in one.model_fields.items()}
            free = free or one.model_config.get("extra") == "allow"
        free = free or get_origin(one) is dict
    return None if free and not keys else keys


def _leaves(candidates: Iterable[Any]) -> list[Any]:
    """Annotations and unions taken apart."""
    found: list[Any] = []
    for one in candidates:
        origin = get_origin(one)
        if origin in (Union, types.UnionType):
            found += _leaves(get_args(one))
        elif hasattr(one, "__metadata__"):
            found += _leaves([one.__origin__])
        else:
            found.append(one)
    return found


def _below(form: Any, key: Key) -> list[Any]:
    found: list[Any] = []
    for one in _leaves([form]):
        if isinstance(one, type) and issubclass(one, BaseModel):
            found += [field.annotation for name, field in one.model_fields.items() if key in (name, field.alias)]
        elif get_origin(one) in (dict, list, tuple) and get_args(one):
            found.append(get_args(one)[-1 if get_origin(one) is dict else 0])
    # A location also names the alternative of a union that pydantic tried: it leads nowhere new.
    return found or ([form] if isinstance(key, str) and (key.startswith("<") or not _has_keys(form)) else [])


def _has_keys(form: Any) -> bool:
    return any(_is_model(one) or get_origin(one) is dict for one in _leaves([form]))


def _is_model(form: Any) -> bool:
    return isinstance(form, type) and issubclass(form, BaseModel)
