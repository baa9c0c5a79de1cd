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

HEAD = "{\"schema\":\"goabi.ida-plan/1\",\"tool\":{\"name\":\"goabi\",\"version\":\"0.0.0\"},\"sha256\":\"00\",\"arch\":\"arm64\",\"go\":\"go1.24\",\"image_base\":\"0x400000\",\"pack\":8}"
TYPES = [
    "{\"name\":\"image_Point\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct image_Point;\"}",
    "{\"name\":\"main_Vec\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct main_Vec;\"}",
    "{\"name\":\"go_ret_main_Vec_bool\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_ret_main_Vec_bool;\"}",
    "{\"name\":\"go_i64x2\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_i64x2;\"}",
    "{\"name\":\"image_Point\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct image_Point { /* image.Point */\\n  __int64 X;\\n  __int64 Y;\\n};\"}",
    "{\"name\":\"main_Vec\",\"kind\":\"define\",\"size\":12,\"decl\":\"struct main_Vec { /* main.Vec */\\n  float x;\\n  float y;\\n  _BOOL1 on;\\n};\"}",
    "{\"name\":\"go_ret_main_Vec_bool\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct go_ret_main_Vec_bool { /* (main.Vec, bool) */\\n  main_Vec r0;\\n  _BOOL1 r1;\\n};\"}",
    "{\"name\":\"go_i64x2\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct go_i64x2 { /* struct{int64; int64} */\\n  __int64 f0;\\n  __int64 f1;\\n};\"}",
]
FUNCTIONS = [
    "{\"entry\":\"0x100001000\",\"name\":\"main.Vec.Scale\",\"comment\":\"goabi: func (v Vec) Scale(by float32, p image.Point, x3 uint16) (Vec, bool) [params exact, rtype; results exact, rtype]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"rtype\",\"results\":\"rtype\"},\"decl\":\"go_ret_main_Vec_bool __usercall __spoils<X0, X1, X26, Q0, Q31> f@<0:S0, 4:S1, 8:X0.1, 12:X1.1>(main_Vec v@<0:S0, 4:S1, 8:X0.1>, float by@<S2>, image_Point p@<0:X1, 8:X2>, unsigned __int16 x3_@<W3>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"go_ret_main_Vec_bool\",\"size\":16,\"parts\":[{\"off\":0,\"size\":4,\"reg\":\"Q0\",\"as\":\"S0\"},{\"off\":4,\"size\":4,\"reg\":\"Q1\",\"as\":\"S1\"},{\"off\":8,\"size\":1,\"reg\":\"X0\"},{\"off\":12,\"size\":1,\"reg\":\"X1\"}]},\"args\":[{\"name\":\"v\",\"type\":\"main_Vec\",\"size\":12,\"parts\":[{\"off\":0,\"size\":4,\"reg\":\"Q0\",\"as\":\"S0\"},{\"off\":4,\"size\":4,\"reg\":\"Q1\",\"as\":\"S1\"},{\"off\":8,\"size\":1,\"reg\":\"X0\"}]},{\"name\":\"by\",\"type\":\"float\",\"size\":4,\"parts\":[{\"off\":0,\"size\":4,\"reg\":\"Q2\",\"as\":\"S2\"}]},{\"name\":\"p\",\"type\":\"image_Point\",\"size\":16,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"X1\"},{\"off\":8,\"size\":8,\"reg\":\"X2\"}]},{\"name\":\"x3_\",\"type\":\"unsigned __int16\",\"size\":2,\"parts\":[{\"off\":0,\"size\":2,\"reg\":\"X3\",\"as\":\"W3\"}]}],\"spoils\":[\"X0\",\"X1\",\"X26\",\"Q0\",\"Q31\"]}",
    "{\"entry\":\"0x100001100\",\"name\":\"main.main.func1\",\"comment\":\"goabi: func main.func1(a1 struct{word; word}) float64 [params likely, code; results likely, code]\",\"confidence\":{\"params\":\"likely\",\"results\":\"likely\"},\"source\":{\"params\":\"code\",\"results\":\"code\"},\"decl\":\"double __usercall f@<D0>(go_i64x2 a1@<0:X0, 8:X1>, void *ctx@<X26>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"double\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"Q0\",\"as\":\"D0\"}]},\"args\":[{\"name\":\"a1\",\"type\":\"go_i64x2\",\"size\":16,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"X0\"},{\"off\":8,\"size\":8,\"reg\":\"X1\"}]},{\"name\":\"ctx\",\"type\":\"void *\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"X26\"}]}],\"spoils\":[]}",
    "{\"entry\":\"0x100001200\",\"name\":\"main.old\",\"comment\":\"goabi: func old(b bool) word [params exact, std; results exact, std]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"std\",\"results\":\"std\"},\"decl\":\"__int64 __usercall f@<^8.8>(_BOOL1 b@<^0.1>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"__int64\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"stack\":8}]},\"args\":[{\"name\":\"b\",\"type\":\"_BOOL1\",\"size\":1,\"parts\":[{\"off\":0,\"size\":1,\"stack\":0}]}],\"spoils\":[]}",
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
