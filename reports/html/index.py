"""The page in front of several reports: one line a spec, with its verdict and the way to its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports import words
from reports.html.document import document
from reports.html.markup import Markup, tag

_LOOKS = {"holds": "good", "violated": "bad"}


@dataclass(frozen=True)
class Entry:
    """One spec. ``verdict`` is an outcome's word, ``model error`` or ``error``."""

    spec: str
    title: str
    verdict: str
    detail: str = ""  # what is violated, in how many steps; or why there is no answer
    href: str = ""  # of its report, beside the index; "" if there is none


def index(entries: Sequence[Entry]) -> str:
    counts: dict[str, int] = {}
    for one in entries:
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
    tally = ", ".join(f"{number:,} {verdict}" for verdict, number in counts.items())
    said = f"{words.count(len(entries), 'spec')}: {tally}." if entries else "No specs."
    head = tag("tr", *(tag("th", name, scope="col") for name in ("spec", "verdict", "what")))
    rows = [
        tag(
            "tr",
            tag("th", tag("a", one.spec, href=one.href) if one.href else tag("bdi", one.spec), scope="row"),
            tag("td", _verdict(one.verdict), data_column="verdict"),
            tag("td", tag("p", one.title) if one.title else None, tag("p", one.detail) if one.detail else None,
                data_column="what"),
        )
        for one in entries
    ]  # fmt: skip
    body = [
        tag("header", tag("h1", "Reports"), tag("p", said, class_="lead"), class_="top"),
        tag("main", tag("table", tag("thead", head), tag("tbody", *rows), class_="index")),
    ]
    return document("Reports", body, script=False)


def _verdict(word: str) -> Markup:
    return tag("span", word, class_=f"badge {_LOOKS.get(word, 'late')}")
