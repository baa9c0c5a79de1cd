"""Runs an IDAPython script without IDA: `fake_ida.py SCRIPT [trick…]`, and prints what became of each address.

The modules have what the scripts may use and nothing else; declarations are parsed by the grammar of IDA's manual, with
C's layout rules. A trick spoils something: `user-type` has a type at the first function that somebody else set,
`other-parser` puts every second part of a value elsewhere, `other-size` knows the first struct with another size,
`no-parser` takes no function's declaration, `no-builder` makes no type from parts, `twice` runs the script twice.
"""

import re
import runpy
import sys
import types

WORDS = {"__int8": 1, "_BOOL1": 1, "__int16": 2, "__int32": 4, "float": 4, "__int64": 8, "double": 8}
PARTS = {}
for number, middle in enumerate(["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"]):
    low = middle[0] + "l" if middle.endswith("x") else middle + "l"
    PARTS.update({"r" + middle: number, "e" + middle: number, middle: number, low: number})
for number in range(8, 16):
    PARTS.update({"r%d%s" % (number, size): number for size in ["", "d", "w", "b"]})
for number in range(32):
    PARTS.update({"xmm%d" % number: 64 + number, "X%d" % number: number, "W%d" % number: number})
    PARTS.update({"%s%d" % (kind, number): 64 + number for kind in "SDQ"})


class World:
    """A database."""

    def __init__(self, tricks, image_base, ptr_size):
        self.tricks = tricks
        self.image_base = image_base
        self.ptr_size = ptr_size
        self.types = {}  # name -> (size, alignment), size 0 for declared ones
        self.function_types = {}
        self.comments = {}
        self.names = {}
        self.nodes = {}


class Place:
    """An argloc_t or an argpart_t."""

    def __init__(self, reg=None, stack=None, parts=None, off=0, size=0):
        self.reg, self.stack, self.parts, self.off, self.size = reg, stack, parts, off, size

    def is_reg1(self):
        return self.reg is not None

    def reg1(self):
        return self.reg

    def regoff(self):
        return 0

    def is_stkoff(self):
        return self.stack is not None

    def stkoff(self):
        return self.stack

    def is_scattered(self):
        return self.parts is not None

    def scattered(self):
        return self.parts

    def set_reg1(self, reg):
        assert reg >= 0
        self.reg = reg

    def set_stkoff(self, offset):
        self.stack = offset

    def consume_scattered(self, parts):
        self.parts = list(parts)


def place(text, tricks):
    """Parses what stands between @< and >."""
    part = r"(?:\^(?P<stack>\d+)\.(?P<slot>\d+)|(?P<reg>[A-Za-z]\w*)(?:\.(?P<size>\d+))?)"
    alone = re.fullmatch(part, text)
    if alone:
        return Place(reg_number(alone["reg"]), stack_offset(alone["stack"]))
    found = []
    for index, one in enumerate(text.split(", ")):
        match = re.fullmatch(r"(?P<off>\d+):" + part, one)
        if match is None:
            raise SyntaxError(text)
        size = match["slot"] or match["size"] or whole_size(match["reg"])
        off = int(match["off"]) + (1 if "other-parser" in tricks and index % 2 else 0)
        found.append(Place(reg_number(match["reg"]), stack_offset(match["stack"]), None, off, int(size)))
    return Place(parts=found)


def stack_offset(text):
    return None if text is None else int(text)


def reg_number(name):
    return None if name is None else PARTS[name]


def whole_size(name):
    if name.startswith(("xmm", "Q")):
        return 16
    return {"S": 4, "W": 4, "e": 4}.get(name[0], 8)


class Tinfo:
    """A tinfo_t."""

    def __init__(self, basic=None):
        self.text, self.size, self.details = basic or "", None, None

    def create_func(self, details):
        args = ", ".join("%s %s" % (arg.type.text, arg.name) for arg in details)
        self.text = "%s (built)(%s)" % (details.rettype.text, args)
        self.details = details.retloc, list(details)
        return "no-builder" not in WORLD.tricks and details.flags & 0x300 == 0x300 and details.cc == 0xF0

    def dstr(self):
        return self.text

    def get_size(self):
        return self.size or TYPEINF.BADSIZE

    def get_named_type(self, _til, name):
        if name not in WORLD.types:
            return False
        self.size = WORLD.types[name][0]
        return True

    def get_func_details(self, details):
        if self.details is None:
            return False
        details.retloc, args = self.details
        details.extend(args)
        return True


class Vector(list):
    """A qvector."""

    push_back = list.append


class FuncDetails(Vector):
    """A func_type_data_t, as before IDA 9.2."""

    def __init__(self):
        super().__init__()
        self.retloc, self.rettype, self.cc, self.flags, self.spoiled = Place(), None, 0, 0, Vector()


class FuncArg:
    """A funcarg_t."""

    def __init__(self):
        self.name, self.type, self.argloc = "", None, Place()


def parse_decl(tif, _til, text, _flags):
    variable = re.fullmatch(r"(\w[\w ]*?[ *]+)x;", text)
    if variable:
        tif.text = variable[1].strip()
        tif.size = size_of(tif.text)[0]
        return "x"
    usercall = re.fullmatch(r"(.+?)__usercall(?: __spoils<[^>]*>)? (\w+)(?:@<([^>]+)>)?\((.*)\);", text)
    plain = re.fullmatch(r"(.+?)__(?:fastcall|cdecl|stdcall) (\w+)()\((.*)\);", text)
    match = usercall or plain
    if match is None or "no-parser" in WORLD.tricks:
        return None
    ret = match[3] and place(match[3], WORLD.tricks)
    args = []
    for one in [] if match[4] == "void" else re.findall(r"[^,@]+(?:@<[^>]+>)?", match[4]):
        word = re.fullmatch(r"\s*(\w[\w ]*?[ *]+)(\w+)(?:@<([^>]+)>)?", one)
        size_of(word[1].strip())
        args.append(types.SimpleNamespace(argloc=word[3] and place(word[3], WORLD.tricks)))
    tif.text, tif.details = re.sub(r" \w+(@<[^>]+>)?\(", "(", text, count=1), (ret, args)
    return match[2]


