"""Finding and importing the Python module that a spec names: the checker knows no model before it runs.

Whatever goes wrong in the user's module is reported at the user's line, never as a traceback through this file.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
import traceback
import types
from pathlib import Path

from checker.nearest import shown, suggestion
from checker.source import Diagnostic, Place, SourceError, fail

PACKAGE = "model"
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z", re.ASCII)
_FORMS = "`model: textbook.two_phase_commit` names a module below model/; `model: ./mine.py` a file beside the spec"


def import_model(name: str, spec_path: str, place: Place) -> types.ModuleType:
    """The module that ``model: name`` means in the spec at ``spec_path``."""
    if name.startswith(("./", "../", "/")) or name.endswith(".py"):
        return _import_file(name, spec_path, place)
    if not _DOTTED.match(name):
        raise fail("model-name", f"{shown(name)} is not the name of a module or file", place, help=_FORMS)
    return _import_module(name, place)


def import_pipeline(model: types.ModuleType, place: Place) -> types.ModuleType | None:
    """The model's ``pipeline`` module, if it is a package that has one: it then understands the user's own words."""
    if not hasattr(model, "__path__") or not _exists(f"{model.__name__}.pipeline"):
        return None
    return _import(f"{model.__name__}.pipeline", place)


def _import_module(name: str, place: Place) -> types.ModuleType:
    parent = PACKAGE
    if not _exists(PACKAGE):
        raise fail("no-such-model", "there is no package `model` here", place, help="run from the project's directory")
    for part in name.split("."):
        siblings = _submodules(parent, place)
        if part not in siblings:
            where = parent.replace(".", "/")
            help = suggestion(part, siblings, f"modules in {where}/")
            raise fail("no-such-model", f"there is no model {shown(part)} in {where}/", place, help=help)
        parent = f"{parent}.{part}"
    return _import(parent, place)


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _submodules(parent: str, place: Place) -> list[str]:
    paths = list(getattr(_import(parent, place), "__path__", []))
    return [one.name for one in pkgutil.iter_modules(paths) if not one.name.startswith("_")]


def _import(name: str, place: Place) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise _import_error(error, f"model {shown(name.removeprefix(PACKAGE + '.'))}", place) from error


def _import_file(name: str, spec_path: str, place: Place) -> types.ModuleType:
    path = Path(spec_path).parent / name
    try:
        source = path.read_bytes()
        code_name = str(path)
    except (OSError, ValueError):
        close = suggestion(path.name, _python_files(path.parent), f"Python files in {path.parent}/")
        raise fail("no-such-model", f"there is no file {shown(str(path))}", place, help=close) from None
    module_name = "spec_model_" + re.sub(r"\W", "_", str(path.resolve()))
    module = types.ModuleType(module_name)
    module.__file__ = str(path)
    # Dataclasses and type hints look their module up by name. Compiled here rather than by an import: a cached .pyc
    # is trusted when size and second of the change agree, which is too coarse for a file being edited.
    sys.modules[module_name] = module
    try:
        exec(compile(source, code_name, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise _import_error(error, f"model {shown(name)}", place) from error
    return module


def _python_files(directory: Path) -> list[str]:
    try:
        return sorted(one.name for one in directory.glob("*.py"))
    except (OSError, ValueError):
        return []


def _import_error(error: BaseException, what: str, place: Place) -> SourceError:
    if isinstance(error, SourceError):
        return error
    here = (("the spec names it here", place),)
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        width = (error.end_offset or 0) - (error.offset or 0) if error.end_lineno == error.lineno else 1
        at = Place(error.filename, error.lineno, max(1, error.offset or 1), max(1, width))
        return SourceError([Diagnostic("model-syntax", f"Python: {error.msg}", at, related=here)])
    at_line = _raised_at(error) or place
    related = here if at_line != place else ()
    if isinstance(error, ModuleNotFoundError):
        message, help = f"{what} imports {shown(error.name or '')}, which is not installed", ""
    else:
        sentence = str(error).strip().split("\n")[0]
        message = f"{what} stops while it is being imported: {type(error).__name__}{': ' if sentence else ''}{sentence}"
        help = "--debug shows the traceback"
    return SourceError([Diagnostic("model-import", message, at_line, help=help, related=related)])


def _raised_at(error: BaseException) -> Place | None:
    """The last line of the user's code in the traceback: not ours, not the import machinery."""
    ours = str(Path(__file__).parent)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        outside = frame.filename.startswith("<") or "site-packages" in frame.filename or frame.filename.startswith(ours)
        if frame.lineno is None or outside or frame.filename.startswith(sys.base_prefix):
            continue
        column = (frame.colno or 0) + 1
        width = (frame.end_colno or column) - column + 1 if frame.end_lineno == frame.lineno else 1
        return Place(frame.filename, frame.lineno, column, max(1, width))
    return None
