"""The other `ida_*` modules, and putting all of them where `import` finds them."""

from __future__ import annotations

import sys
import types
from typing import Any, Callable, Dict, List, Optional

from . import kernwin, typeinf
from .database import BADADDR, Database, Segment

FF_NAME, FF_CODE = 1, 2
FUNC_NORET = 1
STAG = ord("S")


class World:
    """IDA: the open database, and what belongs to the program."""

    def __init__(self) -> None:
        self.database = Database()
        self.actions: Dict[str, Any] = {}
        self.menu: List[Any] = []
        self.hooks: List[Any] = []
        #: Declarations of types that the parser refused, with the reason.
        self.refused: List[Any] = []
        self.exit_code: Optional[int] = None
        self.argv: List[str] = [""]
        #: Whether this is the program with windows.
        self.window = True

    def open(self, database: Database) -> Database:
        """Opens a database instead of the present one."""
        self.database = database
        self.refused.clear()
        return database

    def press(self, name: str, ea: int = BADADDR) -> None:
        """Starts an action as the menu does: it is one step of undo."""
        self.database.undo_point(name)
        self.actions[name].handler.activate(types.SimpleNamespace(cur_ea=ea))


def install() -> World:
    """Puts the modules into `sys.modules`."""
    world = World()
    for name, members in modules(world).items():
        module = sys.modules.setdefault(name, types.ModuleType(name))
        vars(module).update(members)
    return world


def modules(world: World) -> Dict[str, Dict[str, Any]]:
    """Members by module."""
    return {
        "ida_typeinf": typeinf.make(world),
        "ida_kernwin": kernwin.make(world),
        "ida_netnode": {"netnode": netnode(world)},
        "ida_idaapi": {
            "BADADDR": BADADDR,
            "PLUGIN_MULTI": 256,
            "PLUGIN_MOD": 1,
            "plugin_t": type("plugin_t", (), {}),
            "plugmod_t": type("plugmod_t", (), {}),
        },
        "ida_auto": {"auto_wait": lambda: True, "reanalyze_callers": lambda ea, noret: world.database.reanalysed.append((ea, noret))},
        "ida_pro": {"IDA_SDK_VERSION": 950, "qexit": lambda code: setattr(world, "exit_code", code)},
        "ida_srclang": {"get_selected_parser_name": lambda: ""},
        "ida_undo": {"create_undo_point": lambda action, label: world.database.undo_point(label) or True},
        "ida_ida": {
            "inf_is_64bit": lambda: world.database.bits == 64,
            "inf_is_be": lambda: world.database.big_endian,
            "inf_get_start_ip": lambda: world.database.entry,
            "inf_get_max_ea": lambda: max((one.end_ea for one in world.database.segments), default=0),
            "inf_get_procname": lambda: world.database.processor,
        },
        "ida_idp": idp(world),
        "ida_bytes": byte_functions(world),
        "ida_funcs": functions(world),
        "ida_nalt": nalt(world),
        "ida_name": names(world),
        "ida_segment": segments(world),
        "ida_hexrays": hexrays(world),
        "ida_loader": {"DBFL_KILL": 1, "set_database_flag": lambda flag, cnd=True: setattr(world.database, "killed", flag)},
        "idautils": {"CodeRefsTo": lambda ea, flow: list(world.database.code_refs.get(ea, []))},
        "idc": {
            "get_func_cmt": lambda ea, repeatable: function_comments(world).get((ea, bool(repeatable)), ""),
            "set_func_cmt": setter(world, lambda: function_comments(world)),
            "save_database": lambda idbname, flags=0: setattr(world.database, "saved", world.database.saved + 1),
            "ARGV": world.argv,
        },
    }


def function_comments(world: World) -> Any:
    return world.database.state.function_comments


def setter(world: World, where: Callable[[], Any]) -> Callable[[int, str, Any], bool]:
    def set_comment(ea: int, text: str, repeatable: Any) -> bool:
        if not world.database.writable():
            return False
        where()[ea, bool(repeatable)] = text
        return True

    return set_comment


