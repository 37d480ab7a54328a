"""The steps of a path as a table (CSV, RFC 4180): one row a step, for spreadsheets and data frames.

``fault`` is a fault of the network or of a process; ``played`` names one that an actor of the model plays itself. A
cell that a spreadsheet would run as a formula gets an apostrophe in front, which it shows as text.
"""

from __future__ import annotations

import csv
import io

from checker.verdict import Path, PathStep, SentMessage
from reports import words

COLUMNS = (
    "step", "actor", "action", "fault", "late", "message", "from", "to", "fields", "choices", "changes", "wiped",
    "sent", "played",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # OWASP, "CSV injection"
_SEPARATOR = "; "


def dumps(path: Path) -> str:
    """The table with its heading; lines end in CR LF."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for step in path.steps:
        writer.writerow([cell(one) for one in _row(step)])
    return out.getvalue()


def cell(value: str | int) -> str:
    """The text on one line, harmless in a spreadsheet."""
    text = words.clean(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _row(step: PathStep) -> list[str | int]:
    message = step.received
    return [
        step.number,
        step.actor,
        step.action,
        _truth(step.fault),
        _truth(step.late),
        "" if message is None else message.type,
        "" if message is None else message.sender or "",
        "" if message is None else message.receiver or "",
        "" if message is None else _SEPARATOR.join(words.message_fields(message)),
        _SEPARATOR.join(step.choices),
        _SEPARATOR.join(words.change(one, whose=step.actor) for one in step.changes if not one.wiped),
        _SEPARATOR.join(words.change(one, whose=step.actor) for one in step.changes if one.wiped),
        _SEPARATOR.join(_sent(one) for one in step.sent),
        step.played,
    ]


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _sent(message: SentMessage) -> str:
    to = "everyone" if message.receiver is None else words.clean(message.receiver)
    return f"{words.message(message)} to {to}"
