"""The wait box: how far the work is, and whether the user wants to stop."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Callable, Optional, Type

import ida_kernwin

from .errors import Cancelled

#: Called with a stage, how much of it is done, and of how much.
Watch = Callable[[str, int, int], None]
#: Seconds between two looks at the user. A look lets IDA draw its windows, so it must be neither rare nor frequent.
PERIOD = 0.1


class Progress:
    """Shows nothing and is never cancelled; for scripts."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: object, trace: Optional[TracebackType]) -> None:
        pass

    def watch(self, stage: str, done: int, total: int) -> None:
        """Called often. Raises `Cancelled` when the user wants to stop."""


class WaitBox(Progress):
    """IDA's wait box, with its Cancel button."""

    def __init__(self) -> None:
        self._last = 0.0

    def __enter__(self) -> Progress:
        ida_kernwin.clr_cancelled()
        ida_kernwin.show_wait_box("goabi: reading the program")
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: object, trace: Optional[TracebackType]) -> None:
        ida_kernwin.hide_wait_box()

    def watch(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last < PERIOD:
            return
        self._last = now
        if ida_kernwin.user_cancelled():
            raise Cancelled
        ida_kernwin.replace_wait_box("goabi: %s%s" % (stage or "reading", " %d of %d" % (done, total) if total else ""))
