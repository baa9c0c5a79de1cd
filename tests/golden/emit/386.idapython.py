"""Applies the calling conventions that goabi found to the open IDA database.

Run it with File > Script file, or headless with -S. It needs no goabi. Types that you set yourself stay as they are,
so do types of the same name and another size; functions that need one of those are skipped, and listed.
"""

import hashlib
import json

import ida_auto
import ida_bytes
import ida_funcs
import ida_idp
import ida_kernwin
import ida_nalt
import ida_name
import ida_netnode
import ida_typeinf
import idc

HEAD = "{\"schema\":\"goabi.ida-plan/1\",\"tool\":{\"name\":\"goabi\",\"version\":\"0.0.0\"},\"sha256\":\"00\",\"arch\":\"386\",\"go\":\"go1.10-go1.12\",\"image_base\":\"0x400000\",\"pack\":4}"
TYPES = [
    "{\"name\":\"go_string\",\"kind\":\"define\",\"size\":8,\"decl\":\"struct go_string {\\n  unsigned __int8 *str;\\n  __int32 len;\\n};\"}",
    "{\"name\":\"go_eface\",\"kind\":\"define\",\"size\":8,\"decl\":\"struct go_eface {\\n  void *type;\\n  void *data;\\n};\"}",
    "{\"name\":\"go_slice_string\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_slice_string;\"}",
    "{\"name\":\"main_Mixed\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct main_Mixed;\"}",
    "{\"name\":\"atomic_Int64\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct atomic_Int64;\"}",
    "{\"name\":\"main_Counted\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct main_Counted;\"}",
    "{\"name\":\"go_ret_slice_string_bool\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_ret_slice_string_bool;\"}",
    "{\"name\":\"go_bytes24\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_bytes24;\"}",
    "{\"name\":\"go_i8_i32_to12\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_i8_i32_to12;\"}",
    "{\"name\":\"go_slice_string\",\"kind\":\"define\",\"size\":12,\"decl\":\"struct go_slice_string { /* []string */\\n  go_string *ptr;\\n  __int32 len;\\n  __int32 cap;\\n};\"}",
    "{\"name\":\"main_Mixed\",\"kind\":\"define\",\"size\":20,\"decl\":\"struct main_Mixed { /* main.Mixed */\\n  _BOOL1 b;\\n  __int64 n;\\n  double f;\\n};\"}",
    "{\"name\":\"atomic_Int64\",\"kind\":\"define\",\"size\":8,\"decl\":\"struct atomic_Int64 { /* sync/atomic.Int64 */\\n  __int64 v;\\n};\"}",
    "{\"name\":\"main_Counted\",\"kind\":\"define\",\"size\":24,\"decl\":\"struct main_Counted { /* main.Counted */\\n  __int32 n;\\n  unsigned __int8 pad_4[4];\\n  atomic_Int64 count;\\n  _BOOL1 on;\\n  unsigned __int8 pad_17[7];\\n};\"}",
    "{\"name\":\"go_ret_slice_string_bool\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct go_ret_slice_string_bool { /* ([]string, bool) */\\n  go_slice_string r0;\\n  _BOOL1 r1;\\n};\"}",
    "{\"name\":\"go_bytes24\",\"kind\":\"define\",\"size\":24,\"decl\":\"struct go_bytes24 { /* [24]uint8 */\\n  unsigned __int8 a[24];\\n};\"}",
    "{\"name\":\"go_i8_i32_to12\",\"kind\":\"define\",\"size\":12,\"decl\":\"struct go_i8_i32_to12 { /* struct{int8; int32} */\\n  __int8 f0;\\n  __int32 f1;\\n  unsigned __int8 pad_8[4];\\n};\"}",
]
FUNCTIONS = [
    "{\"entry\":\"0x401000\",\"name\":\"main.f\",\"comment\":\"goabi: func f(n int64, b bool, m Mixed, c *Counted, v interface {}) (list []string, ok bool) [params exact, rtype; results exact, rtype]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"rtype\",\"results\":\"rtype\"},\"decl\":\"go_ret_slice_string_bool __usercall __spoils<eax, ecx, edx> f@<^44.16>(__int64 n@<^0.8>, _BOOL1 b@<^8.1>, main_Mixed m@<^12.20>, main_Counted *c@<^32.4>, go_eface v@<^36.8>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"go_ret_slice_string_bool\",\"size\":16,\"parts\":[{\"off\":0,\"size\":16,\"stack\":44}]},\"args\":[{\"name\":\"n\",\"type\":\"__int64\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"stack\":0}]},{\"name\":\"b\",\"type\":\"_BOOL1\",\"size\":1,\"parts\":[{\"off\":0,\"size\":1,\"stack\":8}]},{\"name\":\"m\",\"type\":\"main_Mixed\",\"size\":20,\"parts\":[{\"off\":0,\"size\":20,\"stack\":12}]},{\"name\":\"c\",\"type\":\"main_Counted *\",\"size\":4,\"parts\":[{\"off\":0,\"size\":4,\"stack\":32}]},{\"name\":\"v\",\"type\":\"go_eface\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"stack\":36}]}],\"spoils\":[\"eax\",\"ecx\",\"edx\"]}",
    "{\"entry\":\"0x401080\",\"name\":\"main.g\",\"comment\":\"goabi: func g(a1 [24]byte, a2 struct{word8; word}) word [params exact, arg_info; results likely, code]\",\"confidence\":{\"params\":\"exact\",\"results\":\"likely\"},\"source\":{\"params\":\"arg_info\",\"results\":\"code\"},\"decl\":\"__int32 __usercall __spoils<eax, ecx, edx> f@<^36.4>(go_bytes24 a1@<^0.24>, go_i8_i32_to12 a2@<^24.12>, void *ctx@<edx>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"__int32\",\"size\":4,\"parts\":[{\"off\":0,\"size\":4,\"stack\":36}]},\"args\":[{\"name\":\"a1\",\"type\":\"go_bytes24\",\"size\":24,\"parts\":[{\"off\":0,\"size\":24,\"stack\":0}]},{\"name\":\"a2\",\"type\":\"go_i8_i32_to12\",\"size\":12,\"parts\":[{\"off\":0,\"size\":12,\"stack\":24}]},{\"name\":\"ctx\",\"type\":\"void *\",\"size\":4,\"parts\":[{\"off\":0,\"size\":4,\"reg\":\"edx\"}]}],\"spoils\":[\"eax\",\"ecx\",\"edx\"]}",
    "{\"entry\":\"0x4010c0\",\"name\":\"\",\"comment\":\"goabi: func sub_4010c0(hModule unsafe.Pointer) int32 [params exact, table; results exact, table]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"table\",\"results\":\"table\"},\"decl\":\"__int32 __stdcall f(void *hModule);\",\"cc\":\"__stdcall\",\"ret\":{\"type\":\"__int32\",\"size\":4,\"parts\":[]},\"args\":[{\"name\":\"hModule\",\"type\":\"void *\",\"size\":4,\"parts\":[]}],\"spoils\":[]}",
]

