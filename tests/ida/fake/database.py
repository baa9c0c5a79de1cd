"""A database: memory, functions, types, names, comments, netnodes, undo. Everything that an honest undo must bring back
is in `State`; what a test injects and what it observes is beside it."""

from __future__ import annotations

import bisect
import copy
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Set, Tuple

from .model import Type, Types
from .registers import TABLES, Table

BADADDR = 0xFFFFFFFFFFFFFFFF


@dataclass
class Segment:
    """A range of memory; `data` may be shorter, the rest is not initialised."""

    start: int
    size: int
    data: bytes
    perm: int  # SEGPERM_*
    type: int = 0  # SEG_*
    name: str = ""

    @property
    def start_ea(self) -> int:
        return self.start

    @property
    def end_ea(self) -> int:
        return self.start + self.size


@dataclass
class State:
    """What is saved in a database."""

    types: Types
    functions: Dict[int, int] = field(default_factory=dict)  # start -> end
    noreturn: Set[int] = field(default_factory=set)
    function_types: Dict[int, Tuple[Type, bool]] = field(default_factory=dict)  # type, definite
    operand_types: Dict[Tuple[int, int], Type] = field(default_factory=dict)
    callee_types: Dict[int, Type] = field(default_factory=dict)
    names: Dict[int, str] = field(default_factory=dict)
    comments: Dict[Tuple[int, bool], str] = field(default_factory=dict)
    function_comments: Dict[Tuple[int, bool], str] = field(default_factory=dict)
    netnodes: Dict[str, Dict[Tuple[int, int], Any]] = field(default_factory=dict)

    def shown(self) -> Dict[str, Any]:
        """For comparing: all of it as plain data, without what is empty."""
        return {
            "types": {name: one.text(name) for name, one in self.types.named.items()},
            "functions": dict(self.functions),
            "noreturn": set(self.noreturn),
            "function_types": {ea: (one.text(), sure) for ea, (one, sure) in self.function_types.items()},
            "operand_types": {key: one.text() for key, one in self.operand_types.items()},
            "names": dict(self.names),
            "comments": {key: text for key, text in self.comments.items() if text},
            "function_comments": {key: text for key, text in self.function_comments.items() if text},
            "netnodes": copy.deepcopy(self.netnodes),
        }


class Database:
    """The open database, with what a test may break in it.

    `tricks` spoil something: `no-parser` (takes no function declaration), `other-parser` (puts every second part
    elsewhere), `no-spoils` (the parser forgets destroyed registers), `no-builder`, `read-only`, `no-apply`, `other-apply`
    (keeps a type without locations), `raises` (from `apply_tinfo`), `no-decompiler`, `old-api` (before IDA 9.2).
    """

    def __init__(self, processor: str = "metapc", bits: int = 64, base: int = 0x400000, big_endian: bool = False) -> None:
        self.processor, self.bits, self.big_endian = processor, bits, big_endian
        self.base = base
        self.entry = BADADDR
        self.registers: Table = TABLES[processor]
        self.segments: List[Segment] = []
        self.state = State(Types(bits // 8))
        self.input_path: Optional[str] = None
        self.input_sha256: bytes = bytes(32)
        self.tricks: Set[str] = set()
        self.undo_points: List[Tuple[str, State]] = []
        #: After how many looks the user cancels.
        self.patience: Optional[int] = None
        self.messages: List[str] = []
        self.warnings: List[str] = []
        self.wait_boxes = 0
        self.most_wait_boxes = 0
        self.dirty: List[Optional[int]] = []
        self.jumps: List[int] = []
        self.windows: List[Any] = []
        self.answers: int = 1
        self.screen_ea = 0
        self.code_refs: Dict[int, List[int]] = {}
        #: Functions whose callers IDA looks at again, and whether as ones that do not return.
        self.reanalysed: List[Tuple[int, bool]] = []
        self.saved = 0
        self.killed = 0
        self._starts: List[int] = []

    # ---- memory and functions

    def writable(self) -> bool:
        return "read-only" not in self.tricks

    def segment_at(self, ea: int) -> Optional[Segment]:
        return next((one for one in self.segments if one.start <= ea < one.end_ea), None)

    def loaded(self, ea: int) -> bool:
        one = self.segment_at(ea)
        return one is not None and ea - one.start < len(one.data)

    def add_function(self, start: int, end: int) -> None:
        self.state.functions[start] = end
        self._starts.clear()

    def starts(self) -> List[int]:
        if len(self._starts) != len(self.state.functions):
            self._starts = sorted(self.state.functions)
        return self._starts

    def function_at(self, ea: int) -> Optional[int]:
        starts = self.starts()
        index = bisect.bisect_right(starts, ea) - 1
        return starts[index] if index >= 0 and ea < self.state.functions[starts[index]] else None

    def forget_starts(self) -> None:
        self._starts = []

    # ---- undo

    def undo_point(self, label: str) -> None:
        self.undo_points.append((label, copy.deepcopy(self.state)))

    def undo(self) -> bool:
        if not self.undo_points:
            return False
        self.state = self.undo_points.pop()[1]
        self.forget_starts()
        return True

    def rebase(self, delta: int) -> None:
        """Moves everything, as Edit > Segments > Rebase program does; netnodes of plugins stay as they are."""
        state = self.state
        self.base += delta
        for one in self.segments:
            one.start += delta
        state.functions = {ea + delta: end + delta for ea, end in state.functions.items()}
        state.noreturn = {ea + delta for ea in state.noreturn}
        state.function_types = {ea + delta: one for ea, one in state.function_types.items()}
        state.operand_types = {(ea + delta, n): one for (ea, n), one in state.operand_types.items()}
        state.names = {ea + delta: one for ea, one in state.names.items()}
        state.comments = {(ea + delta, r): one for (ea, r), one in state.comments.items()}
        state.function_comments = {(ea + delta, r): one for (ea, r), one in state.function_comments.items()}
        self.forget_starts()
