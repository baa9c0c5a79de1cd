"""Functions that IDA did not find, or whose bounds are wrong. Changes bounds only when asked to."""

from __future__ import annotations

from typing import Any, Optional

import ida_auto
import ida_bytes
import ida_funcs
import idautils

from .errors import Skip
from .record import Record

#: What a function was before: it was not there; it ended elsewhere.
MADE, MOVED_END = 0, 1


def ready(ea: int, end: Optional[int], mend: bool, record: Record) -> None:
    """Makes sure that there is a function at `ea`, or says why there is none."""
    if not ida_bytes.is_loaded(ea):
        raise Skip("the address is not in the database")
    function = starting(ea)
    if function is not None:
        if mend and end is not None and function.end_ea < end:
            _extend(function.end_ea, ea, end, record)
        return
    around = ida_funcs.get_func(ea)
    if not mend:
        inside = "IDA has the address inside of another function" if around is not None else "IDA has no function here"
        raise Skip(inside + " (see the setting create_functions)")
    _make(around, ea, end, record)


def starting(ea: int) -> Optional[ida_funcs.func_t]:
    """The function that begins here, if IDA has one."""
    function = ida_funcs.get_func(ea)
    return function if function is not None and function.start_ea == ea else None


def is_called(ea: int) -> bool:
    """Whether some instruction goes here that is not the one before."""
    return any(True for _ in idautils.CodeRefsTo(ea, False))


def _make(around: Any, ea: int, end: Optional[int], record: Record) -> None:
    if around is not None:
        _move_end(around.start_ea, around.end_ea, ea, record)
    made = ida_funcs.add_func(ea, end) if end is not None else ida_funcs.add_func(ea)
    if not made:
        raise Skip("IDA does not make a function here")
    record.functions.setdefault(record.key(ea), [MADE, 0])


def _extend(start: int, ea: int, end: int, record: Record) -> None:
    """Takes the pieces up to `end` in, unless somebody named one of them. The function itself stays in any case."""
    pieces = []
    function = ida_funcs.get_next_func(ea)
    while function is not None and function.start_ea < end:
        if ida_bytes.has_user_name(ida_bytes.get_flags(function.start_ea)) or function.end_ea > end:
            return
        pieces.append(function.start_ea)
        function = ida_funcs.get_next_func(function.start_ea)
    for at in pieces:
        ida_funcs.del_func(at)
    _move_end(ea, start, end, record)


def _move_end(ea: int, old: int, new: int, record: Record) -> None:
    if ida_funcs.set_func_end(ea, new):
        record.functions.setdefault(record.key(ea), [MOVED_END, old - ea])


def never_returns(ea: int, record: Record) -> None:
    """Marks a function as one that does not return, once: a mark that the user takes away stays away."""
    function, key = starting(ea), record.key(ea)
    if function is None or function.flags & ida_funcs.FUNC_NORET or key in record.noreturn:
        return
    function.flags |= ida_funcs.FUNC_NORET
    if ida_funcs.update_func(function):
        record.noreturn.append(key)
        ida_auto.reanalyze_callers(ea, True)


def _return_again(record: Record) -> None:
    for key in record.noreturn:
        ea = record.address(key)
        function = starting(ea)
        if function is not None and function.flags & ida_funcs.FUNC_NORET:
            function.flags &= ~ida_funcs.FUNC_NORET
            if ida_funcs.update_func(function):
                ida_auto.reanalyze_callers(ea, False)
    record.noreturn.clear()


def restore(record: Record) -> int:
    """Undoes what `ready` did. Functions that got a name or a type since then stay."""
    _return_again(record)
    restored = 0
    for key, (what, length) in sorted(record.functions.items(), key=lambda item: item[1][0]):
        ea = record.address(key)
        named = ida_bytes.has_user_name(ida_bytes.get_flags(ea))
        if what == MADE:
            restored += bool(not named and ida_funcs.del_func(ea))
        else:
            restored += bool(ida_funcs.set_func_end(ea, ea + length))
    record.functions.clear()
    return restored
