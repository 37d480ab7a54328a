"""``python -m checker``."""

from __future__ import annotations

import sys


def main() -> int:
    try:
        from checker.cli import main as run
    except KeyboardInterrupt:  # Ctrl-C while Python is still importing.
        print("interrupted", file=sys.stderr)
        return 3
    return run()


if __name__ == "__main__":
    sys.exit(main())