PACK_FLAGS = {4: 0x30, 8: 0x40}  # PT_PAK4, PT_PAK8 of typeinf.hpp
NODE = "$ goabi script"
TAG = "goabi: "


class Skip(Exception):
    """Why a function stays as it is."""


def declare_types(types, pack):
    """Declares what is missing. Returns the names whose present meaning is another one."""
    flags = ida_typeinf.PT_SIL | ida_typeinf.PT_TYP | PACK_FLAGS.get(pack, 0)
    foreign = set()
    for line in types:
        one = json.loads(line)
        known = size_of(one["name"])
        if one["kind"] == "forward" and known is not None:
            continue
        if one["kind"] != "forward" and known not in (None, 0, one["size"]):
            foreign.add(one["name"])
            continue
        if known != one["size"] or one["size"] == 0:
            ida_typeinf.idc_parse_types(one["decl"], flags)
        if one["kind"] != "forward" and size_of(one["name"]) != one["size"]:
            foreign.add(one["name"])
    return foreign


def size_of(name):
    """Bytes of a named type, 0 when it is only declared, None when there is none."""
    tif = ida_typeinf.tinfo_t()
    if not tif.get_named_type(None, name):
        return None
    size = tif.get_size()
    return 0 if size == ida_typeinf.BADSIZE else size


def function_type(one):
    """The type from its text, or from its parts when this version of IDA reads the text in another way."""
    try:
        return checked(parse(one["decl"]), one)
    except Skip:
        if one["cc"] != "__usercall":
            raise
    return checked(build(one), one)


def parse(decl):
    tif = ida_typeinf.tinfo_t()
    if ida_typeinf.parse_decl(tif, None, decl, ida_typeinf.PT_SIL) is None:
        raise Skip("this version of IDA does not take the declaration")
    return tif


def build(one):
    details = ida_typeinf.func_type_data_t()
    if hasattr(details, "set_cc"):  # since IDA 9.2
        details.set_cc(ida_typeinf.CM_CC_SPECIAL)
    else:
        details.cc = ida_typeinf.CM_CC_SPECIAL
    details.flags |= ida_typeinf.FTI_ARGLOCS | ida_typeinf.FTI_EXPLOCS
    if one["ret"] is None:
        details.rettype = ida_typeinf.tinfo_t(ida_typeinf.BT_VOID)
    else:
        details.rettype = parse(one["ret"]["type"] + " x;")
        set_place(details.retloc, one["ret"])
    for wanted in one["args"]:
        arg = ida_typeinf.funcarg_t()
        arg.name, arg.type = wanted["name"], parse(wanted["type"] + " x;")
        set_place(arg.argloc, wanted)
        details.push_back(arg)
    for name in one["spoils"]:
        register = ida_idp.reg_info_t()
        if ida_idp.parse_reg_name(register, name):
            details.spoiled.push_back(register)
            details.flags |= ida_typeinf.FTI_SPOILED
    tif = ida_typeinf.tinfo_t()
    if not tif.create_func(details):
        raise Skip("IDA does not make the type")
    return tif


