"""How a picture of a path ends: what the path shows, and whether that is good."""

from __future__ import annotations

from checker.verdict import PropertyResult, PropertyVerdict


def ending(answer: PropertyResult) -> tuple[str, ...]:
    """The sentences under the last step of a property's path."""
    explanation = (answer.explanation,) if answer.explanation else ()
    return (f"{answer.verdict.value}: {answer.name}", *explanation, *answer.reasons)


def is_good(answer: PropertyResult) -> bool:
    """A witness is what somebody hoped for; a counterexample is not."""
    return answer.verdict is not PropertyVerdict.VIOLATED
