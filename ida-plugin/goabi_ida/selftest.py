"""Asks this IDA how it reads what goabi writes. Prints a table that can be pasted into a report.

Works in any database, changes nothing that stays: types are parsed and built, not applied, and those that have to be
declared for it are removed again.
"""

from __future__ import annotations

from typing import Callable, Iterator, List, Tuple

import ida_bytes
import ida_funcs
import ida_idp
import ida_kernwin
import ida_nalt
import ida_pro
import ida_typeinf

from . import compat, declare, prototype, source
from .apply import type_at
from .errors import Skip

Line = Tuple[str, str]
STRUCTS = (
    "struct goabi_test_pair { void *a; __int64 b; };",
    "struct goabi_test_gap { unsigned __int8 a; __int64 b; };",
)
#: What Go's prototypes look like on amd64: a title and the declaration.
DECLARATIONS = (
    ("registers", "void __usercall f(void *a@<rdi>, void *b@<rsi>, __int32 n@<edx>, unsigned __int64 c@<rcx>);"),
    ("stack", "void __usercall f(void *a@<^0.8>, void *b@<^8.8>, unsigned __int64 c@<^16.8>);"),
    ("stack result", "int __usercall f@<^16.4>(void *a@<^0.8>, void *b@<^8.8>);"),
    ("two registers", "goabi_test_pair __usercall f@<0:rax, 8:rbx>(goabi_test_pair s@<0:rax, 8:rbx>, __int64 n@<rcx>);"),
    ("padding left out", "void __usercall f(goabi_test_gap s@<0:rax.1, 8:rbx>);"),
    ("padding mapped", "void __usercall f(goabi_test_gap s@<0:rax, 8:rbx>);"),
    ("small parts", "void __usercall f(goabi_test_gap s@<0:al, 8:rbx>);"),
    ("byte register", "void __usercall f(__int8 a@<r8b>);"),
    ("hexadecimal offset", "int __usercall f@<^0x10.4>(void *a@<^0x0.8>, void *b@<^0x8.8>);"),
    ("float", "double __usercall f@<xmm0>(float a@<xmm1>, double b@<xmm2>);"),
    ("spoils", "void __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15, xmm0> f(void);"),
    ("tuple", "struct __tuple goabi_test_tuple { __int64 a; __int64 b; };"),
    ("pointer", "goabi_test_pair (__usercall *f)@<0:rax, 8:rbx>(void *c@<rdx>);"),
)


def table() -> str:
    """Two columns: the question, the answer."""
    lines = list(_lines())
    width = max(len(question) for question, _ in lines)
    return "\n".join("%-*s | %s" % (width, question, answer) for question, answer in lines)


def _lines() -> Iterator[Line]:
    yield "IDA", "%s, SDK %d" % (ida_kernwin.get_kernel_version(), ida_pro.IDA_SDK_VERSION)
    yield "C parser", compat.selected_parser()
    yield "processor", "%s, Go's name %s" % (ida_idp.get_idp_name(), source.machine() or "unknown")
    yield "decompiler", "yes" if compat.hexrays() is not None else "no, or no licence"
    yield "image base", "%#x" % ida_nalt.get_imagebase()
    yield "input file", "found, the same" if source.input_file() else "not found, or changed"
    added = [text.split()[1] for text in STRUCTS if declare.size_of(text.split()[1]) is None]
    for text in STRUCTS:
        ida_typeinf.idc_parse_types(text, ida_typeinf.PT_SIL | ida_typeinf.PT_TYP | declare.PACK_FLAGS[8])
    try:
        for title, decl in DECLARATIONS if source.machine() == "amd64" else ():
            yield "parse: " + title, _guarded(lambda decl=decl: _parsed(decl))  # type: ignore[misc]
        yield "parts: two registers", _guarded(_built)
        yield "registers", _guarded(_registers)
        yield "types at functions", _guarded(_user_types)
    finally:
        for name in added:
            declare.remove(name)


def _guarded(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except Skip as why:
        return "no: %s" % why
    except Exception as error:  # noqa: BLE001 (an answer too)
        return "%s: %s" % (type(error).__name__, error)


def _parsed(decl: str) -> str:
    tif = prototype.parse(decl)
    details = ida_typeinf.func_type_data_t()
    called = tif.get_pointed_object() if tif.is_ptr() else tif
    if not called.get_func_details(details):
        return "not a function: %s" % tif.dstr()
    places = [_shown(details[n].argloc) for n in range(details.size())]
    return "%s -> %s, %d destroyed; %s" % (" ".join(places), _shown(details.retloc), details.spoiled.size(), tif.dstr())


def _shown(loc: ida_typeinf.argloc_t) -> str:
    if loc.is_scattered():
        return "{%s}" % ", ".join("%d:%s.%d" % (part.off, _shown(part), part.size) for part in loc.scattered())
    if loc.is_reg1():
        return "reg%d%s" % (loc.reg1(), "^%d" % loc.regoff() if loc.regoff() else "")
    return "^%d" % loc.stkoff() if loc.is_stkoff() else "atype%d" % loc.atype()


def _built() -> str:
    ints = ("rax", "rbx") if source.machine() == "amd64" else ("X0", "X1")
    parts = [{"off": 8 * n, "size": 8, "reg": name} for n, name in enumerate(ints)]
    value = {"name": "s", "type": "goabi_test_pair", "size": 16, "parts": parts}
    row = {"cc": "__usercall", "ret": {**value, "name": ""}, "args": [value], "spoils": list(ints)}
    tif = prototype.build(row)
    return "read back the same; " + tif.dstr() if prototype.check(tif, row) else "the destroyed registers are lost"


def _registers() -> str:
    names = "al ax eax rax r8b xmm0 xmm15" if source.machine() == "amd64" else "X0 W0 S0 D0 V0 Q0"
    return ", ".join("%s=%d" % (name, ida_idp.str2reg(name)) for name in names.split())


def _user_types() -> str:
    starts: List[int] = []
    for number in range(min(ida_funcs.get_func_qty(), 2000)):
        function = ida_funcs.getn_func(number)
        if function is not None:
            starts.append(function.start_ea)
    typed = sum(type_at(ea) is not None for ea in starts)
    definite = sum(bool(ida_nalt.is_userti(ea)) for ea in starts)
    named = sum(bool(ida_bytes.has_user_name(ida_bytes.get_flags(ea))) for ea in starts)
    return "of %d functions %d have a type, %d a definite one, %d a name" % (len(starts), typed, definite, named)
