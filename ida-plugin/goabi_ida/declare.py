"""Named types: structs, strings, slices that prototypes speak of, in the database's own list of types."""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Optional, Set

import ida_typeinf

from .plan import Plan, Row
from .progress import Watch
from .record import Record, fingerprint

#: `#pragma pack` of a plan, as IDA's flags (PT_PAK* of typeinf.hpp).
PACK_FLAGS = {1: 0x10, 2: 0x20, 4: 0x30, 8: 0x40, 16: 0x50}
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def size_of(name: str) -> Optional[int]:
    """Bytes of a named type, 0 when it is only declared, `None` when there is none."""
    tif = ida_typeinf.tinfo_t()
    if not tif.get_named_type(ida_typeinf.get_idati(), name):
        return None
    size = int(tif.get_size())
    return 0 if size == ida_typeinf.BADSIZE else size


def printed(name: str) -> str:
    """The definition of a named type as text, empty when there is none."""
    tif = ida_typeinf.tinfo_t()
    if not tif.get_named_type(ida_typeinf.get_idati(), name):
        return ""
    flags = ida_typeinf.PRTYPE_1LINE | ida_typeinf.PRTYPE_TYPE | ida_typeinf.PRTYPE_DEF
    return ida_typeinf.print_tinfo("", 0, 0, flags, tif, name, "") or tif.dstr()


class Types:
    """The plan's types, and which of them the database has in another meaning."""

    def __init__(self, plan: Plan, record: Record) -> None:
        self._flags = ida_typeinf.PT_SIL | ida_typeinf.PT_TYP | PACK_FLAGS.get(plan.pack, 0)
        self._record = record
        self._order = list(plan.rows("types"))  # each after what it contains
        self._rows: Dict[str, List[Row]] = {}
        for row in self._order:
            self._rows.setdefault(row["name"], []).append(row)
        #: Names that mean something else here.
        self.foreign: Set[str] = set()
        #: Names that were used by what was applied.
        self.used: Set[str] = set()
        self._added: List[str] = []

    def needed(self, names: Iterable[str]) -> Set[str]:
        """The plan's types among `names`, and those that these consist of or point to."""
        found: Set[str] = set()
        open_names = [name for name in names if name in self._rows]
        while open_names:
            name = open_names.pop()
            if name not in found:
                found.add(name)
                words = (word for row in self._rows[name] for word in IDENTIFIER.findall(row["decl"]))
                open_names.extend(word for word in words if word in self._rows and word not in found)
        return found

    def declare(self, only: Optional[Set[str]] = None, watch: Optional[Watch] = None) -> None:
        """Adds what is missing, all or some. What is there with the same size is used as it is."""
        for number, row in enumerate(self._order):
            if watch is not None:
                watch("adding types", number, len(self._order))
            if only is None or row["name"] in only:
                self._declare(row)

    def look(self) -> None:
        """Finds out what means something else, without a change."""
        for name, rows in self._rows.items():
            size = max(row["size"] for row in rows)
            if size_of(name) not in (None, 0, size):
                self.foreign.add(name)

    def missing(self, names: Iterable[str]) -> bool:
        """Whether one of these is not in the database yet."""
        return any(size_of(name) is None for name in names if name in self._rows)

    def _declare(self, row: Row) -> None:
        name, forward, known = row["name"], row["kind"] == "forward", size_of(row["name"])
        if known is not None and (forward or known == row["size"] != 0):
            return
        flags = self._flags
        if known not in (None, 0, row["size"]):
            if self._record.types.get(name) != fingerprint(printed(name)):
                self.foreign.add(name)
                return
            flags |= ida_typeinf.PT_REPLACE
        ida_typeinf.idc_parse_types(row["decl"], flags)
        if known is None:
            self._added.append(name)
        if not forward and size_of(name) != row["size"]:
            self.foreign.add(name)

    def settle(self) -> None:
        """Removes what was added and is of no use, because what needed it was skipped; records the others."""
        used = self.needed(self.used)
        for name in reversed(self._added):
            if name not in used:
                remove(name)
        for name in self._added:
            if name in used:
                self._record.types[name] = fingerprint(printed(name))
        self._added.clear()


def remove(name: str) -> None:
    """Removes a named type from the database."""
    ida_typeinf.del_named_type(ida_typeinf.get_idati(), name, ida_typeinf.NTF_TYPE)


def names_in(row: Row) -> Set[str]:
    """The words that a prototype's types are spelled with."""
    values = row["args"] if row["ret"] is None else row["args"] + [row["ret"]]
    return {value["type"].rstrip(" *") for value in values}
