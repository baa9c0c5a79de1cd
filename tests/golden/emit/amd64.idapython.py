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

HEAD = "{\"schema\":\"goabi.ida-plan/1\",\"tool\":{\"name\":\"goabi\",\"version\":\"0.0.0\"},\"sha256\":\"00\",\"arch\":\"amd64\",\"go\":\"go1.24.11\",\"image_base\":\"0x400000\",\"pack\":8}"
TYPES = [
    "{\"name\":\"go_string\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct go_string {\\n  unsigned __int8 *str;\\n  __int64 len;\\n};\"}",
    "{\"name\":\"go_iface\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct go_iface {\\n  void *tab;\\n  void *data;\\n};\"}",
    "{\"name\":\"go_complex128\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct go_complex128 {\\n  double re;\\n  double im;\\n};\"}",
    "{\"name\":\"go_error\",\"kind\":\"alias\",\"size\":16,\"decl\":\"typedef go_iface go_error; /* error */\"}",
    "{\"name\":\"io_Writer\",\"kind\":\"alias\",\"size\":16,\"decl\":\"typedef go_iface io_Writer; /* io.Writer */\"}",
    "{\"name\":\"server_Server\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct server_Server;\"}",
    "{\"name\":\"server_Pair\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct server_Pair;\"}",
    "{\"name\":\"go_map_string_ptr_server_Server\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_map_string_ptr_server_Server;\"}",
    "{\"name\":\"go_array_4_uint8\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_array_4_uint8;\"}",
    "{\"name\":\"go_slice_uint8\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_slice_uint8;\"}",
    "{\"name\":\"atomic_Uint32\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct atomic_Uint32;\"}",
    "{\"name\":\"sync_atomic_Uint32\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct sync_atomic_Uint32;\"}",
    "{\"name\":\"go_ret_int_error\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_ret_int_error;\"}",
    "{\"name\":\"go_p_i64\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_p_i64;\"}",
    "{\"name\":\"go_ret_int64_int64\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_ret_int64_int64;\"}",
    "{\"name\":\"go_ret_int32_error\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_ret_int32_error;\"}",
    "{\"name\":\"go_ret_float64_array_4_uint8_server_Pair\",\"kind\":\"forward\",\"size\":0,\"decl\":\"struct go_ret_float64_array_4_uint8_server_Pair;\"}",
    "{\"name\":\"server_Server\",\"kind\":\"define\",\"size\":48,\"decl\":\"struct server_Server { /* example.com/server.Server */\\n  go_string name;\\n  server_Server *next;\\n  __int8 int_;\\n  _BOOL1 field_25;\\n  go_map_string_ptr_server_Server *conns;\\n  unsigned __int8 addr[4];\\n};\"}",
    "{\"name\":\"server_Pair\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct server_Pair { /* example.com/server.Pair */\\n  _BOOL1 ok;\\n  __int64 n;\\n};\"}",
    "{\"name\":\"go_array_4_uint8\",\"kind\":\"define\",\"size\":4,\"decl\":\"struct go_array_4_uint8 { /* [4]uint8 */\\n  unsigned __int8 a[4];\\n};\"}",
    "{\"name\":\"go_slice_uint8\",\"kind\":\"define\",\"size\":24,\"decl\":\"struct go_slice_uint8 { /* []uint8 */\\n  unsigned __int8 *ptr;\\n  __int64 len;\\n  __int64 cap;\\n};\"}",
    "{\"name\":\"atomic_Uint32\",\"kind\":\"define\",\"size\":4,\"decl\":\"struct atomic_Uint32 { /* internal/runtime/atomic.Uint32 */\\n  unsigned __int32 value;\\n};\"}",
    "{\"name\":\"sync_atomic_Uint32\",\"kind\":\"define\",\"size\":4,\"decl\":\"struct sync_atomic_Uint32 { /* sync/atomic.Uint32 */\\n  unsigned __int32 v;\\n};\"}",
    "{\"name\":\"go_ret_int_error\",\"kind\":\"define\",\"size\":24,\"decl\":\"struct go_ret_int_error { /* (int, error) */\\n  __int64 r0;\\n  go_error r1;\\n};\"}",
    "{\"name\":\"go_p_i64\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct go_p_i64 { /* struct{unsafe.Pointer; int64} */\\n  void *f0;\\n  __int64 f1;\\n};\"}",
    "{\"name\":\"go_ret_int64_int64\",\"kind\":\"define\",\"size\":16,\"decl\":\"struct go_ret_int64_int64 { /* (int64, int64) */\\n  __int64 r0;\\n  __int64 r1;\\n};\"}",
    "{\"name\":\"go_ret_int32_error\",\"kind\":\"define\",\"size\":24,\"decl\":\"struct go_ret_int32_error { /* (int32, error) */\\n  __int32 r0;\\n  go_error r1;\\n};\"}",
    "{\"name\":\"go_ret_float64_array_4_uint8_server_Pair\",\"kind\":\"define\",\"size\":32,\"decl\":\"struct go_ret_float64_array_4_uint8_server_Pair { /* (float64, [4]uint8, example.com/server.Pair) */\\n  double r0;\\n  unsigned __int8 r1[4];\\n  server_Pair r2;\\n};\"}",
]
FUNCTIONS = [
    "{\"entry\":\"0x401000\",\"name\":\"example.com/server.(*Server).handle\",\"comment\":\"goabi: func (s *Server) handle(w io.Writer, name string, n int8) (int, error) [params exact, rtype; results exact, rtype]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"rtype\",\"results\":\"rtype\"},\"decl\":\"go_ret_int_error __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<0:rax, 8:rbx, 16:rcx>(server_Server *s@<rax>, io_Writer w@<0:rbx, 8:rcx>, go_string name@<0:rdi, 8:rsi>, __int8 n@<r8b>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"go_ret_int_error\",\"size\":24,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rax\"},{\"off\":8,\"size\":8,\"reg\":\"rbx\"},{\"off\":16,\"size\":8,\"reg\":\"rcx\"}]},\"args\":[{\"name\":\"s\",\"type\":\"server_Server *\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rax\"}]},{\"name\":\"w\",\"type\":\"io_Writer\",\"size\":16,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rbx\"},{\"off\":8,\"size\":8,\"reg\":\"rcx\"}]},{\"name\":\"name\",\"type\":\"go_string\",\"size\":16,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rdi\"},{\"off\":8,\"size\":8,\"reg\":\"rsi\"}]},{\"name\":\"n\",\"type\":\"__int8\",\"size\":1,\"parts\":[{\"off\":0,\"size\":1,\"reg\":\"r8\",\"as\":\"r8b\"}]}],\"spoils\":[\"rax\",\"rcx\",\"rdx\",\"rbx\",\"rsi\",\"rdi\",\"r8\",\"r9\",\"r10\",\"r11\",\"r12\",\"r13\",\"r15\"]}",
    "{\"entry\":\"0x401100\",\"name\":\"example.com/server.main.func1\",\"comment\":\"goabi: func main.func1(a1 word, a2 struct{unsafe.Pointer; int64}, a3 float64, a4 word8) (word, word) [params exact, spill; results likely, code]\",\"confidence\":{\"params\":\"exact\",\"results\":\"likely\"},\"source\":{\"params\":\"spill\",\"results\":\"code\"},\"decl\":\"go_ret_int64_int64 __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<0:rax, 8:rbx>(__int64 a1@<rax>, go_p_i64 a2@<0:rbx, 8:rcx>, double a3@<xmm0>, __int8 a4@<dil>, void *ctx@<rdx>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"go_ret_int64_int64\",\"size\":16,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rax\"},{\"off\":8,\"size\":8,\"reg\":\"rbx\"}]},\"args\":[{\"name\":\"a1\",\"type\":\"__int64\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rax\"}]},{\"name\":\"a2\",\"type\":\"go_p_i64\",\"size\":16,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rbx\"},{\"off\":8,\"size\":8,\"reg\":\"rcx\"}]},{\"name\":\"a3\",\"type\":\"double\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"xmm0\"}]},{\"name\":\"a4\",\"type\":\"__int8\",\"size\":1,\"parts\":[{\"off\":0,\"size\":1,\"reg\":\"rdi\",\"as\":\"dil\"}]},{\"name\":\"ctx\",\"type\":\"void *\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rdx\"}]}],\"spoils\":[\"rax\",\"rcx\",\"rdx\",\"rbx\",\"rsi\",\"rdi\",\"r8\",\"r9\",\"r10\",\"r11\",\"r12\",\"r13\",\"r15\"]}",
    "{\"entry\":\"0x401200\",\"name\":\"main.\\u001b[31mred\\u202e\",\"comment\":\"goabi: func \\\\u{1b}[31mred\\\\u{202e}(p server.Pair, t server.Tail, none struct {}, rax time.Duration, int func(int) error, int \\\\u{1b}]0;x\\\\u{7}*evil) server.Pair [params exact, arg_info; results guess, code]\",\"confidence\":{\"params\":\"exact\",\"results\":\"guess\"},\"source\":{\"params\":\"arg_info\",\"results\":\"code\"},\"why\":\"only a guess\"}",
    "{\"entry\":\"0x401300\",\"name\":\"runtime.asmcgocall.abi0\",\"comment\":\"goabi: func asmcgocall.abi0(fn unsafe.Pointer, p server.Pair, b []uint8) (ret int32, err error) [params exact, std; results exact, std]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"std\",\"results\":\"std\"},\"decl\":\"go_ret_int32_error __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<^48.24>(void *fn@<^0.8>, server_Pair p@<^8.16>, go_slice_uint8 b@<^24.24>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"go_ret_int32_error\",\"size\":24,\"parts\":[{\"off\":0,\"size\":24,\"stack\":48}]},\"args\":[{\"name\":\"fn\",\"type\":\"void *\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"stack\":0}]},{\"name\":\"p\",\"type\":\"server_Pair\",\"size\":16,\"parts\":[{\"off\":0,\"size\":16,\"stack\":8}]},{\"name\":\"b\",\"type\":\"go_slice_uint8\",\"size\":24,\"parts\":[{\"off\":0,\"size\":24,\"stack\":24}]}],\"spoils\":[\"rax\",\"rcx\",\"rdx\",\"rbx\",\"rsi\",\"rdi\",\"r8\",\"r9\",\"r10\",\"r11\",\"r12\",\"r13\",\"r15\"]}",
    "{\"entry\":\"0x401400\",\"name\":\"example.com/server.mixed\",\"comment\":\"goabi: func mixed(c complex128) (f float64, a [4]uint8, p Pair) [params exact, dwarf; results exact, dwarf]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"dwarf\",\"results\":\"dwarf\"},\"decl\":\"go_ret_float64_array_4_uint8_server_Pair __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<0:xmm0.8, 8:^0.4, 16:^8.1, 24:^16.8>(go_complex128 c@<0:xmm0.8, 8:xmm1.8>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"go_ret_float64_array_4_uint8_server_Pair\",\"size\":32,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"xmm0\"},{\"off\":8,\"size\":4,\"stack\":0},{\"off\":16,\"size\":1,\"stack\":8},{\"off\":24,\"size\":8,\"stack\":16}]},\"args\":[{\"name\":\"c\",\"type\":\"go_complex128\",\"size\":16,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"xmm0\"},{\"off\":8,\"size\":8,\"reg\":\"xmm1\"}]}],\"spoils\":[\"rax\",\"rcx\",\"rdx\",\"rbx\",\"rsi\",\"rdi\",\"r8\",\"r9\",\"r10\",\"r11\",\"r12\",\"r13\",\"r15\"]}",
    "{\"entry\":\"0x401500\",\"name\":\"\",\"comment\":\"goabi: func sub_401500(a1 word) ? [params exact, spill; results unknown, -]\",\"confidence\":{\"params\":\"exact\",\"results\":\"unknown\"},\"source\":{\"params\":\"spill\",\"results\":null},\"why\":\"the results are not known\"}",
    "{\"entry\":\"0x401600\",\"entries\":[{\"at\":\"0x401610\",\"bytes\":64}],\"name\":\"runtime.duffzero\",\"comment\":\"goabi: func duffzero(ptr unsafe.Pointer) (ptr unsafe.Pointer) [params exact, table; results exact, table]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"table\",\"results\":\"table\"},\"decl\":\"void *__usercall __spoils<rdi> f@<rdi>(void *ptr@<rdi>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"void *\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rdi\"}]},\"args\":[{\"name\":\"ptr\",\"type\":\"void *\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rdi\"}]}],\"spoils\":[\"rdi\"]}",
    "{\"entry\":\"0x401700\",\"name\":\"x_cgo_thread_start\",\"comment\":\"goabi: func x_cgo_thread_start(ts unsafe.Pointer) [params exact, table; results exact, table]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"table\",\"results\":\"table\"},\"decl\":\"void __fastcall f(void *ts);\",\"cc\":\"__fastcall\",\"ret\":null,\"args\":[{\"name\":\"ts\",\"type\":\"void *\",\"size\":8,\"parts\":[]}],\"spoils\":[]}",
    "{\"entry\":\"0x401800\",\"name\":\"main.main\",\"comment\":\"goabi: func main() [params exact, dwarf; results exact, dwarf]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"dwarf\",\"results\":\"dwarf\"},\"decl\":\"void __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f(void);\",\"cc\":\"__usercall\",\"ret\":null,\"args\":[],\"spoils\":[\"rax\",\"rcx\",\"rdx\",\"rbx\",\"rsi\",\"rdi\",\"r8\",\"r9\",\"r10\",\"r11\",\"r12\",\"r13\",\"r15\"]}",
    "{\"entry\":\"0x401880\",\"name\":\"type:.eq.internal/runtime/atomic.Uint32\",\"comment\":\"goabi: func type:.eq.internal/runtime/atomic.Uint32(a1 unsafe.Pointer, a2 unsafe.Pointer) bool [params exact, rtype; results exact, rtype]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"rtype\",\"results\":\"rtype\"},\"decl\":\"_BOOL1 __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f@<al>(void *a1@<rax>, void *a2@<rbx>);\",\"cc\":\"__usercall\",\"ret\":{\"type\":\"_BOOL1\",\"size\":1,\"parts\":[{\"off\":0,\"size\":1,\"reg\":\"rax\",\"as\":\"al\"}]},\"args\":[{\"name\":\"a1\",\"type\":\"void *\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rax\"}]},{\"name\":\"a2\",\"type\":\"void *\",\"size\":8,\"parts\":[{\"off\":0,\"size\":8,\"reg\":\"rbx\"}]}],\"spoils\":[\"rax\",\"rcx\",\"rdx\",\"rbx\",\"rsi\",\"rdi\",\"r8\",\"r9\",\"r10\",\"r11\",\"r12\",\"r13\",\"r15\"]}",
    "{\"entry\":\"0x4018c0\",\"name\":\"main.add\",\"comment\":\"goabi: func add(a1 atomic.Uint32, a2 atomic.Uint32) [params exact, rtype; results exact, rtype]\",\"confidence\":{\"params\":\"exact\",\"results\":\"exact\"},\"source\":{\"params\":\"rtype\",\"results\":\"rtype\"},\"decl\":\"void __usercall __spoils<rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r15> f(atomic_Uint32 a1@<eax>, sync_atomic_Uint32 a2@<ebx>);\",\"cc\":\"__usercall\",\"ret\":null,\"args\":[{\"name\":\"a1\",\"type\":\"atomic_Uint32\",\"size\":4,\"parts\":[{\"off\":0,\"size\":4,\"reg\":\"rax\",\"as\":\"eax\"}]},{\"name\":\"a2\",\"type\":\"sync_atomic_Uint32\",\"size\":4,\"parts\":[{\"off\":0,\"size\":4,\"reg\":\"rbx\",\"as\":\"ebx\"}]}],\"spoils\":[\"rax\",\"rcx\",\"rdx\",\"rbx\",\"rsi\",\"rdi\",\"r8\",\"r9\",\"r10\",\"r11\",\"r12\",\"r13\",\"r15\"]}",
    "{\"entry\":\"0x401900\",\"name\":\"main.twice\",\"comment\":\"goabi: func twice(a1 word, a2 word) [params guess, code; results likely, code]\",\"confidence\":{\"params\":\"guess\",\"results\":\"likely\"},\"source\":{\"params\":\"code\",\"results\":\"code\"},\"why\":\"one register has two values\"}",
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
