"""Whatever differs between versions of IDA, and nothing else. Features are asked for, versions never."""

from __future__ import annotations

from typing import Any, Optional

import ida_srclang
import ida_typeinf


def set_convention(details: ida_typeinf.func_type_data_t, convention: int) -> None:
    """Before IDA 9.2 the convention is an attribute, later it has a setter."""
    setter = getattr(details, "set_cc", None)
    if setter is not None:
        setter(convention)
    else:
        setattr(details, "cc", convention)


def undo_point(action: str, label: str) -> bool:
    """IDA 9.0 takes one string of bytes, later ones two texts; before 9.0 Python cannot do it."""
    try:
        import ida_undo
    except ImportError:
        return False
    create: Any = ida_undo.create_undo_point
    try:
        return bool(create(action, label))
    except TypeError:
        return bool(create(label.encode()))


def selected_parser() -> str:
    """The name of the C parser; since IDA 9.2, before there is one."""
    ask: Any = getattr(ida_srclang, "get_selected_parser_name", None)
    return (ask() if ask is not None else None) or "default"


def hexrays() -> Optional[Any]:
    """The decompiler's module, if there is a decompiler and a licence for it."""
    try:
        import ida_hexrays

        return ida_hexrays if ida_hexrays.init_hexrays_plugin() else None
    except (ImportError, RuntimeError):
        return None
