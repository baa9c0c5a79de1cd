"""Takes back everything that the record says is ours, and nothing that was changed since."""

from __future__ import annotations

from typing import Dict

import ida_bytes
import ida_name
import ida_nalt
import ida_typeinf
import idc

from . import describe, functions
from .apply import type_at
from .declare import printed, remove
from .record import CALL, COMMENT, FUNCTION, NAME, PLACE, TYPE, Entry, Record, fingerprint


def undo_all() -> Dict[str, int]:
    """Removes our types, names, comments and functions; says how many."""
    record = Record()
    done = {"types of functions": 0, "types of calls": 0, "names": 0, "comments": 0, "named types": 0, "functions": 0}
    for ea, entry in list(record.entries(PLACE)):
        _describe(ea, entry, False, done)
    for ea, entry in list(record.entries(CALL)):
        done["types of calls"] += _call_type(ea, entry)
        _describe(ea, entry, False, done)
    for ea, entry in list(record.entries(FUNCTION)):
        done["types of functions"] += _function_type(ea, entry, record)
        _describe(ea, entry, True, done)
    done["functions"] = functions.restore(record)
    for name in reversed(list(record.types)):
        if record.types[name] == fingerprint(printed(name)):
            remove(name)
            done["named types"] += 1
    record.forget()
    return done


def said(done: Dict[str, int]) -> str:
    """What `undo_all` did, for people."""
    return ", ".join("%d %s" % (number, what) for what, number in done.items() if number) or "nothing"


def _function_type(ea: int, entry: Entry, record: Record) -> bool:
    present = type_at(ea)
    if present is None or entry[TYPE] != fingerprint(present.dstr()):
        return False
    ida_nalt.del_tinfo(ea)
    before = record.replaced.get(record.key(ea))
    if before is not None:
        old = ida_typeinf.tinfo_t()
        if old.deserialize(ida_typeinf.get_idati(), bytes.fromhex(before[0]), bytes.fromhex(before[1])):
            ida_typeinf.apply_tinfo(ea, old, ida_typeinf.TINFO_DEFINITE)
    return True


def _call_type(ea: int, entry: Entry) -> bool:
    present = ida_typeinf.tinfo_t()
    if not ida_nalt.get_op_tinfo(present, ea, 0) or entry[TYPE] != fingerprint(present.dstr()):
        return False
    ida_nalt.del_op_tinfo(ea, 0)
    return True


def _describe(ea: int, entry: Entry, of_function: bool, done: Dict[str, int]) -> None:
    if describe.has_own_name(ea) and entry[NAME].partition(" ")[0] == fingerprint(ida_name.get_name(ea)):
        done["names"] += bool(ida_name.set_name(ea, "", ida_name.SN_NOWARN))
    if not entry[COMMENT]:
        return
    old = (idc.get_func_cmt(ea, 1) if of_function else ida_bytes.get_cmt(ea, True)) or ""
    new = describe.without_ours(old, entry)
    if new == old:
        return
    if of_function:
        idc.set_func_cmt(ea, new, 1)
    else:
        ida_bytes.set_cmt(ea, new, True)
    done["comments"] += 1
