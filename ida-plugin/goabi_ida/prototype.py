"""Function types: from the plan's text, or from its parts when this IDA reads the text in another way.

What IDA made is always read back and compared with the plan's locations, so that a parser with other ideas costs a
function its type, never its truth.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, Tuple

import ida_idp
import ida_typeinf

from . import compat, places
from .errors import Skip
from .places import is_at, set_place

Row = Dict[str, Any]
LOCATED = "__usercall"


def function_type(row: Row) -> Tuple[ida_typeinf.tinfo_t, str]:
    """The type of a function, and how it was made: `text` or `parts`."""
    tif, made = _returning(row)
    return (_without_return(tif, row), made) if row.get("noreturn") else (tif, made)


def _without_return(tif: ida_typeinf.tinfo_t, row: Row) -> ida_typeinf.tinfo_t:
    """The type of a function that never returns; as it was where this IDA does not make one of it."""
    details, other = ida_typeinf.func_type_data_t(), ida_typeinf.tinfo_t()
    if tif.is_ptr() or not tif.get_func_details(details):
        return tif
    details.flags |= ida_typeinf.FTI_NORET
    try:
        return other if other.create_func(details) and check(other, row) >= check(tif, row) else tif
    except Skip:
        return tif


def _returning(row: Row) -> Tuple[ida_typeinf.tinfo_t, str]:
    located = row["cc"] == LOCATED
    try:
        tif = parse(row["decl"])
        spoils_kept = check(tif, row)
        if spoils_kept or not located:
            return tif, "text"
    except Skip:
        if not located:
            raise
        return _built(row)
    try:
        return _built(row)
    except Skip:
        return tif, "text"  # the places are right, only the list of destroyed registers is not


def _built(row: Row) -> Tuple[ida_typeinf.tinfo_t, str]:
    tif = build(row)
    check(tif, row)
    return tif, "parts"


def parse(decl: str) -> ida_typeinf.tinfo_t:
    """The type of a declaration."""
    tif = ida_typeinf.tinfo_t()
    if ida_typeinf.parse_decl(tif, ida_typeinf.get_idati(), decl, ida_typeinf.PT_SIL) is None:
        raise Skip("this version of IDA does not take the declaration")
    return tif


def build(row: Row) -> ida_typeinf.tinfo_t:
    """The type without the parser, but for the names of types."""
    details = ida_typeinf.func_type_data_t()
    compat.set_convention(details, ida_typeinf.CM_CC_SPECIAL)
    details.flags |= ida_typeinf.FTI_ARGLOCS | ida_typeinf.FTI_EXPLOCS
    if row["ret"] is None:
        details.rettype = ida_typeinf.tinfo_t(ida_typeinf.BT_VOID)
    else:
        details.rettype = parse(row["ret"]["type"] + " x;")
        set_place(details.retloc, row["ret"])
    for wanted in row["args"]:
        arg = ida_typeinf.funcarg_t()
        arg.name, arg.type = wanted["name"], parse(wanted["type"] + " x;")
        set_place(arg.argloc, wanted)
        details.push_back(arg)
    for name in row["spoils"]:
        _spoil(details, name)
    tif = ida_typeinf.tinfo_t()
    if not tif.create_func(details):
        raise Skip("IDA does not make the type from its parts")
    return _pointer_to(tif) if is_pointer(row) else tif


def _spoil(details: ida_typeinf.func_type_data_t, name: str) -> None:
    register = ida_idp.reg_info_t()
    if ida_idp.parse_reg_name(register, name):
        details.spoiled.push_back(register)
        details.flags |= ida_typeinf.FTI_SPOILED


def is_pointer(row: Row) -> bool:
    """Whether the row is of a call, whose operand points to what it calls."""
    return "at" in row


def _pointer_to(tif: ida_typeinf.tinfo_t) -> ida_typeinf.tinfo_t:
    pointer = ida_typeinf.tinfo_t()
    if not pointer.create_ptr(tif):
        raise Skip("IDA does not make a pointer to the type")
    return pointer


def check(tif: ida_typeinf.tinfo_t, row: Row) -> bool:
    """Raises unless every value is where the plan has it. Whether the destroyed registers are kept, too."""
    details = ida_typeinf.func_type_data_t()
    called = tif.get_pointed_object() if tif.is_ptr() else tif
    if not called.get_func_details(details) or details.size() != len(row["args"]):
        raise Skip("the declaration became something else")
    if row["cc"] != LOCATED:
        return True
    for index, wanted in enumerate(row["args"]):
        if not is_at(details[index].argloc, wanted):
            raise Skip("a value ended up elsewhere: " + wanted["name"])
    if row["ret"] is not None and not is_at(details.retloc, row["ret"]):
        raise Skip("a value ended up elsewhere: the result")
    return details.spoiled.size() >= _known_registers(tuple(row["spoils"]))


def forget() -> None:
    """Before another database, which may be of another processor."""
    places.forget()
    _known_registers.cache_clear()


@lru_cache(maxsize=64)
def _known_registers(names: Tuple[str, ...]) -> int:
    return sum(bool(ida_idp.parse_reg_name(ida_idp.reg_info_t(), name)) for name in names)
