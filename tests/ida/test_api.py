"""Every use of IDA is in IDA's own stubs, of each version that has some: it exists, and takes what it is given.

The stubs are in the `idapro` wheels, which are fetched and unpacked, never imported. Versions differ in how much they
say, so names and calls are looked up in all of them, and types are checked with those of the newest.
"""

import ast
import functools
import hashlib
import inspect
import re
import subprocess
import sys
import zipfile

import pytest
from support import ROOT

PLUGIN = ROOT / "ida-plugin"
SOURCES = sorted([*PLUGIN.glob("*.py"), *PLUGIN.glob("goabi_ida/*.py")])
#: IDA's version, the wheel's, and the wheel's SHA-256.
WHEELS = [
    ("9.1", "0.0.5", "dc94a50272b070f550a00c0eb187e4b9dff1a1a7b5115a90a9c6e2c417d59bea"),
    ("9.2", "0.0.8", "7639af98de66bfc9f6b58fae548aa7bdf0ab9558072ce2151d5a70594d5d9ea9"),
    ("9.3", "0.0.9", "9518ead4d84833a92e6085e9c8204e87ab4b3ae1800267d6c3dc579822311405"),
    ("9.4", "0.0.11", "fa54439b49d6b27432b8cf1d5740e9d2b1363fda95589f710bb1ea4699eafbd1"),
    ("9.5", "0.0.12", "feb4fd5aae8619c646d85545f4abc7acfebc152c45360722d00edeb63d6b83aa"),
]
MODULES = re.compile(r"ida_\w+|idc|idautils|idaapi")


def stubs(wheel, digest):
    """The folder of an unpacked wheel."""
    folder = ROOT / "target/ida-stubs" / wheel
    if not (folder / "ida_pro.pyi").exists():
        folder.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), f"idapro=={wheel}"]
        subprocess.run(pip, check=True)
        [file] = folder.glob("*.whl")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.endswith(".pyi")])
    return folder


class Parameters:
    """What a function takes: how many positional ones at least and at most, and the names."""

    def __init__(self, text, method):
        depth, parts, start = 0, [], 0
        for at, c in enumerate(text + ","):
            depth += (c in "([{") - (c in ")]}")
            if c == "," and depth == 0:
                parts.append(text[start:at].strip())
                start = at + 1
        parts = [part for part in parts if part][method:]
        self.names = [re.match(r"\**(\w*)", part)[1] for part in parts]
        self.least = sum("=" not in part and not part.startswith("*") for part in parts)
        # Before 9.3 the stubs write overloads as one parameter that is called `args`.
        self.open = any(part.startswith("*") for part in parts) or self.names[:1] == ["args"]

    def take(self, count, keywords):
        if self.open:
            return True
        known = all(name in self.names[count:] for name in keywords)
        return known and self.least <= count + len(keywords) and count <= len(self.names)


DEF = re.compile(r"^(\s*)def (\w+)\((.*)\)\s*(?:->.*)?:(?:\s*\.\.\.)?\s*$")


class Stub:
    """One module of one version: functions by name with all overloads, classes with theirs. Read line by line, as the
    oldest ones are no Python."""

    def __init__(self, path):
        self.members, self.classes, inside = {}, {}, None
        for line in path.read_text().split("\n"):
            found = DEF.match(line)
            if found and not found[1]:
                self.members.setdefault(found[2], []).append(Parameters(found[3], False))
            elif found and len(found[1]) == 4 and inside is not None:
                inside.setdefault(found[2], []).append(Parameters(found[3], True))
            elif re.match(r"class \w+", line):
                name, bases = re.match(r"class (\w+)(?:\((.*)\))?", line).groups()
                inside = self.classes.setdefault(name, {})
                inside.setdefault("", []).append(bases or "")
                self.members.setdefault(name, [])
            elif re.match(r"    (\w+)\s*[:=]", line) and inside is not None:
                inside.setdefault(re.match(r"    (\w+)", line)[1], [])
            elif re.match(r"\w+\s*[:=]", line):
                self.members.setdefault(re.match(r"\w+", line)[0], [])

    def methods(self, name):
        """A class's members with those that it inherits from others in the module."""
        own = dict(self.classes.get(name, {}))
        for bases in own.pop("", []):
            for base in re.findall(r"\w+", bases):
                for key, value in self.methods(base).items():
                    own.setdefault(key, value)
        return own


class Listing(Stub):
    """One module of IDA 8.4, out of the list of what the plugin uses."""

    def __init__(self, lines, module):
        self.members, self.classes = {}, {}
        for line in lines:
            name, _, parameters = line.rstrip(")").partition("(")
            first, *owner, last = name.split(".")
            if first != module:
                continue
            inside = self.classes.setdefault(owner[0], {}) if owner else self.members
            overloads = inside.setdefault(last, [])
            if parameters:
                overloads.append(Parameters(parameters, bool(owner)))


OLDEST = "8.4"


@pytest.fixture(scope="session", params=[(OLDEST,), *WHEELS], ids=lambda row: row[0])
def version(request):
    if request.param[0] == OLDEST:
        lines = [line for line in (ROOT / "tests/ida/ida-8.4.txt").read_text().splitlines() if not line.startswith("#")]
        return functools.lru_cache(maxsize=None)(lambda module: Listing(lines, module))
    folder = stubs(*request.param[1:])
    return functools.lru_cache(maxsize=None)(lambda module: Stub(folder / f"{module}.pyi"))


@functools.lru_cache(maxsize=None)
def uses():
    """(file, line, module, attribute, call or None) of everything that the plugin names of IDA."""
    return list(_uses())


