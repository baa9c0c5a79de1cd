"""Names and comments. A name is set only where there is a dummy one; of a comment only the line with our tag is ours."""

from __future__ import annotations

from typing import Callable, Optional

import ida_bytes
import ida_name
import idc

from .plan import Row
from .record import COMMENT, FUNCTION, NAME, PLACE, Entry, Record, fingerprint
from .result import APPLIED, UNCHANGED
from .settings import Settings

#: How a line of ours begins.
TAG = "goabi: "
NAME_FLAGS = ida_name.SN_NOCHECK | ida_name.SN_NOWARN | ida_name.SN_FORCE


def has_own_name(ea: int) -> bool:
    """Whether a person, a symbol or another plugin named the address."""
    return bool(ida_bytes.has_user_name(ida_bytes.get_flags(ea)))


def name(ea: int, text: str, entry: Entry) -> None:
    """Names an address that has no name, or still the one that we gave it."""
    present = ida_name.get_name(ea) if has_own_name(ea) else ""
    ours = bool(present) and entry[NAME].partition(" ")[0] == fingerprint(present)
    wanted = fingerprint(text)
    if (present and not ours) or (ours and entry[NAME].partition(" ")[2] == wanted):
        return
    if ida_name.set_name(ea, text, NAME_FLAGS):
        entry[NAME] = "%s %s" % (fingerprint(ida_name.get_name(ea)), wanted)


def function_comment(ea: int, text: str, entry: Entry) -> None:
    """Our line in a function's repeatable comment, which also shows at calls."""
    _comment(idc.get_func_cmt(ea, 1) or "", text, entry, lambda new: bool(idc.set_func_cmt(ea, new, 1)))


def comment(ea: int, text: str, entry: Entry) -> None:
    """Our line in an address's repeatable comment."""
    _comment(ida_bytes.get_cmt(ea, True) or "", text, entry, lambda new: bool(ida_bytes.set_cmt(ea, new, True)))


def _comment(old: str, text: str, entry: Entry, write: Callable[[str], bool]) -> None:
    line = text if text.startswith(TAG) else TAG + text
    ours = _our_line(old, entry)
    if ours == line or (ours is None and any(other.startswith(TAG) for other in old.split("\n"))):
        return  # there already, or changed by the user
    others = [other for other in old.split("\n") if other and other != ours]
    if write("\n".join([line] + others)):
        entry[COMMENT] = fingerprint(line)


def _our_line(text: str, entry: Entry) -> Optional[str]:
    return next((line for line in text.split("\n") if entry[COMMENT] and fingerprint(line) == entry[COMMENT]), None)


def without_ours(text: str, entry: Entry) -> str:
    """A comment without the line that we wrote."""
    ours = _our_line(text, entry)
    return "\n".join(line for line in text.split("\n") if line != ours) if ours is not None else text


def place(ea: int, row: Row, settings: Settings, record: Record) -> str:
    """Names and comments a marked place."""
    entry = record.get(PLACE, ea)
    before = list(entry)
    if settings.names and row["name"]:
        # A function's name may be ours already.
        entry[NAME] = entry[NAME] or record.get(FUNCTION, ea)[NAME]
        name(ea, row["name"], entry)
    if settings.comments and row["comment"]:
        comment(ea, row["comment"], entry)
    if entry == before:
        return UNCHANGED
    record.put(PLACE, ea, entry)
    return APPLIED
