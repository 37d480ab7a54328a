"""Several specs at once, one process a core: most of a small spec's time is spent where one core works.

A verdict does not depend on who found it, so the answers are those of one process; they come in the order asked for.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from checker import checking, machine_code, spec
from checker.options import Options
from checker.spec import Expect, Limits
from checker.verdict import Result


@dataclass(frozen=True)
class Checked:
    """One spec's answer, with what it was to be."""

    path: str
    expect: Expect | None
    limits: Limits
    result: Result


def checked(path: str, overrides: Sequence[str], options: Options) -> Checked:
    """Load and check. Raises ``SourceError`` for a wrong spec."""
    found = spec.load(path, overrides)
    return Checked(found.path, found.expect, found.limits, checking.run(found, options.limited_by(found.limits)))


def is_possible() -> bool:
    return hasattr(os, "fork") and _cores() > 1


@contextmanager
def started(paths: Sequence[str], overrides: Sequence[str], options: Options) -> Iterator[list[Future[Checked]]]:
    """Every spec's answer to be; what has not begun is cancelled at the end."""
    share = (options.memory_bytes or checking.default_memory()) // _cores()
    options = replace(options, memory_bytes=share, workers=options.workers or 1)
    pool = ProcessPoolExecutor(_cores(), multiprocessing.get_context("fork"), _in_a_process_of_its_own)
    try:
        yield [pool.submit(checked, path, overrides, options) for path in paths]
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    return os.cpu_count() or 1


def _in_a_process_of_its_own() -> None:
    machine_code.two_processes = False
