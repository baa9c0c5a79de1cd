"""Locations of values: from the plan's parts to IDA's `argloc_t`, and back to compare."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, FrozenSet, List, Tuple, Union

import ida_idp
import ida_typeinf

from .errors import Skip

Part = Dict[str, Any]
#: Offset in the value, bytes, and a register's numbers or an offset in the argument area.
Spot = Tuple[int, int, Union[int, FrozenSet[int]]]


@lru_cache(maxsize=None)
def register(name: str) -> int:
    """IDA's number of a register."""
    number = ida_idp.str2reg(name)
    if number < 0:
        raise Skip("this processor module has no register " + name)
    return number


@lru_cache(maxsize=None)
def numbers(*names: str) -> FrozenSet[int]:
    """The numbers that a location in any of these parts of one register may show."""
    found = {register(names[0])}
    for name in names[1:]:
        found.add(ida_idp.str2reg(name))
    return frozenset(number for number in found if number >= 0)


def forget() -> None:
    """Before another database, which may be of another processor."""
    register.cache_clear()
    numbers.cache_clear()


def set_place(loc: ida_typeinf.argloc_t, wanted: Dict[str, Any]) -> None:
    """Puts a value of the plan where it belongs."""
    parts = wanted["parts"]
    if len(parts) == 1 and parts[0]["off"] == 0 and parts[0]["size"] == wanted["size"]:
        _set_part(loc, parts[0])
        return
    scattered = ida_typeinf.scattered_aloc_t()
    for part in parts:
        piece = ida_typeinf.argpart_t()
        piece.off, piece.size = part["off"], part["size"]
        _set_part(piece, part)
        scattered.push_back(piece)
    loc.consume_scattered(scattered)


def _set_part(loc: ida_typeinf.argloc_t, part: Part) -> None:
    if "stack" in part:
        loc.set_stkoff(part["stack"])
    else:
        own = ida_idp.str2reg(part["as"]) if "as" in part else -1
        loc.set_reg1(own if own >= 0 else register(part["reg"]))


def is_at(loc: ida_typeinf.argloc_t, wanted: Dict[str, Any]) -> bool:
    """Whether a location is the plan's. Runs on the stack may be cut in any way."""
    parts = wanted["parts"]
    if len(parts) == 1 and not loc.is_scattered():
        return _is_at_part(loc, parts[0])  # most of all
    meant = _joined([_meant(part) for part in parts])
    found = _joined(_found(loc, wanted["size"]))
    return len(meant) == len(found) and all(_same(one, other) for one, other in zip(meant, found))


def _is_at_part(loc: ida_typeinf.argloc_t, part: Part) -> bool:
    if "stack" in part:
        return bool(loc.is_stkoff()) and loc.stkoff() == part["stack"]
    return bool(loc.is_reg1()) and loc.reg1() in _names(part) and loc.regoff() == 0


def _names(part: Part) -> FrozenSet[int]:
    return numbers(part["reg"], part["as"]) if "as" in part else numbers(part["reg"])


def _meant(part: Part) -> Spot:
    return part["off"], part["size"], part["stack"] if "stack" in part else _names(part)


def _found(loc: ida_typeinf.argloc_t, size: int) -> List[Spot]:
    if not loc.is_scattered():
        return [(0, size, _where(loc))]
    return [(part.off, part.size, _where(part)) for part in loc.scattered()]


def _where(loc: ida_typeinf.argloc_t) -> Union[int, FrozenSet[int]]:
    if loc.is_stkoff():
        return int(loc.stkoff())
    one = bool(loc.is_reg1()) and loc.regoff() == 0
    return frozenset((loc.reg1(),)) if one else frozenset()


def _joined(spots: List[Spot]) -> List[Spot]:
    """The same places with neighbours on the stack as one."""
    out: List[Spot] = []
    for off, size, where in spots:
        if out and isinstance(where, int):
            before, length, at = out[-1]
            if isinstance(at, int) and before + length == off and at + length == where:
                out[-1] = before, length + size, at
                continue
        out.append((off, size, where))
    return out


def _same(meant: Spot, found: Spot) -> bool:
    if meant[:2] != found[:2] or isinstance(meant[2], int) != isinstance(found[2], int):
        return False
    if isinstance(meant[2], int) or isinstance(found[2], int):
        return meant[2] == found[2]
    return bool(found[2]) and found[2] <= meant[2]
