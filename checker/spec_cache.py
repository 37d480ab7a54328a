"""A spec that was read and built before is taken from the disk: a short run spends most of its time on importing what
reads it.

What is kept is the answer of ``checker.spec.load`` and that of ``checker.build.build``, so a run that finds both, and
its machine code, imports neither pydantic nor ruamel.yaml, and parses no source. The key is the text of the spec, what
is set otherwise, and every module of this package and of the models, wherever they stand: all that the two read. Only
specs that are right are kept, and only of models in the package ``model``: a model in a file of its own may import
anything. As with machine code, what is read here is executed, so it stands in a directory of the user's own.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import pickle
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from checker.interrupts import interrupts_deferred
from checker.model_import import PACKAGE
from checker.objectcache import cached
from checker.yaml_document import BYTES_MAX

if TYPE_CHECKING:
    from checker.build import Built
    from checker.spec_file import SpecFile


class Loaded(NamedTuple):
    spec: SpecFile
    built: Built


class _NotKept(Exception):
    pass


def load(path: str, overrides: Sequence[str] = ()) -> Loaded:
    """Read, override, validate, build. Raises one ``SourceError`` with every mistake found."""
    fresh: list[Loaded] = []

    def make() -> bytes:
        fresh.append(_load(path, overrides))
        return _pickled(fresh[0])

    try:
        content = cached(_key(path, overrides), make)
        if not fresh:
            return _unpickled(content)
    except _NotKept:
        pass
    return fresh[0] if fresh else _load(path, overrides)


def _load(path: str, overrides: Sequence[str]) -> Loaded:
    with interrupts_deferred():
        from checker import spec as spec_files
    return built(spec_files.load(path, overrides))


def built(spec: SpecFile) -> Loaded:
    from checker.build import build

    return Loaded(spec, build(spec))


def _key(path: str, overrides: Sequence[str]) -> bytes:
    parts = [b"spec", repr((path, *overrides, sys.version)).encode()]
    try:
        # What can be read only once, or not whole.
        if not Path(path).is_file() or Path(path).stat().st_size > BYTES_MAX:
            raise _NotKept
        parts.append(Path(path).read_bytes())
        for one in sorted(_sources()):
            parts += [str(one).encode(), one.read_bytes()]
    except (OSError, ValueError):  # There is no such file, or an editor's lock stands beside a model.
        raise _NotKept from None
    return b"\0".join(f"{len(one)} ".encode() + one for one in parts)


def _sources() -> Iterator[Path]:
    yield from Path(__file__).parent.glob("*.py")
    models = importlib.util.find_spec(PACKAGE)
    for folder in (models.submodule_search_locations or ()) if models is not None else ():
        yield from Path(folder).resolve().rglob("*.py")


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        if isinstance(value, types.ModuleType):
            return importlib.import_module, (value.__name__,)
        original = getattr(value, "__wrapped__", None) if isinstance(value, types.FunctionType) else None
        if original is not None:
            from checker.premise import twin_of

            return twin_of, (original,)
        return NotImplemented


def _pickled(loaded: Loaded) -> bytes:
    from checker.fingerprint import model_files

    if loaded.spec.module.__name__.partition(".")[0] != PACKAGE:
        raise _NotKept
    model_files(loaded.built)
    stream = io.BytesIO()
    try:
        _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(tuple(loaded))
    except (pickle.PicklingError, TypeError, AttributeError):  # A model may make its classes inside a function.
        raise _NotKept from None
    return stream.getvalue()


def _unpickled(content: bytes) -> Loaded:
    try:
        loaded = Loaded(*pickle.loads(content))
    except Exception:
        raise _NotKept from None
    loaded.spec.document.show_in_messages()
    return loaded


__all__ = ["Loaded", "load"]
