"""Which releases of Apache Kafka there are, and their order.

A version is a release line ("3.9", meaning its last patch) or one release of it ("3.0.0", "0.11.0.2").
"""

import math

PATCHES: dict[str, float] = {  # The last patch of each line, where the line is finished.
    "0.11": 3, "1.0": 2, "1.1": 1,
    "2.0": 1, "2.1": 1, "2.2": 2, "2.3": 1, "2.4": 1, "2.5": 1, "2.6": 3, "2.7": 2, "2.8": 2,
    "3.0": 2, "3.1": 2, "3.2": 3, "3.3": 2, "3.4": 1, "3.5": 2, "3.6": 2, "3.7": 2, "3.8": 1, "3.9": math.inf,
    "4.0": math.inf, "4.1": math.inf, "4.2": math.inf, "4.3": math.inf,
}  # fmt: skip
VERSIONS = tuple(PATCHES)


def line(version: str) -> str:
    """``3.0.0`` is a release of the line ``3.0``; ``0.11.0.2`` of ``0.11``."""
    parts = version.split(".")
    return ".".join(parts[:2])


def patch(version: str) -> float:
    """The number of the release in its line; a line by itself means its last one."""
    rest = version.split(".")[3 if version.startswith("0.") else 2 :]
    return int(rest[0]) if rest else math.inf


def is_known(version: str) -> bool:
    parts = version.split(".")
    if line(version) not in PATCHES or not all(one.isdecimal() for one in parts):
        return False
    if parts[0] == "0" and parts[2:3] not in ([], ["0"]):
        return False  # 0.11 has four numbers, the third of which never moved.
    most = 4 if parts[0] == "0" else 3
    return len(parts) <= most and (patch(version) == math.inf or patch(version) <= PATCHES[line(version)])


def at_least(version: str, least: str) -> bool:
    """Whether what ``least`` brought is there: ``at_least("3.9", "2.5")``.

    A line stands for its last patch in ``version``, and for its first in ``least``.
    """
    first = 0 if line(least) == least else patch(least)
    return (VERSIONS.index(line(version)), patch(version)) >= (VERSIONS.index(line(least)), first)
