"""What is analysed: the input file if it is there and is the one that the database was made from, else the database."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any, Iterator, List, Optional, Tuple

import ida_bytes
import ida_funcs
import ida_ida
import ida_idp
import ida_nalt
import ida_segment

from . import native
from .errors import Failure, NotGo
from .plan import Plan
from .progress import Watch
from .settings import Settings

#: Go's names of IDA's processors, by (64 bits, big endian).
MACHINES = {
    ida_idp.PLFM_386: {(True, False): "amd64", (False, False): "386"},
    ida_idp.PLFM_ARM: {(True, False): "arm64", (False, False): "arm"},
    ida_idp.PLFM_PPC: {(True, False): "ppc64le", (True, True): "ppc64"},
    ida_idp.PLFM_S390: {(True, True): "s390x"},
    ida_idp.PLFM_RISCV: {(True, False): "riscv64"},
    ida_idp.PLFM_MIPS: {
        (True, False): "mips64le",
        (True, True): "mips64",
        (False, False): "mipsle",
        (False, True): "mips",
    },
}
#: What a report can be made from, and a plan that was made elsewhere.
FILE, DATABASE, PLAN = "file", "database", "plan"
#: Bytes read from the database at a time.
CHUNK = 1 << 24
#: Functions looked at to find out by how much the database is rebased.
PROBES = 64

Segment = Tuple[int, int, bytes, str]


def analyse(settings: Settings, watch: Watch, only: Optional[str] = None, evidence: bool = False) -> Any:
    """The core's report on the open database, and what it was made from, in a word."""
    core = native.core()
    options = {"only": only, "evidence": evidence, "watch": watch}
    path = None if settings.from_database else input_file()
    try:
        if path is not None:
            return core.analyze(path, dwarf=settings.use_dwarf, arch=machine(), **options), FILE
    except (core.NotGoError, OSError):
        raise
    except core.Error:
        pass  # a container that IDA knows and the core does not
    try:
        base, entry = ida_nalt.get_imagebase(), ida_ida.inf_get_start_ip()
        known = entry != ida_ida.inf_get_max_ea() and ida_bytes.is_loaded(entry)
        arch = machine()
        if arch is None:
            raise Failure("goabi does not know this processor: %s" % ida_ida.inf_get_procname())
        start = entry if known else None
        return core.analyze_segments(segments(watch), arch=arch, base=base, entry=start, **options), DATABASE
    except core.NotGoError as error:
        raise NotGo("this is not a Go program: %s" % error) from error
    except core.Error as error:
        raise Failure(str(error)) from error


def input_file() -> Optional[str]:
    """The path of the database's input file, if that is still the same file."""
    path = ida_nalt.get_input_file_path()
    if not path or not os.path.isfile(path):
        return None
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return path if digest.digest() == ida_nalt.retrieve_input_file_sha256() else None


def machine() -> Optional[str]:
    """Go's name of the database's processor."""
    row = MACHINES.get(ida_idp.ph_get_id(), {})
    return row.get((ida_ida.inf_is_64bit(), ida_ida.inf_is_be()))


def segments(watch: Watch) -> List[Segment]:
    """The memory of the database, as the core takes it."""
    found = []
    count = ida_segment.get_segm_qty()
    for number in range(count):
        segment = ida_segment.getnseg(number)
        watch("reading the database", number, count)
        if segment is None or segment.type == ida_segment.SEG_XTRN:
            continue
        size = segment.end_ea - segment.start_ea
        found.append((segment.start_ea, size, contents(segment.start_ea, size), permissions(segment)))
    return found


def permissions(segment: Any) -> str:
    """Some of `rwx`; a segment of which nothing is known may do what its class says."""
    if segment.perm == 0:
        return "rx" if segment.type == ida_segment.SEG_CODE else "rw"
    bits = ((ida_segment.SEGPERM_READ, "r"), (ida_segment.SEGPERM_WRITE, "w"), (ida_segment.SEGPERM_EXEC, "x"))
    return "".join(letter for bit, letter in bits if segment.perm & bit)


def contents(start: int, size: int) -> bytes:
    """The bytes of a range, those that the database does not have as zero, and none behind the last that it has."""
    parts = []
    for at in range(start, start + size, CHUNK):
        length = min(CHUNK, start + size - at)
        read = ida_bytes.get_bytes_and_mask(at, length)
        parts.append(bytes(length) if read is None else known_bytes(*read))
    return b"".join(parts).rstrip(b"\0")


def known_bytes(data: bytes, mask: bytes) -> bytes:
    """`data` with zero where a bit of `mask` says that there is nothing."""
    if mask.count(b"\xff") == len(mask):
        return data
    out = bytearray(data)
    for gap in re.finditer(rb"[^\xff]+", mask):
        for index in range(gap.start(), gap.end()):
            for bit in range(8 * index, min(8 * index + 8, len(out))):
                if not mask[index] >> (bit % 8) & 1:
                    out[bit] = 0
    return bytes(out)


def slide(plan: Plan) -> int:
    """What to add to the plan's addresses. Of the likely answers, the one that finds most functions."""
    entries = plan.entries(PROBES)
    found = [(_score(entries, candidate), candidate) for candidate in _slides(plan)]
    score, best = max(found, key=lambda one: one[0])
    # Where IDA found no functions at all, it is enough that the addresses are there.
    least = (1, 0) if ida_funcs.get_func_qty() >= len(entries) else (0, 1)
    if entries and score < least:
        raise Failure("no function of the file is where the database should have it: is it another program?")
    return best


def _slides(plan: Plan) -> Iterator[int]:
    yield ida_nalt.get_imagebase() - plan.image_base
    yield 0
    first = ida_segment.getnseg(0)
    if first is not None:
        yield first.start_ea - plan.image_base


def _score(entries: List[int], offset: int) -> Tuple[int, int]:
    """How many entries begin a function, and how many are in memory."""
    places = [entry + offset for entry in entries]
    functions = [ida_funcs.get_func(ea) for ea in places]
    starts = sum(one is not None and one.start_ea == ea for one, ea in zip(functions, places))
    return starts, sum(bool(ida_bytes.is_loaded(ea)) for ea in places)
