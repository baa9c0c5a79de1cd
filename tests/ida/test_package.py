"""The zip: what is in it, that IDA's own tool takes it, and that it works where no wheel can be installed."""

import json
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest
from support import ROOT

SCRIPT = ROOT / "scripts/package"
VERSION = re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]


def wheel(folder, tag="cp39-abi3-manylinux_2_34_x86_64", source='NAME = "vendored"\nanalyze = analyze_segments = Error = NotGoError = 1\n'):
    """A wheel of a module that only says which one it is."""
    path = folder / f"goabi-{VERSION}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("goabi/__init__.py", source)
        archive.writestr("goabi/_core.abi3.so", b"\x7fELF")
        archive.writestr(f"goabi-{VERSION}.dist-info/METADATA", "Name: goabi\n")
    return path


def package(folder, *wheels, more=()):
    args = [arg for one in wheels for arg in ("--wheel", one)] + list(more)
    done = subprocess.run([SCRIPT, "ida", "-o", folder, *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return pathlib.Path(done.stdout.strip())


def test_the_zip_has_the_plugin_and_the_core_for_each_platform(tmp_path):
    tags = ("cp39-abi3-manylinux_2_34_x86_64", "cp39-abi3-win_amd64", "cp39-abi3-macosx_11_0_universal2")
    path = package(tmp_path, *(wheel(tmp_path, tag) for tag in tags))
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        modes = {name: archive.getinfo(name).external_attr >> 16 for name in names}
    for name in ("ida-plugin.json", "goabi_plugin.py", "goabi_headless.py", "goabi_ida/apply.py", "LICENSE-MIT"):
        assert "goabi/" + name in names
    platforms = {name.split("/")[2] for name in names if "/_native/" in name}
    assert platforms == {"linux-x86_64", "windows-x86_64", "macos-x86_64", "macos-aarch64"}
    assert not any("__pycache__" in name or "dist-info" in name for name in names)
    assert all((mode == 0o755) == name.endswith(".so") for name, mode in modes.items())


def test_the_same_inputs_give_the_same_bytes(tmp_path):
    one = wheel(tmp_path)
    assert package(tmp_path / "a", one).read_bytes() == package(tmp_path / "b", one).read_bytes()


PUBLISHED = ("--repository", "https://github.com/somebody/else", "--contact", "A Name <a@name.org>")


@pytest.mark.parametrize("more", [(), ("--pip",), PUBLISHED])
def test_idas_own_tool_takes_it(tmp_path, more):
    if sys.version_info < (3, 10):
        pytest.skip("hcli needs Python 3.10")
    hcli = pathlib.Path(sys.executable).with_name("hcli")
    path = package(tmp_path, *([] if "--pip" in more else [wheel(tmp_path)]), more=more)
    done = subprocess.run([hcli, "plugin", "lint", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Error" not in done.stdout and "Warning" not in done.stdout, done.stdout


def manifest(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("goabi/ida-plugin.json"))["plugin"]


def test_a_zip_with_the_core_asks_for_nothing_else(tmp_path):
    own = manifest(package(tmp_path, wheel(tmp_path), wheel(tmp_path, "cp39-abi3-win_amd64")))
    assert "pythonDependencies" not in own and own["platforms"] == ["linux-x86_64", "windows-x86_64"]
    pip = manifest(package(tmp_path, more=["--pip"]))
    assert pip["pythonDependencies"] == [f"goabi=={VERSION}"] and "platforms" not in pip


def test_who_publishes_it_is_in_the_manifest(tmp_path):
    own = manifest(package(tmp_path, more=["--pip", *PUBLISHED]))
    assert own["urls"]["repository"] == "https://github.com/somebody/else"
    assert own["authors"] == [{"name": "A Name", "email": "a@name.org"}]
    bad = subprocess.run([SCRIPT, "ida", "-o", tmp_path, "--pip", "--contact", "nobody"], capture_output=True, text=True)
    assert bad.returncode == 2 and "write NAME <MAIL>" in bad.stderr


def test_the_manifest_has_the_version(tmp_path):
    plugin = json.loads((ROOT / "ida-plugin/ida-plugin.json").read_text())["plugin"]
    assert plugin["version"] == VERSION
    assert plugin["pythonDependencies"] == [f"goabi=={VERSION}"]


ASK = """
import sys
sys.path.insert(0, {plugin!r})
if {block}:
    class Block:
        def find_spec(self, name, path=None, target=None):
            if name == "goabi" and not any({plugin!r} in entry for entry in sys.path if "_native" in entry):
                raise ImportError("not installed")
    sys.meta_path.insert(0, Block())
from goabi_ida import native
{more}
try:
    print(getattr(native.core(), "NAME", "installed"))
except native.Failure as failure:
    print("failure:", failure)
"""


def ask(folder, block=True, more=""):
    script = ASK.format(plugin=str(folder / "goabi"), block=block, more=more)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    return line


@pytest.fixture
def unpacked(tmp_path):
    from goabi_ida import native

    tag = {"linux-x86_64": "manylinux_2_34_x86_64", "macos-aarch64": "macosx_11_0_arm64", "windows-x86_64": "win_amd64"}
    path = package(tmp_path, wheel(tmp_path, "cp39-abi3-" + tag.get(native.platform_name(), "manylinux_2_34_aarch64")))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_the_core_that_the_zip_brings_along_is_used_where_none_is_installed(unpacked):
    assert ask(unpacked) == "vendored"
    assert ask(unpacked, block=False) == "installed"


def test_the_plugins_own_folder_is_not_taken_for_the_module(unpacked):
    assert (unpacked / "goabi").is_dir()
    hidden = "sys.path = [%r] + [entry for entry in sys.path if 'site-packages' not in entry]" % str(unpacked)
    assert ask(unpacked, block=False, more=hidden) == "vendored"


def test_failures_are_one_clear_line(unpacked):
    assert "IDA runs Python 3.8, goabi needs 3.9" in ask(unpacked, more="import sys; sys.version_info = (3, 8, 0)")
    elsewhere = ask(unpacked, more="native.platform_name = lambda: 'plan9-mips'")
    assert re.search(r"failure: no goabi module .*plan9-mips.*pip install goabi for Python \d\.\d+ on plan9-mips", elsewhere)
    old = unpacked / "goabi/_native"
    for init in old.rglob("__init__.py"):
        init.write_text("analyze = Error = NotGoError = 1\n")
    assert re.search("failure: .*is too old for this plugin: it has no analyze_segments", ask(unpacked))
    for init in old.rglob("__init__.py"):
        init.write_text("raise ImportError('wrong libc')\n")
    assert re.search("failure: the goabi module in .* does not load: wrong libc", ask(unpacked))
