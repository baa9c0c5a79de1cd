"""`ida_typeinf`: types as Python sees them."""

from __future__ import annotations

import pickle
from typing import Any, Dict, List, Optional, Set, Tuple

from .database import BADADDR
from .grammar import Parser
from .model import BADSIZE, Argument, BadType, Function, Loc, Type

PACKS = {0x10: 1, 0x20: 2, 0x30: 4, 0x40: 8, 0x50: 16, 0: 8}
CC = {"__usercall": 0xF0, "__userpurge": 0xE0, "__fastcall": 0x70, "__cdecl": 0x30, "__stdcall": 0x50}
WORDS = {number: word for word, number in CC.items()}
FTI_NORET = 2


class Spoiled(str):
    """A register of a list of destroyed ones, as `reg_info_t` has it."""

    @property
    def name(self) -> str:
        return str(self)


def make(world: Any) -> Dict[str, Any]:
    """The module's members for the database `world.database`."""

    class argloc_t:
        def __init__(self, loc: Optional[Loc] = None) -> None:
            self.loc = loc or Loc()

        def is_reg1(self) -> bool:
            return self.loc.reg is not None and self.loc.high is None

        def is_reg2(self) -> bool:
            return self.loc.high is not None

        def is_stkoff(self) -> bool:
            return self.loc.stack is not None

        def is_scattered(self) -> bool:
            return self.loc.parts is not None

        def reg1(self) -> int:
            return BADADDR if self.loc.reg is None else self.loc.reg

        def regoff(self) -> int:
            return self.loc.regoff

        def stkoff(self) -> int:
            return BADADDR if self.loc.stack is None else self.loc.stack

        def atype(self) -> int:
            return 1 if self.is_stkoff() else 3 if self.is_reg1() else 2 if self.is_scattered() else 0

        def scattered(self) -> "scattered_aloc_t":
            out = scattered_aloc_t()
            for off, size, loc in self.loc.parts or []:
                part = argpart_t()
                part.off, part.size, part.loc = off, size, loc
                out.push_back(part)
            return out

        def set_reg1(self, reg: int, off: int = 0) -> None:
            assert reg >= 0, "no register"
            self.loc = Loc(reg=reg, regoff=off)

        def set_stkoff(self, off: int) -> None:
            self.loc = Loc(stack=off)

        def consume_scattered(self, p: "scattered_aloc_t") -> None:
            self.loc = Loc(parts=[(part.off, part.size, part.loc) for part in p])

    class argpart_t(argloc_t):
        def __init__(self) -> None:
            super().__init__()
            self.off, self.size = 0, 0

    class vector(list):  # type: ignore[type-arg]
        def push_back(self, item: Any) -> None:
            self.append(item)

        def size(self) -> int:
            return len(self)

    class scattered_aloc_t(vector):
        pass

    class funcarg_t:
        def __init__(self) -> None:
            self.name, self.type, self.argloc = "", tinfo_t(), argloc_t()
            self.cmt, self.flags = "", 0

    class func_type_data_t(vector):
        def __init__(self) -> None:
            super().__init__()
            self.retloc, self.rettype, self.flags, self.spoiled = argloc_t(), tinfo_t(), 0, vector()
            self._cc = 0

        def __getattr__(self, name: str) -> Any:
            old = "old-api" in world.database.tricks
            if name == "set_cc" and not old:
                return lambda cc: vars(self).__setitem__("_cc", cc)
            if name == "cc" and old:
                return self._cc
            raise AttributeError(name)

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "cc":
                assert "old-api" in world.database.tricks, "func_type_data_t has no cc since IDA 9.2"
                name = "_cc"
            super().__setattr__(name, value)

    class tinfo_t:
        def __init__(self, decl_type: Any = None) -> None:
            self.type: Optional[Type] = None
            if decl_type == 1:
                self.type = Type(word="void")

        def dstr(self) -> str:
            return self.type.text() if self.type is not None else ""

        def get_size(self) -> int:
            if self.type is None:
                return BADSIZE
            try:
                return self.types().size(self.type) or BADSIZE
            except BadType:
                return BADSIZE

        def types(self) -> Any:
            return world.database.state.types

        def get_named_type(self, til: Any, name: str) -> bool:
            if name not in self.types().named:
                return False
            self.type = Type(name=name)
            return True

        def is_ptr(self) -> bool:
            return self.type is not None and self.type.target is not None

        def get_pointed_object(self) -> "tinfo_t":
            out = tinfo_t()
            out.type = self.type.target if self.type is not None else None
            return out

        def create_ptr(self, tif: "tinfo_t") -> bool:
            self.type = Type(target=tif.type)
            return True

        def get_func_details(self, fi: func_type_data_t) -> bool:
            function = self.type.function if self.type is not None else None
            if function is None:
                return False
            fi.clear()
            for arg in function.args:
                one = funcarg_t()
                one.name, one.argloc = arg.name, argloc_t(arg.loc)
                one.type.type = arg.type
                fi.push_back(one)
            fi.retloc = argloc_t(function.loc)
            fi.rettype.type = function.result
            fi.spoiled = vector(Spoiled(name) for name in function.spoiled or [])
            placed = function.convention in ("__usercall", "__userpurge")
            fi.flags = 0x300 * placed | (function.spoiled is not None) | FTI_NORET * function.noreturn
            fi._cc = CC.get(function.convention, 0)
            return True

        def create_func(self, fi: func_type_data_t) -> bool:
            placed = fi._cc in (CC["__usercall"], CC["__userpurge"])
            if "no-builder" in world.database.tricks or (placed and fi.flags & 0x300 != 0x300) or fi._cc not in WORDS:
                return False
            result = fi.rettype.type or Type(word="void")
            loc = None if result.word == "void" else fi.retloc.loc.normal()
            if not placed:
                loc = None
            args = [Argument(arg.type.type or Type(word="int"), arg.name, arg.argloc.loc.normal()) for arg in fi]
            if not placed:
                args = [Argument(arg.type, arg.name) for arg in args]
            spoiled = [one.name for one in fi.spoiled] if fi.flags & 1 else None
            function = Function(WORDS[fi._cc], result, loc, args, spoiled, bool(fi.flags & FTI_NORET))
            try:
                parser("").sound(function)
            except BadType:
                return False
            self.type = Type(function=function)
            return True

        def serialize(self) -> Tuple[bytes, bytes, bytes]:
            return pickle.dumps(self.type), b"", b""

        def deserialize(self, til: Any, ptype: bytes, pfields: Any = None, pfldcmts: Any = None) -> bool:
            self.type = pickle.loads(ptype)
            return True

    def parser(text: str, pack: int = 8) -> Parser:
        return Parser(text, world.database.state.types, world.database.registers, pack)

    def parse_decl(out_tif: tinfo_t, til: Any, decl: str, pt_flags: int) -> Optional[str]:
        database = world.database
        try:
            name, one = parser(decl).declaration()
        except BadType:
            return None
        called = one.target if one.target is not None and one.target.function is not None else one
        if called.function is not None:
            if "no-parser" in database.tricks:
                return None
            spoil(called.function, database.tricks)
        out_tif.type = one
        return name

    def spoil(function: Function, tricks: Set[str]) -> None:
        if "no-spoils" in tricks:
            function.spoiled = None
        if "other-parser" in tricks:
            for arg in function.args:
                arg.loc = elsewhere(arg.loc)
            function.loc = elsewhere(function.loc)

    def elsewhere(loc: Optional[Loc]) -> Optional[Loc]:
        if loc is None or loc.parts is None:
            return loc
        return Loc(parts=[(off + index % 2, size, one) for index, (off, size, one) in enumerate(loc.parts)])

    def idc_parse_types(input: str, flags: int) -> int:
        database = world.database
        if not database.writable():
            return 1
        types = database.state.types
        one = parser(input, PACKS[flags & 0x70])
        if flags & 0x200:  # PT_REPLACE
            types.remove(one.tokens[1])
        try:
            one.declarations()
        except BadType as error:
            world.refused.append((input, str(error)))
            return 1
        return 0

    def del_named_type(ti: Any, name: str, ntf_flags: int) -> bool:
        return world.database.writable() and world.database.state.types.remove(name)

    def print_tinfo(prefix: str, indent: int, cmtindent: int, flags: int, tif: tinfo_t, name: str, cmt: str) -> str:
        named = world.database.state.types.named.get(name)
        return named.text(name) if named is not None else tif.dstr()

    def apply_tinfo(ea: int, tif: tinfo_t, flags: int) -> bool:
        database = world.database
        if "raises" in database.tricks:
            raise RuntimeError("interr: 51234")
        if "no-apply" in database.tricks or not database.writable():
            return False
        one = tif.type
        if "other-apply" in database.tricks and one is not None and one.function is not None:
            one = Type(function=Function("__fastcall", one.function.result, None, one.function.args[:1]))
        database.state.function_types[ea] = one, bool(flags & 1)
        return True

    def apply_callee_tinfo(caller: int, tif: tinfo_t) -> bool:
        world.database.state.callee_types[caller] = tif.type
        return True

    classes: List[Any] = [argloc_t, argpart_t, scattered_aloc_t, funcarg_t, func_type_data_t, tinfo_t]
    functions = [parse_decl, idc_parse_types, del_named_type, print_tinfo, apply_tinfo, apply_callee_tinfo]
    members = {one.__name__: one for one in [*classes, *functions]}
    return {
        **members,
        "get_idati": lambda: None,
        "BADSIZE": BADSIZE,
        "BT_VOID": 1,
        "CM_CC_SPECIAL": 0xF0,
        "FTI_SPOILED": 1,
        "FTI_NORET": FTI_NORET,
        "FTI_ARGLOCS": 0x100,
        "FTI_EXPLOCS": 0x200,
        "NTF_TYPE": 1,
        "PRTYPE_1LINE": 0,
        "PRTYPE_TYPE": 2,
        "PRTYPE_DEF": 0x20,
        "PT_SIL": 1,
        "PT_TYP": 4,
        "PT_REPLACE": 0x200,
        "TINFO_GUESSED": 0,
        "TINFO_DEFINITE": 1,
    }
