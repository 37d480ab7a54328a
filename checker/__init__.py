"""A model checker for delivery guarantees. What people call from Python is in ``checker.api``:

    import checker

    result = checker.check("specs/broken/offsets_before.yaml")
    print(result.verdict, result.path)

Importing the package loads none of it; the first use of a name does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.api import Path, Property, Remedies, Result, check, load, remedies, replay
    from checker.source import SourceError

__all__ = ["Path", "Property", "Remedies", "Result", "SourceError", "check", "load", "remedies", "replay"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "SourceError":
        from checker.source import SourceError

        return SourceError
    from checker import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
