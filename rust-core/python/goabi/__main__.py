"""The ``goabi`` command, which the module carries with it."""

import signal
import sys

from . import _core


def main() -> int:
    """Runs the command with this process's arguments and returns its exit code."""
    # The command has its own way to stop; until it has begun, Ctrl-C ends the process as it does any other.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _core.main(["goabi", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
