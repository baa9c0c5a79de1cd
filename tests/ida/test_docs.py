"""The commands of docs/ that IDA runs, as they are written there: a stripped program becomes an annotated database."""

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import types

import pytest
from fake import loaders
from support import ROOT
from test_package import package, wheel


def commands(word):
    """What begins with a word, in blocks and in sentences of all pages."""
    text = "\n".join(page.read_text() for page in sorted((ROOT / "docs").rglob("*.md")))
    found = re.findall(rf"^ {{4,}}({word} .*?)(?:  .*)?$|`({word} [^`\n]+)`", text, re.MULTILINE)
    return sorted({block or sentence for block, sentence in found})


@pytest.fixture(scope="module")
def built(server):
    """A stripped program, and the addresses of its functions."""
    import goabi

    return server, goabi.analyze(server).functions


@pytest.fixture
def folder(built, tmp_path, monkeypatch):
    """The current folder, with `sample`, `folder` and the plugin's script for IDA."""
    (tmp_path / "folder").mkdir()
    for name in ("sample", "folder/other"):
        (tmp_path / name).write_bytes(built[0].read_bytes())
    (tmp_path / "goabi_headless.py").write_text((ROOT / "ida-plugin/goabi_headless.py").read_text())
    monkeypatch.syspath_prepend(str(ROOT / "ida-plugin"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def opened(ida, name, functions):
    """The file as IDA has loaded it."""
    database = ida.open(loaders.load(name))
    loaders.add_functions(database, functions)
    return database


@pytest.fixture
def no_window(ida):
    ida.window, ida.exit_code = False, None
    yield
    ida.argv[:] = [""]
    ida.window, ida.exit_code = True, None


@pytest.mark.parametrize("command", commands("idat"))
def test_idat(ida, built, folder, no_window, command):
    for line in commands("goabi annotate --format idapython") + commands("goabi annotate sample --format idapython"):
        subprocess.run([sys.executable, "-m", *shlex.split(line)], check=True)
    words = shlex.split(command)
    [script] = [shlex.split(word[2:]) for word in words if word.startswith("-S")]
    database = opened(ida, words[-1], built[1])
    ida.argv[:] = script
    runpy.run_path(script[0], run_name="__main__")
    assert ida.exit_code == 0
    assert len(database.state.function_types) > 1500 and len(database.state.names) > 1500
    if "--result" in script:
        counts = json.loads((folder / script[script.index("--result") + 1]).read_text())["counts"]
        assert counts["function"]["applied"] == len(database.state.function_types)


@pytest.mark.parametrize("command", commands("python goabi_headless.py"))
def test_idalib(ida, built, folder, monkeypatch, command):
    import goabi_headless

    done = {}

    def open_database(name, analyse, args=None):
        done[name] = opened(ida, name, built[1])
        return 0

    module = types.SimpleNamespace(open_database=open_database, close_database=lambda save: None)
    monkeypatch.setitem(sys.modules, "idapro", module)
    assert goabi_headless.with_idalib(shlex.split(command)[2:]) == 0
    assert sorted(done) == ["folder/other", "sample"]
    assert all(len(database.state.function_types) > 1500 for database in done.values())
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["other.json", "sample.json"]


@pytest.mark.parametrize("command", commands("hcli"))
def test_hcli(tmp_path, command):
    """IDA's own tool, which is told of an IDA that is not there, installs the zip and keeps its settings."""
    if sys.version_info < (3, 10):
        pytest.skip("hcli needs Python 3.10")
    zip_file = str(package(tmp_path, wheel(tmp_path)))
    meant = {"FILE": zip_file, "target/package/goabi-ida-….zip": zip_file, "KEY": "min_confidence", "VALUE": "guess"}
    there = {"HCLI_IDAUSR": str(tmp_path / "user"), "HCLI_CURRENT_IDA_PLATFORM": "linux-x86_64", "HCLI_CURRENT_IDA_VERSION": "9.2"}
    environment = {**os.environ, **there, "HCLI_CURRENT_IDA_PYTHON_EXE": sys.executable, "HCLI_DISABLE_UPDATES": "1", "HOME": str(tmp_path)}

    def hcli(*words):
        done = subprocess.run([os.path.join(os.path.dirname(sys.executable), "hcli"), *words], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    words = [meant.get(word, word) for word in command.split()[1:]]
    if "install" not in words:
        hcli("plugin", "install", zip_file)
    hcli(*words)
    assert (tmp_path / "user/plugins/goabi/goabi_plugin.py").exists()
    if "config" in words:
        settings = json.loads((tmp_path / "user/ida-config.json").read_text())["Plugins"]["goabi"]["settings"]
        assert settings == {"min_confidence": "guess"}
