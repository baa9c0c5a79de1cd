"""Databases as IDA's loaders make them of 64- and 32-bit ELF files and PE files, and of nothing but a plan."""

from __future__ import annotations

import hashlib
import pathlib
import struct
from typing import Any, Dict, Iterable, List, Tuple

from .database import Database, Segment

PROCESSORS = {"amd64": ("metapc", 64), "386": ("metapc", 32), "arm64": ("ARM", 64), "arm": ("ARM", 32)}
ELF_MACHINES = {62: "amd64", 3: "386", 183: "arm64", 40: "arm"}
PE_MACHINES = {0x8664: "amd64", 0x14C: "386", 0xAA64: "arm64"}


def load(path: Any) -> Database:
    """The database of a file."""
    path = pathlib.Path(path)
    data = path.read_bytes()
    database = elf(data) if data[:4] == b"\x7fELF" else pe(data)
    database.input_path, database.input_sha256 = str(path), hashlib.sha256(data).digest()
    return database


def elf(data: bytes) -> Database:
    wide = data[4] == 2
    (machine,) = struct.unpack_from("<H", data, 18)
    entry, start = struct.unpack_from("<QQ" if wide else "<II", data, 24)
    size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
    segments: List[Segment] = []
    for at in range(start, start + size * count, size):
        if wide:
            kind, flags, offset, addr, _, stored, length, _ = struct.unpack_from("<IIQQQQQQ", data, at)
        else:
            kind, offset, addr, _, stored, length, flags, _ = struct.unpack_from("<8I", data, at)
        if kind == 1:
            perm = flags & 2 | (flags & 4 and 4) | (flags & 1 and 1)
            segments.append(Segment(addr, length, data[offset : offset + stored], perm, 2 if flags & 1 else 0))
    processor, bits = PROCESSORS[ELF_MACHINES[machine]]
    database = Database(processor, bits, min(one.start for one in segments))
    database.segments, database.entry = segments, entry
    return database


def pe(data: bytes) -> Database:
    (header,) = struct.unpack_from("<I", data, 60)
    machine, sections = struct.unpack_from("<HH", data, header + 4)
    (optional,) = struct.unpack_from("<H", data, header + 20)
    wide = struct.unpack_from("<H", data, header + 24)[0] == 0x20B
    (entry,) = struct.unpack_from("<I", data, header + 40)
    (base,) = struct.unpack_from("<Q" if wide else "<I", data, header + (48 if wide else 52))
    processor, bits = PROCESSORS[PE_MACHINES[machine]]
    database = Database(processor, bits, base)
    database.entry = base + entry
    for at in range(header + 24 + optional, header + 24 + optional + 40 * sections, 40):
        length, addr, stored, offset = struct.unpack_from("<4I", data, at + 8)
        (flags,) = struct.unpack_from("<I", data, at + 36)
        perm = (flags >> 30 & 1 and 4) | (flags >> 31 & 1 and 2) | (flags >> 29 & 1)
        part = data[offset : offset + min(stored, length)]
        database.segments.append(Segment(base + addr, length, part, perm, 2 if perm & 1 else 0))
    return database


def of_plan(plan: Dict[str, Any], delta: int = 0) -> Database:
    """A database that has the memory and the functions that a plan speaks of."""
    processor, bits = PROCESSORS.get(plan["arch"], ("metapc", 64))
    base = int(plan["image_base"], 16)
    places = [int(row[key], 16) for name, key in LISTS for row in plan.get(name, [])]
    low, high = min([base, *places]), max([base, *places]) + 0x1000
    database = Database(processor, bits, base + delta)
    database.segments.append(Segment(low + delta, high - low, bytes(high - low), 5, 2))
    add_functions(database, plan["functions"], delta)
    return database


LISTS = (("functions", "entry"), ("call_sites", "at"), ("annotations", "at"))


def add_functions(database: Database, rows: Iterable[Dict[str, Any]], delta: int = 0) -> None:
    """The functions that IDA would have found."""
    spans: List[Tuple[int, int]] = []
    for row in rows:
        start = int(row["entry"], 16) + delta
        spans.append((start, int(row["end"], 16) + delta if row.get("end") else 0))
    spans.sort()
    for (start, end), following in zip(spans, [*spans[1:], (spans[-1][0] + 16, 0)] if spans else []):
        database.add_function(start, end or min(start + 16, following[0]))