def netnode(world: World) -> type:
    class netnode:
        def __init__(self, name: str, namelen: int = 0, do_create: bool = False) -> None:
            self.name = name
            if do_create and world.database.writable():
                self.nodes().setdefault(name, {})

        def nodes(self) -> Any:
            return world.database.state.netnodes

        def values(self) -> Any:
            return self.nodes()[self.name]

        def index(self) -> int:
            return 1 if self.name in self.nodes() else BADADDR

        def change(self, key: Any, value: Any) -> bool:
            if not world.database.writable():
                return False
            assert len(value) <= 1024 or isinstance(key[1], str), "a netnode value has at most 1024 bytes"
            self.values()[key] = value
            return True

        def set(self, value: str) -> bool:
            return self.change((0, "value"), value)

        def supset(self, alt: int, value: str, tag: int = STAG) -> bool:
            assert 0 <= alt <= BADADDR
            return self.change((alt, tag), value)

        def supstr(self, alt: int, tag: int = STAG) -> Optional[str]:
            assert 0 <= alt <= BADADDR
            return self.values().get((alt, tag))

        def supdel(self, alt: int, tag: int) -> bool:
            return self.values().pop((alt, tag), None) is not None

        def keys(self, tag: int) -> List[int]:
            cached = getattr(self, "_keys", None)
            if cached is None or cached[0] != tag:
                cached = self._keys = tag, sorted(alt for alt, one in self.values() if one == tag)
            return cached[1]

        def supfirst(self, tag: int) -> int:
            self._keys = None
            return next(iter(self.keys(tag)), BADADDR)

        def supnext(self, cur: int, tag: int) -> int:
            import bisect

            keys = self.keys(tag)
            at = bisect.bisect_right(keys, cur)
            return keys[at] if at < len(keys) else BADADDR

        def setblob(self, buf: bytes, _start: int, tag: int) -> bool:
            return self.change((tag, "blob"), bytes(buf))

        def getblob(self, start: int, tag: Any) -> Optional[bytes]:
            return self.values().get((ord(tag) if isinstance(tag, str) else tag, "blob"))

        def kill(self) -> None:
            self.nodes().pop(self.name, None)

    return netnode


def idp(world: World) -> Dict[str, Any]:
    def parse_reg_name(ri: Any, regname: str) -> bool:
        found = world.database.registers.get(regname.lower())
        if found is not None:
            ri.reg, ri.size, ri.name = *found, regname.lower()
        return found is not None

    platforms = {"PLFM_386": 0, "PLFM_ARM": 13, "PLFM_PPC": 15, "PLFM_S390": 70, "PLFM_RISCV": 72, "PLFM_MIPS": 12}
    return {
        **platforms,
        "ph_get_id": lambda: {"metapc": 0, "ARM": 13}[world.database.processor],
        "get_idp_name": lambda: {"metapc": "pc", "ARM": "arm"}[world.database.processor],
        "str2reg": lambda p: world.database.registers.get(p.lower(), (-1, 0))[0],
        "reg_info_t": type("reg_info_t", (), {}),
        "parse_reg_name": parse_reg_name,
    }


