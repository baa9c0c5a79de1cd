"""Applies a plan, place by place. Each place ends applied, unchanged, or skipped with the reason, never half done."""

from __future__ import annotations

from typing import List, Optional, Set

import ida_bytes
import ida_nalt
import ida_typeinf

from . import describe, functions, prototype
from .declare import Types, names_in
from .errors import Skip
from .plan import Row
from .record import CALL, DECL, FUNCTION, PLACE, TYPE, Entry, Record, fingerprint
from .result import APPLIED, SKIPPED, UNCHANGED, WANTED
from .result import Row as Done
from .settings import Settings

#: What IDA's functions raise when they get something that they did not expect.
IDA_ERRORS = (RuntimeError, TypeError, ValueError, OverflowError)
NOT_OURS = "its type was set by somebody else"


class Applier:
    """Applies rows of one plan to the open database."""

    def __init__(self, settings: Settings, types: Types, record: Record, slide: int, writable: bool) -> None:
        self.settings = settings
        self.types = types
        self.record = record
        self.slide = slide
        self.writable = writable
        prototype.forget()
        #: Functions whose type changed.
        self.touched: Set[int] = set()

    def ea(self, address: str) -> int:
        """The database's address of one of the plan's."""
        return int(address, 16) + self.slide

    # ---- functions

    def function(self, row: Row) -> Done:
        """Gives a function its type, its name if it has none, and its comment."""
        ea = self.ea(row["entry"])
        sides = [row["confidence"][side] for side in ("params", "results")]
        sources = [row["source"][side] or "-" for side in ("params", "results")]
        done = Done(ea, "function", row["name"], SKIPPED, _both(sides), _both(sources))
        try:
            if "decl" in row:
                self._type_function(ea, row, done)
            else:
                done.why = row.get("why", "nothing is known")
            if row.get("noreturn") and not self.settings.dry_run and self.writable:
                functions.never_returns(ea, self.record)
            self._describe(ea, row, done)
        except Skip as why:
            done.status, done.why = SKIPPED, str(why)
        except IDA_ERRORS as error:
            done.status, done.why = SKIPPED, "IDA says: %s" % error
        return done

    def further_entry(self, row: Row) -> Optional[Done]:
        """A place in the middle of a function that is called, such as those in duffzero; `None` if nobody goes there."""
        ea = self.ea(row["entry"])
        needed = functions.starting(ea) or (self.settings.create_functions and functions.is_called(ea))
        return self.function(row) if needed else None

    def _type_function(self, ea: int, row: Row, done: Done) -> None:
        present = type_at(ea)
        done.old = present.dstr() if present is not None else ""
        entry = self.record.get(FUNCTION, ea)
        decl = fingerprint(row["decl"])
        ours = present is not None and entry[TYPE] == fingerprint(done.old)
        if ours and entry[DECL] == decl:
            done.status, done.new = UNCHANGED, done.old
            self.types.used |= names_in(row)
            return
        if not ours and ida_nalt.is_userti(ea) and not self.settings.replace_types:
            raise Skip(NOT_OURS)
        self._check_types(row)
        self._check_writable()
        if self.settings.dry_run:
            self._rehearse(ea, row, done)
            return
        # Where further entries are, the extent of the function is a matter of taste.
        mend, end = self.settings.create_functions, None if row.get("entries") else row.get("end")
        tif, done.why = prototype.function_type(row)
        functions.ready(ea, self.ea(end) if end else None, mend, self.record)
        if not ours and present is not None and ida_nalt.is_userti(ea):
            self._keep(ea, present)
        self._set_type(ea, tif, present, row)
        done.new = _text(type_at(ea))
        entry[TYPE], entry[DECL] = fingerprint(done.new), decl
        self.record.put(FUNCTION, ea, entry)
        self.types.used |= names_in(row)
        self.touched.add(ea)
        done.status = APPLIED

    def _set_type(self, ea: int, tif: ida_typeinf.tinfo_t, old: Optional[ida_typeinf.tinfo_t], row: Row) -> None:
        """Applies, looks whether IDA kept it, and takes it back if not."""
        definite = ida_nalt.is_userti(ea)
        if not ida_typeinf.apply_tinfo(ea, tif, ida_typeinf.TINFO_DEFINITE):
            raise Skip("IDA did not take the type")
        kept = type_at(ea)
        try:
            if kept is None:
                raise Skip("IDA did not keep the type")
            if kept.dstr() != tif.dstr():
                prototype.check(kept, row)
        except Skip:
            ida_nalt.del_tinfo(ea)
            if old is not None:
                flags = ida_typeinf.TINFO_DEFINITE if definite else ida_typeinf.TINFO_GUESSED
                ida_typeinf.apply_tinfo(ea, old, flags)
            raise

    def _keep(self, ea: int, tif: ida_typeinf.tinfo_t) -> None:
        """Remembers somebody else's type that is about to be replaced."""
        key = self.record.key(ea)
        if key not in self.record.replaced:
            parts = tif.serialize()
            if not parts:
                raise Skip("the type that is there cannot be kept for undoing")
            self.record.replaced[key] = [(part or b"").hex() for part in parts[:2]]

    def _rehearse(self, ea: int, row: Row, done: Done) -> None:
        """A dry run's part: reads the declaration if that needs no new type, and changes nothing."""
        if not self.settings.create_functions:
            functions.ready(ea, None, False, self.record)
        names = self.types.needed(names_in(row))
        if not self.types.missing(names):
            _, done.why = prototype.function_type(row)
        done.status, done.new = WANTED, _without_spoils(row["decl"])

    def _check_types(self, row: Row) -> None:
        if self.types.foreign:
            foreign = names_in(row) & self.types.foreign
            if foreign:
                raise Skip("another type has the name " + min(foreign))

    def _check_writable(self) -> None:
        if not self.writable:
            raise Skip("the database takes no changes")

    def _describe(self, ea: int, row: Row, done: Done) -> None:
        if self.settings.dry_run or not self.writable:
            return
        entry = self.record.get(FUNCTION, ea)
        before = list(entry)
        if self.settings.names and row["name"]:
            describe.name(ea, row["name"], entry)
        if self.settings.comments and done.status != SKIPPED:
            describe.function_comment(ea, row["comment"], entry)
        if entry != before:
            self.record.put(FUNCTION, ea, entry)

    # ---- calls

    def call(self, row: Row) -> Done:
        """Gives the operand of a call the type of what it calls."""
        ea = self.ea(row["at"])
        done = Done(ea, "call", row["kind"], SKIPPED, row["confidence"], row.get("source") or "")
        try:
            entry = self.record.get(CALL, ea)
            before = list(entry)
            if "decl" in row:
                self._type_call(ea, row, done, entry)
            else:
                self._check_writable()
                fresh = self.settings.dry_run and not any(entry)
                done.status = WANTED if fresh else UNCHANGED
            if not self.settings.dry_run and self.settings.comments and row.get("comment"):
                describe.comment(ea, row["comment"], entry)
            if entry != before:
                self.record.put(CALL, ea, entry)
                done.status = APPLIED
        except Skip as why:
            done.status, done.why = SKIPPED, str(why)
        except IDA_ERRORS as error:
            done.status, done.why = SKIPPED, "IDA says: %s" % error
        return done

    def _type_call(self, ea: int, row: Row, done: Done, entry: Entry) -> None:
        present = ida_typeinf.tinfo_t()
        there = ida_nalt.get_op_tinfo(present, ea, 0)
        done.old = present.dstr() if there else ""
        decl = fingerprint(row["decl"])
        ours = there and entry[TYPE] == fingerprint(done.old)
        if ours and entry[DECL] == decl:
            done.status, done.new = UNCHANGED, done.old
            self.types.used |= names_in(row)
            return
        if there and not ours:
            raise Skip(NOT_OURS)
        self._check_types(row)
        self._check_writable()
        if not ida_bytes.is_code(ida_bytes.get_flags(ea)):
            raise Skip("IDA has no instruction here")
        if self.settings.dry_run:
            done.status, done.new = WANTED, _without_spoils(row["decl"])
            return
        tif, done.why = prototype.function_type(row)
        if not ida_nalt.set_op_tinfo(ea, 0, tif):
            raise Skip("IDA did not take the type")
        ida_typeinf.apply_callee_tinfo(ea, tif.get_pointed_object())  # for the listing; the other is for the decompiler
        ida_nalt.get_op_tinfo(present, ea, 0)
        done.status, done.new = APPLIED, present.dstr()
        entry[TYPE], entry[DECL] = fingerprint(done.new), decl
        self.types.used |= names_in(row)
        self.touched.add(ea)

    # ---- marked places

    def place(self, row: Row) -> Done:
        """Names and comments a marked place."""
        ea = self.ea(row["at"])
        done = Done(ea, "place", row["role"], UNCHANGED, new=row["name"])
        try:
            self._check_writable()
            if not ida_bytes.is_mapped(ea):
                raise Skip("the address is not in the database")
            if not self.settings.dry_run:
                done.status = describe.place(ea, row, self.settings, self.record)
            elif not any(self.record.get(PLACE, ea)):
                done.status = WANTED
        except Skip as why:
            done.status, done.why = SKIPPED, str(why)
        except IDA_ERRORS as error:
            done.status, done.why = SKIPPED, "IDA says: %s" % error
        return done


def type_at(ea: int) -> Optional[ida_typeinf.tinfo_t]:
    """The type at an address, if there is one."""
    tif = ida_typeinf.tinfo_t()
    return tif if ida_nalt.get_tinfo(tif, ea) else None


def _text(tif: Optional[ida_typeinf.tinfo_t]) -> str:
    return tif.dstr() if tif is not None else ""


def _both(sides: List[str]) -> str:
    return sides[0] if sides[0] == sides[1] else "/".join(sides)


def _without_spoils(decl: str) -> str:
    before, word, rest = decl.partition("__spoils<")
    return before + rest.partition("> ")[2] if word else decl
