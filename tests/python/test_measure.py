"""`scripts/measure`: parts of a measurement that were made apart are the report that one run makes, with right sums."""

import argparse
import json
import sys

import pytest

NAMES = ("zoo-1.21.13", "age-1.21.13", "age-1.26.8")
#: What the comparer says of one program: of four functions the parameters are claimed, and those of `right` are right.
COMPARER = """#!{python}
import json, sys
right = 3 if "--no-names" in sys.argv else 4
levels = {{side + "_by_level": {{"exact": [4, right]}} for side in ("params", "results", "both", "grouped", "values")}}
sources = {{side + "_by_source": {{"std": [4, right]}} for side in ("params", "results", "types")}}
counts = {{"params": [4, 4, right, right, right, right], "both": [4, 4, right, 2, 2, 2], "types": [8, 4, 2], "dicts": [0, 0]}}
print(json.dumps({{"seconds": 0.1, "left_out": {{"without a witness": 1}}, "abi": {{}}, "counts": {{"main/called": counts | levels | sources}}}}))
"""


@pytest.fixture(scope="module")
def measure(script):
    return script("measure")


@pytest.fixture
def run(measure, tmp_path, monkeypatch, capsys):
    """Runs the script on a corpus of empty programs, and returns what it prints."""
    comparer = tmp_path / "comparer"
    comparer.write_text(COMPARER.format(python=sys.executable))
    comparer.chmod(0o755)
    uses = {"zoo": "tune", "age": "test"}
    entries = [{"name": name, "program": name[:3], "use": uses[name[:3]], "garble": False, "system": "linux"} for name in NAMES]
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "modules.sigs").touch()
    (tmp_path / "corpus.json").write_text(json.dumps(entries))
    monkeypatch.setattr(measure, "build_comparer", lambda release: comparer)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["measure", "--no-build", "--corpus", str(tmp_path), *map(str, words)])
        measure.main()
        return capsys.readouterr().out

    return run


def test_modes_measured_apart_are_joined(run, tmp_path):
    one, two, three = (tmp_path / name for name in "123")
    whole = run("--mode", "names,no-names", "--packs", "^age", "--jobs", "3")
    run("--mode", "no-names", "--save", two)
    run("--mode", "packs", "--only", "^age", "--save", three)
    run("--mode", "names", "--save", one)
    assert run("--join", two, three, one) == whole
    assert [line for line in whole.splitlines() if line.startswith("## ")] == [
        "## Stripped, with names", "## Stripped, without names", "## Stripped, with names and module packs",
    ]  # fmt: skip
    assert "Of all programs, 3 builds." in whole and "Of the programs whose names match `^age`, 2 builds." in whole


def test_counts_are_added(run):
    text = run("--mode", "no-names")
    [tests] = [line for line in text.splitlines() if line.startswith("| **test programs** | 8 | 100.00")]
    assert tests == "| **test programs** | 8 | 100.00 | 75.00 | 75.00 | 75.00 | 75.00 | 8 | 100.00 | 50.00 | 75.00 | 50.00 | 50.00 |"
    assert "| exact | 8 | 75.00 (2 wrong) |" in text
    assert "Left out, because no witness confirms a truth: 3 without a witness." in text


def test_what_is_measured_again_counts_once(run, tmp_path):
    run("--mode", "names", "--save", tmp_path / "all")
    run("--mode", "names", "--only", "zoo", "--save", tmp_path / "again")
    assert "3 builds." in run("--join", tmp_path / "all", tmp_path / "again")


def test_modes_are_checked(measure):
    with pytest.raises(argparse.ArgumentTypeError, match="'pack' is none of names, no-names"):
        measure.modes("names,pack")