def _uses():
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and MODULES.fullmatch(node.value.id):
                yield path, node.lineno, node.value.id, node.attr, calls.get(id(node))
            if isinstance(node, ast.ImportFrom):
                assert not MODULES.fullmatch(node.module or ""), f"{path}: import the module, so that its use is seen"


#: What a version lacks, and `compat.py` does without.
LACKS = {("ida_undo", "create_undo_point")}  # before 9.0


def test_every_name_is_there(version, request):
    known = LACKS if request.node.callspec.id == OLDEST else set()
    missing = [
        f"{path.name}:{line} {module}.{name}"
        for path, line, module, name, _ in uses()
        if name not in version(module).members and (module, name) not in known
    ]
    assert not missing
    assert len(uses()) > 150


def test_every_call_fits(version):
    wrong = []
    for path, line, module, name, call in uses():
        overloads = version(module).members.get(name, []) if call is not None else []
        if name in version(module).classes:
            overloads = version(module).methods(name).get("__init__", [])
        given = call and (len(call.args), [keyword.arg for keyword in call.keywords])
        if call is not None and overloads and not any(one.take(*given) for one in overloads):
            wrong.append(f"{path.name}:{line} {module}.{name}{given}")
    assert not wrong


#: Objects by the names that the plugin gives them, and their classes.
OBJECTS = {
    "tif": ("ida_typeinf", "tinfo_t"),
    "present": ("ida_typeinf", "tinfo_t"),
    "called": ("ida_typeinf", "tinfo_t"),
    "pointer": ("ida_typeinf", "tinfo_t"),
    "details": ("ida_typeinf", "func_type_data_t"),
    "loc": ("ida_typeinf", "argloc_t"),
    "piece": ("ida_typeinf", "argpart_t"),
    "arg": ("ida_typeinf", "funcarg_t"),
    "scattered": ("ida_typeinf", "scattered_aloc_t"),
    "_node": ("ida_netnode", "netnode"),
    "node": ("ida_netnode", "netnode"),
    "segment": ("ida_segment", "segment_t"),
    "function": ("ida_funcs", "func_t"),
    "around": ("ida_funcs", "func_t"),
}
TYPED = ("prototype.py", "places.py", "record.py", "source.py", "functions.py", "undo.py", "selftest.py")


def methods_used():
    """(place, class, method, call or None) where the object's name says what it is."""
    for path in SOURCES:
        if path.name not in TYPED:
            continue
        tree = ast.parse(path.read_text())
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Name, ast.Attribute)):
                name = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                if name in OBJECTS:
                    yield f"{path.name}:{node.lineno}", *OBJECTS[name], node.attr, calls.get(id(node))


def test_every_method_is_there_and_fits(version):
    seen, wrong = set(), []
    for place, module, owner, name, call in methods_used():
        if name in ("cc", "set_cc"):
            continue  # the one difference that compat.py asks for
        members = version(module).methods(owner)
        seen.add((owner, name))
        given = call and (len(call.args), [keyword.arg for keyword in call.keywords])
        overloads = members.get(name)
        if overloads is None or (call is not None and overloads and not any(one.take(*given) for one in overloads)):
            wrong.append(f"{place} {owner}.{name}{given or ''}")
    assert not wrong
    assert len(seen) > 30


def test_the_fake_takes_nothing_for_granted(version, request):
    """What the fake has is in the stubs, under the same names of parameters."""
    if request.node.callspec.id == OLDEST:
        return  # the list has no more than what the plugin uses
    from conftest import WORLD
    from fake.modules import modules

    wrong = []
    for module, members in modules(WORLD).items():
        for name, value in members.items():
            stub = version(module)
            if name not in stub.members and (module, name) not in {("ida_srclang", "get_selected_parser_name")}:
                wrong.append(f"{module}.{name}")
            elif inspect.isclass(value):
                methods = [key for key, one in vars(value).items() if inspect.isfunction(one) and not key.startswith("_")]
                own = {"add_types", "types", "nodes", "values", "change", "keys"}  # the fake's own helpers
                has = stub.methods(name)
                wrong += [f"{module}.{name}.{key}" for key in methods if key not in has and key not in own and has]
    assert not wrong


def test_types_fit_the_newest_stubs(tmp_path):
    mypy = pytest.importorskip("mypy.api")
    folder = stubs(*WHEELS[-1][1:])
    config = tmp_path / "mypy.ini"
    config.write_text(
        "[mypy]\nstrict = True\nwarn_unused_ignores = False\ndisallow_subclassing_any = False\npython_version = 3.10\n"
        f"mypy_path = {folder}:{ROOT / 'rust-core/python'}\n"
    )
    args = ["--config-file", str(config), "--cache-dir", str(ROOT / "target/mypy"), "--no-error-summary"]
    out, err, _ = mypy.run([*args, str(PLUGIN / "goabi_ida"), str(PLUGIN / "goabi_headless.py")])
    ours = [line for line in out.split("\n") if line and ".pyi:" not in line and "site-packages" not in line and "note:" not in line]
    assert not ours, out
    assert not err


def test_compat_is_the_only_place_that_asks_for_versions():
    for path in SOURCES:
        text = path.read_text()
        if path.name not in ("compat.py", "selftest.py"):
            assert "IDA_SDK_VERSION" not in text and "get_kernel_version" not in text, path
        assert len(text.split("\n")) < 400, path


def test_no_qt():
    for path in SOURCES:
        assert not re.search(r"\b(PyQt5|PySide6|PyQt6)\b", path.read_text()), path
