"""C types as the fake knows them: sizes, alignments, which bytes hold data, and how they print."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

BADSIZE = 0xFFFFFFFFFFFFFFFF
WORDS = {
    "void": 0,
    "char": 1,
    "__int8": 1,
    "_BOOL1": 1,
    "_BYTE": 1,
    "__int16": 2,
    "short": 2,
    "__int32": 4,
    "int": 4,
    "float": 4,
    "__int64": 8,
    "double": 8,
    "__int128": 16,
}


class BadType(Exception):
    """What the parser does not take."""


@dataclass
class Type:
    """A type: a word, a name, a pointer, a function."""

    word: str = ""
    name: str = ""
    target: Optional[Type] = None
    function: Optional[Function] = None

    def text(self) -> str:
        if self.target is not None:
            if self.target.function is not None:
                return self.target.function.text("(%s*)" % self.target.function.convention)
            inner = self.target.text()
            return inner + ("*" if inner.endswith("*") else " *")
        if self.function is not None:
            return self.function.text(self.function.convention)
        return self.name or self.word


@dataclass
class Argument:
    """A parameter."""

    type: Type
    name: str
    loc: Optional[Loc] = None


@dataclass
class Function:
    """A function type."""

    convention: str
    result: Type
    loc: Optional[Loc]
    args: List[Argument]
    spoiled: Optional[List[str]] = None
    noreturn: bool = False

    def text(self, middle: str) -> str:
        spoils = " __spoils<%s>" % ",".join(self.spoiled) if self.spoiled is not None else ""
        args = ", ".join("%s %s%s" % (one.type.text(), one.name, located(one.loc)) for one in self.args)
        middle += " __noreturn" * self.noreturn
        return "%s %s%s%s(%s)" % (self.result.text(), middle, spoils, located(self.loc), args or "void")


@dataclass
class Loc:
    """A location: one register, two, a place on the stack, or parts (offset, size, location)."""

    reg: Optional[int] = None
    high: Optional[int] = None
    regoff: int = 0
    stack: Optional[int] = None
    parts: Optional[List[Tuple[int, int, Loc]]] = None

    def text(self) -> str:
        if self.parts is not None:
            return ",".join("%d:%s.%d" % (off, loc.text(), size) for off, size, loc in self.parts)
        if self.stack is not None:
            return "^%d" % self.stack
        high = "r%d:" % self.high if self.high is not None else ""
        return "%sr%s%s" % (high, self.reg, "^%d" % self.regoff if self.regoff else "")

    def normal(self) -> Loc:
        """As the kernel keeps it: one part from the start is that part."""
        if self.parts is not None and len(self.parts) == 1 and self.parts[0][0] == 0:
            return self.parts[0][2]
        return self


def located(loc: Optional[Loc]) -> str:
    """A location behind a name."""
    return "@<%s>" % loc.text() if loc is not None else ""


@dataclass
class Named:
    """A named type: a struct with members, another type's name, or a mere declaration."""

    kind: str  # struct, alias, forward
    members: List[Tuple[str, Type, int]] = field(default_factory=list)
    alias: Optional[Type] = None
    pack: int = 8

    def text(self, name: str) -> str:
        if self.kind == "alias" and self.alias is not None:
            return "typedef %s %s;" % (self.alias.text(), name)
        if self.kind == "forward":
            return "struct %s;" % name
        body = "".join("%s %s[%d];" % (one.text(), label, count) for label, one, count in self.members)
        return "struct %s {%s};" % (name, body)


class Types:
    """The local types of a database."""

    def __init__(self, ptr_size: int) -> None:
        self.ptr_size = ptr_size
        self.named: Dict[str, Named] = {}
        self._layouts: Dict[str, Tuple[int, int, List[Tuple[int, int]]]] = {}

    def add(self, name: str, one: Named) -> None:
        self.named[name] = one
        self._layouts.clear() if name in self._layouts else None
        self.layout(Type(name=name))  # what cannot be laid out is no definition

    def remove(self, name: str) -> bool:
        self._layouts.clear()
        return self.named.pop(name, None) is not None

    def size(self, one: Type) -> int:
        return self.layout(one)[0]

    def layout(self, one: Type) -> Tuple[int, int, List[Tuple[int, int]]]:
        """Size, alignment, and the ranges of bytes that are not padding."""
        if one.function is not None:
            return BADSIZE, 1, []
        if one.target is not None:
            return self.ptr_size, self.ptr_size, [(0, self.ptr_size)]
        if one.word:
            size = WORDS[one.word.replace("unsigned ", "")]
            return size, max(size, 1), [(0, size)] if size else []
        if one.name not in self._layouts:
            self._layouts[one.name] = self._layout(one.name)
        return self._layouts[one.name]

    def _layout(self, name: str) -> Tuple[int, int, List[Tuple[int, int]]]:
        named = self.named.get(name)
        if named is None:
            raise BadType("nothing is known of " + name)
        if named.kind == "alias" and named.alias is not None:
            return self.layout(named.alias)
        if named.kind == "forward":
            return 0, 1, []
        end, most, data = 0, 1, []
        for _, member, count in named.members:
            size, align, ranges = self.layout(member)
            if size in (0, BADSIZE):
                raise BadType(member.text() + " is used before its definition")
            align = min(align, named.pack)
            start = -(-end // align) * align
            end, most = start + size * count, max(most, align)
            if ranges == [(0, size)]:
                data.append((start, start + size * count))
                continue
            for index in range(count):
                data += [(start + index * size + low, start + index * size + high) for low, high in ranges]
        return -(-end // most) * most, most, joined(data)


def joined(ranges: List[Tuple[int, int]]) -> List[Tuple[int, int]]:
    """Ranges that touch as one."""
    out: List[Tuple[int, int]] = []
    for low, high in ranges:
        if out and out[-1][1] == low:
            out[-1] = out[-1][0], high
        else:
            out.append((low, high))
    return out
