"""`goabi_headless.py`: inside of IDA, and around it."""

import json
import sys
import types

import pytest
from support import DELTA, function, open_plan, plan_text
from test_plugin import Core

TEXT = plan_text([function(0x401000), function(0x401100)])
FIRST = 0x401000 + DELTA


@pytest.fixture
def headless(ida, monkeypatch):
    import goabi_headless
    from goabi_ida import native

    core = Core()
    core.ida_plan = lambda level: TEXT
    monkeypatch.setattr(native, "core", lambda: core)
    goabi_headless.core = core
    open_plan(ida, TEXT)
    return goabi_headless


def run(ida, headless, *args):
    ida.argv[:] = ["goabi_headless.py", *map(str, args)]
    return headless.in_ida()


def test_in_ida(ida, headless, tmp_path):
    result = tmp_path / "result.json"
    assert run(ida, headless, "--result", result) == 0
    record = json.loads(result.read_text())
    assert record["counts"]["function"] == {"applied": 2}
    assert record["rows"][0]["ea"] == "%#x" % FIRST
    assert (ida.database.saved, ida.database.killed) == (1, 0)
    assert [label for label, _ in ida.database.undo_points] == ["goabi"]
    assert list(tmp_path.iterdir()) == [result]


def test_options_are_the_settings(ida, headless, capsys):
    assert run(ida, headless, "--dry-run", "--result", "-") == 0
    assert not ida.database.state.function_types and (ida.database.saved, ida.database.killed) == (0, 1)
    said = capsys.readouterr().out
    assert json.loads(said[said.index("{") :])["counts"]["function"] == {"wanted": 2}
    assert run(ida, headless, "--no-names", "--no-comments", "--no-save", "--function", "%#x" % FIRST) == 0
    assert list(ida.database.state.function_types) == [FIRST]
    assert not ida.database.state.names and not ida.database.state.function_comments and ida.database.saved == 0


def test_undoing_and_the_self_test(ida, headless, capsys):
    before = ida.database.state.shown()
    assert run(ida, headless) == 0 and run(ida, headless, "--undo") == 0
    assert ida.database.state.shown() == before
    assert run(ida, headless, "--self-test") == 0
    assert "parse: registers" in capsys.readouterr().out


def test_exit_codes(ida, headless, capsys):
    assert run(ida, headless, "--min-confidence", "certain") == 2
    assert run(ida, headless, "--function", "here") == 2
    assert run(ida, headless, "--help") == 0
    headless.core.fails = Core.NotGoError("no pclntab")
    assert run(ida, headless) == 3
    headless.core.fails = Core.Error("damaged")
    assert run(ida, headless) == 1
    said = capsys.readouterr().err.splitlines()[-2:]
    assert said == ["goabi: this is not a Go program: no pclntab", "goabi: damaged"]


def test_a_result_that_cannot_be_written(ida, headless, tmp_path):
    assert run(ida, headless, "--result", tmp_path / "missing" / "result.json") == 1


@pytest.fixture
def idalib(ida, monkeypatch):
    """An `idapro` that opens the plan's database for every file but `broken`."""
    module = types.ModuleType("idapro")
    module.calls = []

    def open_database(name, analyse, args=None):
        module.calls.append(("open", name.rsplit("/", 1)[-1], analyse, args))
        open_plan(ida, TEXT)
        return 4 if name.endswith("broken") else 0

    module.open_database = open_database
    module.close_database = lambda save=True: module.calls.append(("close", save))
    monkeypatch.setitem(sys.modules, "idapro", module)
    return module


def test_idalib_takes_folders(ida, headless, idalib, tmp_path):
    inputs, results = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    for name in ("a", "b", "a.i64"):
        (inputs / name).write_bytes(b"x")
    assert headless.with_idalib(["--result-dir", str(results), "--ida-args=-Ox", str(inputs)]) == 0
    assert sorted(path.name for path in results.iterdir()) == ["a.json", "b.json"]
    assert idalib.calls == [("open", "a", True, "-Ox"), ("close", True), ("open", "b", True, "-Ox"), ("close", True)]


def test_one_bad_file_does_not_stop_the_others(ida, headless, idalib, tmp_path, capsys):
    for name in ("broken", "fine"):
        (tmp_path / name).write_bytes(b"x")
    assert headless.with_idalib([str(tmp_path)]) == 1
    assert ("open", "fine", True, None) in idalib.calls
    assert "broken: IDA does not open it" in capsys.readouterr().err


def test_databases_are_not_saved_when_nothing_was_done(ida, headless, idalib, tmp_path):
    headless.core.fails = Core.NotGoError("no pclntab")
    (tmp_path / "a").write_bytes(b"x")
    assert headless.with_idalib([str(tmp_path / "a")]) == 3
    assert idalib.calls[-1] == ("close", False)


def test_without_idalib(ida, headless, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "idapro", None)
    assert headless.with_idalib(["a"]) == 1
    assert "idalib is not there" in capsys.readouterr().err