def size_of(word):
    """Size and alignment of a type by its spelling."""
    if word.endswith("*"):
        size_of_target = word.rstrip("* ")
        if size_of_target != "void" and size_of_target.replace("unsigned ", "") not in WORDS:
            assert size_of_target in WORLD.types, "nothing is known of " + size_of_target
        return WORLD.ptr_size, WORLD.ptr_size
    word = word.replace("unsigned ", "")
    if word in WORDS:
        return WORDS[word], WORDS[word]
    size, alignment = WORLD.types[word]
    assert size, word + " is used before its definition"
    return size, alignment


def idc_parse_types(text, flags):
    pack = {0x30: 4, 0x40: 8}[flags & 0x70]
    text = re.sub(r"/\*.*?\*/", "", text).strip()
    alias = re.fullmatch(r"typedef (.+?) (\w+);", text)
    forward = re.fullmatch(r"struct (\w+);", text)
    if alias:
        WORLD.types[alias[2]] = size_of(alias[1])
    elif forward:
        WORLD.types.setdefault(forward[1], (0, 1))
    else:
        name, body = re.fullmatch(r"struct (\w+) \{(.*)\};", text, re.S).groups()
        end, most = 0, 1
        for member in body.strip().split("\n"):
            word, _, count = re.fullmatch(r"\s*(\w[\w ]*?[ *]+)(\w+)(?:\[(\d+)\])?;", member).groups()
            size, alignment = size_of(word.strip())
            alignment = min(alignment, pack)
            end = -(-end // alignment) * alignment + size * int(count or 1)
            most = max(most, alignment)
        WORLD.types[name] = (-(-end // most) * most, most)
    return 0


def apply_tinfo(ea, tif, _flags):
    WORLD.function_types[ea] = tif.text
    return True


def get_tinfo(tif, ea):
    tif.text = WORLD.function_types.get(ea, "")
    return ea in WORLD.function_types


class Netnode:
    def __init__(self, name, _namelen, _create):
        self.values = WORLD.nodes.setdefault(name, {})

    def supset(self, index, value):
        self.values[index] = value

    def supstr(self, index):
        return self.values.get(index)


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)
    return sys.modules[name]


TYPEINF = module(
    "ida_typeinf",
    tinfo_t=Tinfo,
    func_type_data_t=FuncDetails,
    parse_decl=parse_decl,
    idc_parse_types=idc_parse_types,
    apply_tinfo=apply_tinfo,
    funcarg_t=FuncArg,
    argpart_t=Place,
    scattered_aloc_t=Vector,
    BADSIZE=0xFFFFFFFFFFFFFFFF,
    BT_VOID="void",
    CM_CC_SPECIAL=0xF0,
    FTI_SPOILED=1,
    FTI_ARGLOCS=0x100,
    FTI_EXPLOCS=0x200,
    PT_SIL=1,
    PT_TYP=4,
    TINFO_DEFINITE=1,
)
module("ida_auto", auto_wait=lambda: True)
module("ida_bytes", get_flags=lambda ea: ea, has_user_name=lambda ea: ea in WORLD.names, is_loaded=lambda ea: True)
module("ida_funcs", get_func=lambda ea: None, add_func=lambda ea: True)
module(
    "ida_idp",
    str2reg=lambda name: PARTS.get(name, -1),
    reg_info_t=types.SimpleNamespace,
    parse_reg_name=lambda info, name: name in PARTS,
)
module(
    "ida_kernwin",
    show_wait_box=lambda text: None,
    hide_wait_box=lambda: None,
    user_cancelled=lambda: False,
)
module(
    "ida_nalt",
    get_imagebase=lambda: WORLD.image_base,
    get_tinfo=get_tinfo,
    is_userti=lambda ea: ea in WORLD.function_types,
)
module("ida_name", SN_NOCHECK=1, SN_NOWARN=0x100, set_name=lambda ea, name, flags: WORLD.names.update({ea: name}))
module("ida_netnode", netnode=Netnode)
module(
    "idc",
    get_func_cmt=lambda ea, _: WORLD.comments.get(ea, ""),
    set_func_cmt=lambda ea, text, _: WORLD.comments.update({ea: text}),
)


def main(script, *tricks):
    global WORLD
    text = open(script, encoding="utf-8").read()
    start = re.search(r'image_base\\":\\"0x([0-9a-f]+)', text)
    pack = re.search(r'\\"pack\\":(\d+)', text)
    first = re.search(r'entry\\":\\"0x([0-9a-f]+)', text)
    base = int(start[1], 16)
    WORLD = World(tricks, base + 0x10000, int(pack[1]))  # loaded elsewhere than the file says
    if "user-type" in tricks:
        WORLD.function_types[int(first[1], 16) + 0x10000] = "int __cdecl(int)"
    if "other-size" in tricks:
        WORLD.types[re.search(r"struct (\w+) \{", text)[1]] = (3, 1)
    runpy.run_path(script, run_name="__main__")
    if "twice" in tricks:
        runpy.run_path(script, run_name="__main__")
    for ea in sorted(WORLD.comments):
        print("%#x %s" % (ea - 0x10000, ascii(WORLD.names.get(ea, ""))))
        print("    " + WORLD.function_types[ea])
        print("    " + ascii(WORLD.comments[ea]))


main(*sys.argv[1:])
