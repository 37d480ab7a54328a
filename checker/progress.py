"""The live line of a running check: on a terminal only, on standard error, so that results can be piped."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import Protocol, TextIO

REDRAW_SECONDS = 0.1
RATE_SECONDS = 1.0  # A rate over a shorter time jumps about.
CLEAR_LINE = "\r\x1b[K"


class Progress(Protocol):
    """What a search tells, a few times a second."""

    def update(self, states: int, transitions: int, depth: int, queue: int, memory_bytes: int) -> None: ...


class LiveLine:
    """One line that rewrites itself; silent where the stream is not a terminal."""

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self.title = title
        self.stream = sys.stderr if stream is None else stream
        self.visible = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.drawn_at = 0.0
        self.shown = False
        self.rate = 0.0
        self.rate_from: tuple[float, int] = (time.monotonic(), 0)

    def start(self) -> None:
        """Before the first figures: making machine code can take seconds."""
        if self.visible:
            self._draw(f"{self.title}: preparing")

    def update(self, states: int, transitions: int, depth: int, queue: int, memory_bytes: int) -> None:
        del transitions  # Eighty columns have no room for it.
        now = time.monotonic()
        if not self.visible or now - self.drawn_at < REDRAW_SECONDS:
            return
        since, states_before = self.rate_from
        settled = now - since >= RATE_SECONDS
        if settled or not states_before:  # In the first second: what it is so far.
            self.rate = (states - states_before) / max(now - since, 1e-3)
        if settled:
            self.rate_from = (now, states)
        self.drawn_at = now
        self._draw(
            f"{self.title}: {states:,} states, {quantity(self.rate)}/s, depth {depth}, queue {quantity(queue)}, "
            f"{megabytes(memory_bytes)}"
        )

    def finish(self) -> None:
        """Remove the line, so that what follows begins on a clean one."""
        if self.shown:
            self._write(CLEAR_LINE)
            self.shown = False

    def _draw(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._write(CLEAR_LINE + (text if len(text) <= width else text[: max(0, width - 1)] + "…"))
        self.shown = True

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, UnicodeError):  # The terminal has gone away or cannot show it: the search goes on.
            self.visible = False


def quantity(number: float) -> str:
    """``1.2M``: three digits are enough for something that changes ten times a second."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}" if number < 1000 * size else f"{number / size:.0f}{unit}"
    return f"{number:.0f}"


def megabytes(number: int) -> str:
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number / 2**20:.0f} MiB"
