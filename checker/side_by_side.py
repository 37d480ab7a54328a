"""Several specs at once, one process a core: most of a small spec's time is spent where one core works.

A verdict does not depend on who found it, so the answers are those of one process; they come in the order asked for.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from checker import api, checking, machine_code
from checker.options import Options


def is_possible() -> bool:
    return hasattr(os, "fork") and _cores() > 1


@contextmanager
def started(paths: Sequence[str], overrides: Sequence[str], options: Options) -> Iterator[list[Future[api.Result]]]:
    """Every spec's answer to be; what has not begun is cancelled at the end."""
    share = (options.memory_bytes or checking.default_memory()) // _cores()
    options = replace(options, memory_bytes=share, workers=options.workers or 1)
    pool = ProcessPoolExecutor(_cores(), multiprocessing.get_context("fork"), _in_a_process_of_its_own)
    try:
        yield [pool.submit(api.check_with, path, tuple(overrides), options) for path in paths]
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    return os.cpu_count() or 1


def _in_a_process_of_its_own() -> None:
    machine_code.two_processes = False
