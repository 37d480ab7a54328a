"""Compiled code kept on disk between runs.

A cache is a convenience, never a condition: an unwritable directory, a torn or foreign file only cost the time to
build again. Every file carries its own checksum, because what is read here will be executed.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

_CHECKSUM_BYTES = hashlib.sha256().digest_size


def cache_directory() -> Path:
    """Where this user's compiled code is kept; it need not exist."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # The XDG specification says to ignore a relative path.
        return Path(base) / "checker"
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Caches/checker"))
    return Path(os.path.expanduser("~/.cache/checker"))


def cached(key: bytes, build: Callable[[], bytes]) -> bytes:
    """The content stored under `key`, or else what `build` returns, stored for the next time.

    `key` must contain everything that decides the content: source, versions, the processor's name and features.
    """
    path = cache_directory() / f"{hashlib.sha256(key).hexdigest()}.bin"
    content = _read(path)
    if content is None:
        content = build()
        _write(path, content)
    return content


def is_present(key: bytes) -> bool:
    """Whether there is something stored under `key` (it may still turn out to be torn)."""
    return (cache_directory() / f"{hashlib.sha256(key).hexdigest()}.bin").exists()


def _read(path: Path) -> bytes | None:
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    checksum, content = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
    return content if hashlib.sha256(content).digest() == checksum else None


def _write(path: Path, content: bytes) -> None:
    """Write beside and rename, so that a second process never reads half a file."""
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        os.replace(temporary, path)
    except OSError:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
