"""``python -m checker``."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    try:
        # `timeout 60 python -m checker ...` gets what Ctrl-C gets: what was completed until then.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from checker.cli import main as run
    except KeyboardInterrupt:  # Ctrl-C while Python is still importing.
        print("interrupted", file=sys.stderr)
        return 3
    return run()


if __name__ == "__main__":
    sys.exit(main())
