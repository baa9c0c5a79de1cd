"""Commands of docs/batch.md that other programs run, on what a batch leaves."""

import pathlib
import re
import shutil
import subprocess
import sys

import duckdb
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/batch.md").read_text()


@pytest.fixture(scope="module")
def folder(go_build, tmp_path_factory):
    """A folder with `out`, of two programs."""
    folder = tmp_path_factory.mktemp("batch")
    for name in ("server", "loops"):
        shutil.copy(go_build(name), folder / name)
    batch = [sys.executable, "-m", "goabi", "batch", "server", "loops", "-o", "out"]
    subprocess.run(batch, check=True, cwd=folder, capture_output=True)
    return folder


def test_duckdb(folder, monkeypatch):
    monkeypatch.chdir(folder)
    queries = re.findall(r'^ {4}duckdb -c "(.*)"$', PAGE, re.MULTILINE)
    assert len(queries) == 2
    most, _ = (duckdb.sql(query) for query in queries)
    rows = most.fetchall()
    assert len(rows) == 20 and rows[0][2] >= 2 and "func " in rows[0][1]
    names = duckdb.sql("SELECT name FROM 'functions.parquet'").fetchall()
    assert ("main.(*Server).handle",) in names and len(names) > 3000


def test_batch_cost(folder):
    [command] = re.findall("^ {4}(scripts/batch_cost .*)$", PAGE, re.MULTILINE)
    done = subprocess.run([sys.executable, ROOT / command.split()[0], *command.split()[1:]], cwd=folder, capture_output=True, text=True)
    assert "2 done" in done.stdout and "at 0.04 a core hour" in done.stdout, done.stderr