def set_place(loc, wanted):
    parts = wanted["parts"]
    if len(parts) == 1 and parts[0]["size"] == wanted["size"]:
        set_part(loc, parts[0])
        return
    scattered = ida_typeinf.scattered_aloc_t()
    for wanted_part in parts:
        part = ida_typeinf.argpart_t()
        part.off, part.size = wanted_part["off"], wanted_part["size"]
        set_part(part, wanted_part)
        scattered.push_back(part)
    loc.consume_scattered(scattered)


def set_part(loc, part):
    if "stack" in part:
        loc.set_stkoff(part["stack"])
    else:
        own = ida_idp.str2reg(part.get("as", part["reg"]))
        loc.set_reg1(own if own >= 0 else ida_idp.str2reg(part["reg"]))


def checked(tif, one):
    """The type, if every place in it is the one that was meant."""
    details = ida_typeinf.func_type_data_t()
    if not tif.get_func_details(details) or len(details) != len(one["args"]):
        raise Skip("the declaration became something else")
    if one["cc"] == "__usercall":
        for arg, wanted in zip(details, one["args"]):
            check_place(arg.argloc, wanted)
        if one["ret"] is not None:
            check_place(details.retloc, one["ret"])
    return tif


def check_place(loc, wanted):
    """Compares a location with the plan's parts."""
    if loc.is_scattered():
        found = [(part.off, part.size, part) for part in loc.scattered()]
    else:
        found = [(0, wanted["size"], loc)]
    parts = wanted["parts"]
    same = len(found) == len(parts) and all(
        (off, size) == (part["off"], part["size"]) and is_at(place, part)
        for (off, size, place), part in zip(found, parts)
    )
    if not same:
        raise Skip("a value ended up elsewhere: " + (wanted.get("name") or "result"))


def is_at(loc, part):
    if "stack" in part:
        return loc.is_stkoff() and loc.stkoff() == part["stack"]
    numbers = [ida_idp.str2reg(part[name]) for name in ("reg", "as") if name in part]
    return loc.is_reg1() and loc.regoff() == 0 and loc.reg1() in numbers


def present_type(ea):
    tif = ida_typeinf.tinfo_t()
    return tif.dstr() if ida_nalt.get_tinfo(tif, ea) else ""


def fingerprint(text):
    """Stands for a text that may be longer than the 1024 bytes of a netnode's value."""
    return hashlib.sha256(text.encode()).hexdigest()


def apply(ea, one, foreign, node):
    """Gives one function its type."""
    if "decl" not in one:
        raise Skip(one.get("why", "nothing to apply"))
    if not ida_bytes.is_loaded(ea):
        raise Skip("the address is not in the database")
    if ida_nalt.is_userti(ea) and fingerprint(present_type(ea)) != node.supstr(ea):
        raise Skip("its type was set by somebody else")
    names = {value["type"].rstrip(" *") for value in one["args"] + [one["ret"] or {"type": ""}]}
    if names & foreign:
        raise Skip("another type has the name " + sorted(names & foreign)[0])
    tif = function_type(one)
    if ida_funcs.get_func(ea) is None:
        ida_funcs.add_func(ea)
    if not ida_typeinf.apply_tinfo(ea, tif, ida_typeinf.TINFO_DEFINITE):
        raise Skip("IDA did not take the type")
    node.supset(ea, fingerprint(present_type(ea)))


def describe(ea, one):
    """Names a function that has no name, and writes or renews the comment."""
    if one["name"] and not ida_bytes.has_user_name(ida_bytes.get_flags(ea)):
        ida_name.set_name(ea, one["name"], ida_name.SN_NOCHECK | ida_name.SN_NOWARN)
    old = idc.get_func_cmt(ea, 1) or ""
    others = [line for line in old.split("\n") if line and not line.startswith(TAG)]
    idc.set_func_cmt(ea, "\n".join([one["comment"]] + others), 1)


def main():
    head = json.loads(HEAD)
    ida_auto.auto_wait()
    slide = ida_nalt.get_imagebase() - int(head["image_base"], 16)
    node = ida_netnode.netnode(NODE, 0, True)
    foreign = declare_types(TYPES, head["pack"])
    done, skipped = 0, {}
    ida_kernwin.show_wait_box("goabi: applying calling conventions")
    try:
        for number, line in enumerate(FUNCTIONS):
            if number % 256 == 0 and ida_kernwin.user_cancelled():
                print("goabi: cancelled")
                break
            one = json.loads(line)
            ea = int(one["entry"], 16) + slide
            try:
                apply(ea, one, foreign, node)
                describe(ea, one)
                done += 1
            except Skip as why:
                skipped.setdefault(str(why), []).append(ea)
    finally:
        ida_kernwin.hide_wait_box()
    print("goabi: %d of %d functions have their convention" % (done, len(FUNCTIONS)))
    for why, places in sorted(skipped.items(), key=lambda item: -len(item[1])):
        print("goabi: %d skipped, first at %#x: %s" % (len(places), places[0], why))


main()
