"""The key under which machine code is kept."""

from __future__ import annotations

import os
import subprocess
import sys

from test_layering import imports

from checker.fingerprint import DECIDING

PROGRAM = """
from checker.build import build
from checker.fingerprint import fingerprint
from checker.spec import load
from checker.system import Layout
import sys
built = build(load(sys.argv[1], sys.argv[2:]))
print(fingerprint(built, Layout(built.system)))
"""


def _fingerprint(spec: str, *overrides: str, seed: str = "1") -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", PROGRAM, spec, *overrides]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_the_key_is_the_same_in_every_process() -> None:
    """Addresses and hash seeds differ between processes; a key that saw them would never be found again."""
    for spec in ("specs/textbook/paxos.yaml", "specs/txn.yaml"):
        assert _fingerprint(spec, seed="1") == _fingerprint(spec, seed="2")


def test_another_constant_is_another_key() -> None:
    """Bounds are part of the machine code."""
    spec = "specs/textbook/two_phase_commit_3.yaml"

    assert _fingerprint(spec) != _fingerprint(spec, "constants.rms=4")


def test_every_module_that_decides_the_code_is_in_the_key() -> None:
    """A module left out would let old code pass for new; one too many would throw good code away."""
    found: set[str] = set()
    left = ["checker.machine_code"]
    while left:
        module = left.pop()
        if module not in found:
            found.add(module)
            left += [one for one in imports(module) if one.startswith("checker.")]

    assert {f"checker.{name}" for name in DECIDING} == found
