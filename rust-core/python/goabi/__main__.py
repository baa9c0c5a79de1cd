"""The ``goabi`` command, which the module carries with it."""

from __future__ import annotations

import os
import signal
import sys

from . import _core


def again() -> list[str]:
    """Starts this command in another process, up to where its arguments begin. Nothing is imported from the current
    folder, which may be one of samples."""
    above = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    program = f"import sys; sys.path = [{above!r}] + [p for p in sys.path if p]; from goabi.__main__ import main; sys.exit(main())"
    return [sys.executable, "-c", program]


def main() -> int:
    """Runs the command with this process's arguments and returns its exit code."""
    args = ["goabi", *sys.argv[1:]]
    if "batch" in sys.argv[1:2] and any(arg == "--ray" or arg.startswith("--ray=") for arg in args):
        from . import cluster

        return cluster.main(args)
    # The command has its own way to stop; until it has begun, Ctrl-C ends the process as it does any other.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _core.main(args, again())


if __name__ == "__main__":
    sys.exit(main())