def byte_functions(world: World) -> Dict[str, Any]:
    def get_flags(ea: int) -> int:
        database = world.database
        return FF_NAME * (ea in database.state.names) | FF_CODE * (database.function_at(ea) is not None)

    def get_bytes_and_mask(ea: int, size: int, gmb_flags: int = 1) -> Any:
        one = world.database.segment_at(ea)
        if one is None:
            return None
        data = one.data[ea - one.start : ea - one.start + size]
        known = (1 << len(data)) - 1
        return data + b"\xff" * (size - len(data)), known.to_bytes(-(-size // 8), "little")

    return {
        "get_flags": get_flags,
        "has_user_name": lambda flags: bool(flags & FF_NAME),
        "is_code": lambda flags: bool(flags & FF_CODE),
        "is_loaded": lambda ea: world.database.loaded(ea),
        "is_mapped": lambda ea: world.database.segment_at(ea) is not None,
        "get_bytes_and_mask": get_bytes_and_mask,
        "get_cmt": lambda ea, rptble: world.database.state.comments.get((ea, bool(rptble)), None),
        "set_cmt": setter(world, lambda: world.database.state.comments),
    }


def functions(world: World) -> Dict[str, Any]:
    def seen(start: Optional[int]) -> Any:
        if start is None:
            return None
        state = world.database.state
        return types.SimpleNamespace(start_ea=start, end_ea=state.functions[start], flags=FUNC_NORET * (start in state.noreturn))

    def update_func(pfn: Any) -> bool:
        if not world.database.writable():
            return False
        change = set.add if pfn.flags & FUNC_NORET else set.discard
        change(world.database.state.noreturn, pfn.start_ea)
        return True

    def add_func(ea1: int, ea2: int = BADADDR) -> bool:
        database = world.database
        if not database.writable() or not database.loaded(ea1) or database.function_at(ea1) is not None:
            return False
        database.add_function(ea1, ea1 + 16 if ea2 == BADADDR else ea2)
        return True

    def del_func(ea: int) -> bool:
        world.database.forget_starts()
        world.database.state.noreturn.discard(ea)
        return world.database.writable() and world.database.state.functions.pop(ea, None) is not None

    def set_func_end(ea: int, newend: int) -> bool:
        start = world.database.function_at(ea)
        if start is None or not world.database.writable():
            return False
        world.database.state.functions[start] = newend
        return True

    def get_next_func(ea: int) -> Any:
        import bisect

        starts = world.database.starts()
        at = bisect.bisect_right(starts, ea)
        return seen(starts[at]) if at < len(starts) else None

    return {
        "get_func": lambda ea: seen(world.database.function_at(ea)),
        "getn_func": lambda n: seen(world.database.starts()[n]),
        "get_func_qty": lambda: len(world.database.state.functions),
        "get_next_func": get_next_func,
        "add_func": add_func,
        "del_func": del_func,
        "set_func_end": set_func_end,
        "update_func": update_func,
        "FUNC_NORET": FUNC_NORET,
    }


def nalt(world: World) -> Dict[str, Any]:
    def get_tinfo(tif: Any, ea: int) -> bool:
        found = world.database.state.function_types.get(ea)
        tif.type = found[0] if found is not None else None
        return found is not None

    def set_op_tinfo(ea: int, n: int, tif: Any) -> bool:
        if not world.database.writable() or "no-apply" in world.database.tricks:
            return False
        world.database.state.operand_types[ea, n] = tif.type
        return True

    def get_op_tinfo(tif: Any, ea: int, n: int) -> bool:
        tif.type = world.database.state.operand_types.get((ea, n))
        return tif.type is not None

    return {
        "get_imagebase": lambda: world.database.base,
        "get_input_file_path": lambda: world.database.input_path,
        "retrieve_input_file_sha256": lambda: world.database.input_sha256,
        "get_tinfo": get_tinfo,
        "del_tinfo": lambda ea: world.database.state.function_types.pop(ea, None) and None,
        "is_userti": lambda ea: world.database.state.function_types.get(ea, (None, False))[1],
        "set_op_tinfo": set_op_tinfo,
        "get_op_tinfo": get_op_tinfo,
        "del_op_tinfo": lambda ea, n: world.database.state.operand_types.pop((ea, n), None) and None,
    }


def names(world: World) -> Dict[str, Any]:
    legal = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$?@.")

    def set_name(ea: int, name: str, flags: int = 0) -> bool:
        database = world.database
        if not database.writable():
            return False
        if not name:
            return database.state.names.pop(ea, None) is not None
        assert flags & 1, "an illegal name is refused without SN_NOCHECK"
        text = "".join(c if c in legal else "_" for c in name)
        taken = world.taken = getattr(world, "taken", None) or set()
        if world.taken_of is not database.state.names:
            world.taken_of, world.taken = database.state.names, set(database.state.names.values())
            taken = world.taken
        unique, number = text, 0
        while unique in taken and flags & 0x800:
            unique, number = "%s_%d" % (text, number), number + 1
        if unique in taken:
            return False
        taken.add(unique)
        database.state.names[ea] = unique
        return True

    world.taken_of = None  # type: ignore[attr-defined]
    constants = {"SN_NOCHECK": 1, "SN_NOWARN": 0x100, "SN_FORCE": 0x800}
    return {**constants, "get_name": lambda ea: world.database.state.names.get(ea, ""), "set_name": set_name}


def segments(world: World) -> Dict[str, Any]:
    def getnseg(n: int) -> Optional[Segment]:
        return world.database.segments[n] if n < len(world.database.segments) else None

    bits = {"SEGPERM_EXEC": 1, "SEGPERM_WRITE": 2, "SEGPERM_READ": 4, "SEG_XTRN": 1, "SEG_CODE": 2, "SEG_BSS": 9}
    return {**bits, "get_segm_qty": lambda: len(world.database.segments), "getnseg": getnseg}


def hexrays(world: World) -> Dict[str, Any]:
    return {
        "init_hexrays_plugin": lambda flags=0: "no-decompiler" not in world.database.tricks,
        "mark_cfunc_dirty": lambda ea, close_views=False: world.database.dirty.append(ea) or True,
        "clear_cached_cfuncs": lambda: world.database.dirty.append(None),
    }
