"""Declarations: C's, with `__usercall`, `__spoils` and argument locations as IDA's manual has them.

It is strict where the manual and the SDK's `verify_argloc` are: every byte that is no padding has one place, padding has
none, stack places are all written or none, `void` has no place, offsets are decimal, registers are the processor's.
"""

from __future__ import annotations

import re
from typing import List, Optional, Tuple

from .model import WORDS, Argument, BadType, Function, Loc, Named, Type, Types
from .registers import Table

TOKEN = re.compile(r"\s*(?:(@<[^>]*>)|(__spoils<[^>]*>)|(\w+)|(.))", re.S)
CONVENTIONS = ("__usercall", "__userpurge", "__fastcall", "__cdecl", "__stdcall", "__golang", "")
PLACED = ("__usercall", "__userpurge")
MAX_ARGS = 256


class Parser:
    """Reads one declaration or several."""

    def __init__(self, text: str, types: Types, registers: Table, pack: int = 8) -> None:
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        self.tokens = [next(filter(None, groups)) for groups in TOKEN.findall(text)]
        self.tokens = [token for token in self.tokens if not token.isspace()]
        self.at = 0
        self.types, self.registers, self.pack = types, registers, pack

    # ---- tokens

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise BadType("expected %s, found %r" % (wanted or "more", token))
        self.at += 1
        return token

    def accept(self, wanted: str) -> bool:
        found = self.peek() == wanted
        self.at += found
        return found

    # ---- declarations of types

    def declarations(self) -> None:
        while self.peek():
            if self.accept("typedef"):
                alias = self.type()
                self.add(self.identifier(), Named("alias", alias=alias))
            elif self.accept("struct"):
                self.struct()
            else:
                raise BadType("no declaration of a type: " + self.peek())
            self.take(";")

    def struct(self) -> None:
        self.accept("__tuple")
        name = self.identifier()
        if not self.accept("{"):
            if name not in self.types.named:
                self.add(name, Named("forward"))
            return
        members: List[Tuple[str, Type, int]] = []
        while not self.accept("}"):
            one, label, count = self.type(), self.identifier(), 1
            if self.accept("["):
                count = int(self.take())
                self.take("]")
            self.take(";")
            members.append((label, one, count))
        if len({label for label, _, _ in members}) != len(members) or not members:
            raise BadType("members of %s" % name)
        known = self.types.named.get(name)
        if known is not None and known.kind != "forward":
            raise BadType(name + " is defined already")
        self.add(name, Named("struct", members, pack=self.pack))

    def add(self, name: str, one: Named) -> None:
        before = self.types.named.get(name)
        try:
            self.types.add(name, one)
        except BadType:
            self.types.named.pop(name)
            if before is not None:
                self.types.named[name] = before
            raise

    def identifier(self) -> str:
        token = self.take()
        if not re.fullmatch(r"[A-Za-z_]\w*", token) or token in WORDS:
            raise BadType("no identifier: " + token)
        return token

    def type(self) -> Type:
        """A type without declarator: words, names, pointers."""
        self.accept("struct")
        word = self.take()
        if word == "unsigned":
            word = "unsigned " + self.take()
        if word.replace("unsigned ", "") in WORDS:
            one = Type(word=word)
        elif word in self.types.named:
            one = Type(name=word)
        else:
            raise BadType("unknown word " + word)
        while self.accept("*"):
            one = Type(target=one)
        return one

    # ---- one declaration of a variable or function

    def declaration(self) -> Tuple[str, Type]:
        result = self.type()
        pointer = self.accept("(")
        convention = self.take() if self.peek() in CONVENTIONS[:-1] else ""
        spoiled = self.spoils()
        if pointer:
            self.take("*")
        name = self.identifier()
        if pointer:
            self.take(")")
        loc = self.location(result)
        if not pointer and not convention and self.accept(";"):
            return name, result
        function = Function(convention, result, loc, self.arguments(), spoiled)
        self.take(";")
        self.sound(function)
        one = Type(function=function)
        return name, Type(target=one) if pointer else one

    def spoils(self) -> Optional[List[str]]:
        if not self.peek().startswith("__spoils<"):
            return None
        names = [name.strip().lower() for name in self.take()[len("__spoils<") : -1].split(",")]
        for name in names:
            self.register(name)
        return names

    def arguments(self) -> List[Argument]:
        self.take("(")
        if self.peek() == "void" and self.tokens[self.at + 1] == ")":
            self.at += 2
            return []
        args: List[Argument] = []
        while True:
            one = self.type()
            name = self.identifier() if re.match(r"\w", self.peek()) else ""
            args.append(Argument(one, name, self.location(one)))
            if self.accept(")"):
                return args
            self.take(",")

    def sound(self, function: Function) -> None:
        """What IDA's manual demands of all locations together."""
        locs = [arg.loc for arg in function.args]
        if len(locs) > MAX_ARGS:
            raise BadType("too many parameters")
        if function.convention in PLACED:
            if any(loc is None for loc in locs) or (function.loc is None) != (function.result.word == "void"):
                raise BadType("a place is missing, or void has one")
        elif any(loc is not None for loc in locs + [function.loc]):
            raise BadType("places without __usercall")
        if any(self.types.size(arg.type) in (0,) for arg in function.args):
            raise BadType("a parameter of no size")

    # ---- locations

    def location(self, one: Type) -> Optional[Loc]:
        if not self.peek().startswith("@<"):
            return None
        text = self.take()[2:-1]
        if one.word == "void":
            raise BadType("void has no place")
        size, _, ranges = self.types.layout(one)
        if re.match(r"\d", text):
            parts = [self.part(part.strip()) for part in text.split(",")]
            covered = sorted(byte for off, length, _ in parts for byte in range(off, off + length))
            if covered != [byte for low, high in ranges for byte in range(low, high)]:
                raise BadType("parts cover padding, or not everything: %s of %s" % (text, one.text()))
            return Loc(parts=parts).normal()
        loc, length = self.spot(text)
        if loc.stack is not None and length != size:
            raise BadType("%d bytes on the stack for a type of %d" % (length, size))
        return loc

    def part(self, text: str) -> Tuple[int, int, Loc]:
        off, _, rest = text.partition(":")
        loc, size = self.spot(rest)
        return int(off), size, loc

    def spot(self, text: str) -> Tuple[Loc, int]:
        """A register or a place on the stack, and how many bytes."""
        stack = re.fullmatch(r"\^(\d+)\.(\d+)", text)
        if stack:
            return Loc(stack=int(stack[1])), int(stack[2])
        pair = re.fullmatch(r"([a-zA-Z]\w*):([a-zA-Z]\w*)", text)
        if pair:
            (high, one), (low, two) = self.register(pair[1]), self.register(pair[2])
            return Loc(reg=low, high=high), one + two
        reg = re.fullmatch(r"([a-zA-Z]\w*)(?:\^(\d+))?(?:\.(\d+))?", text)
        if reg is None:
            raise BadType("no location: " + text)
        number, whole = self.register(reg[1])
        off = int(reg[2] or 0)
        size = int(reg[3] or whole - off)
        if size + off > whole:
            raise BadType("%s does not hold %d bytes" % (reg[1], size))
        return Loc(reg=number, regoff=off), size

    def register(self, name: str) -> Tuple[int, int]:
        found = self.registers.get(name.lower())
        if found is None:
            raise BadType("no register " + name)
        return found
