"""`goabi batch --ray`: two workers of which one is lost, a lost node, and storage behind a URL."""

import gzip
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import goabi
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ray = pytest.importorskip("ray") if "CI" not in os.environ else __import__("ray")
COMMAND = [sys.executable, "-m", "goabi", "batch"]
FILES = 12
PATIENCE = 600  # seconds; a busy machine takes its time


@pytest.fixture(scope="module")
def corpus(server, tmp_path_factory):
    """Programs of as many contents, a copy of one of them, and what is no program."""
    folder = tmp_path_factory.mktemp("corpus")
    content = server.read_bytes()
    for n in range(FILES):
        (folder / f"program-{n:02}").write_bytes(content + bytes([n]))
    (folder / "copy").write_bytes(content + bytes([0]))
    (folder / "text").write_text("no program")
    return folder


def start(*args):
    return subprocess.Popen([*COMMAND, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(run):
    out, err = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, out + err
    return out


def wait_for_records(out, run, count):
    """Waits until some files are done."""
    end = time.monotonic() + PATIENCE
    while len(list(out.glob("records/*.json"))) < count:
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < end, "no records appear"
        time.sleep(0.02)


def descendants(pid):
    """Process numbers below one, with their command lines."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append((int(stat.parent.name), (stat.parent / "cmdline").read_text()))
        except OSError:
            pass  # it has ended
    found, ahead = [], [pid]
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += [child for child, _ in below]
    return found


def check(out, corpus, prefix=""):
    """Every file has its row, every content one report, and reports are those of `goabi.analyze`."""
    rows = {row["path"]: row for row in map(json.loads, (out / "summary.jsonl").read_text().splitlines())}
    assert set(rows) == {f"{prefix}{path}" for path in corpus.iterdir()}
    status = {name.rsplit("/", 1)[1]: row["status"] for name, row in rows.items()}
    programs = {f"program-{n:02}": "done" for n in range(1, FILES)}
    assert status == {**programs, "copy": "done", "program-00": "duplicate", "text": "skipped"}
    assert rows[f"{prefix}{corpus}/program-00"]["first"] == f"{prefix}{corpus}/copy"
    contents = {row["sha256"] for row in rows.values() if row["status"] != "skipped"}
    for folder, ending in (("reports", ".json.gz"), ("records", ".json"), ("functions", ".csv.gz")):
        assert {path.name for path in (out / folder).iterdir()} == {content + ending for content in contents}
    row = rows[f"{prefix}{corpus}/program-07"]
    with gzip.open(out / row["report"], "rt") as report:
        assert report.read() == goabi.analyze(str(corpus / "program-07")).to_json()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_run_survives_the_loss_of_a_worker(corpus, tmp_path):
    run = start(corpus, "-o", tmp_path, "--ray", "local", "--threads", 2)
    wait_for_records(tmp_path, run, 2)
    workers = [pid for pid, command in descendants(run.pid) if command.startswith("ray::goabi ")]
    assert workers, "no worker is at work"
    assert len(list(tmp_path.glob("records/*.json"))) < FILES, "it is killed too late"
    os.kill(workers[0], signal.SIGKILL)
    finish(run)
    check(tmp_path, corpus)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("records/*")}
    assert f"{FILES} contents were done by an earlier run" in finish(start(corpus, "-o", tmp_path))
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.glob("records/*")}
    assert not list((tmp_path / ".partial").iterdir())


def test_a_run_on_urls_survives_the_loss_of_a_node(corpus, tmp_path):
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        run = start(f"file://{corpus}", "-o", f"file://{tmp_path}", "--ray", cluster.address)
        wait_for_records(tmp_path, run, 2)
        assert len(list(tmp_path.glob("records/*.json"))) < FILES, "it is removed too late"
        cluster.remove_node(nodes[0], allow_graceful=False)
        finish(run)
        check(tmp_path, corpus, "file://")
        again = finish(start(f"file://{corpus}", "-o", f"file://{tmp_path}", "--ray", cluster.address))
        assert f"{FILES} contents were done by an earlier run" in again
    finally:
        cluster.shutdown()


def test_what_is_wrong_is_said_in_one_line(tmp_path):
    def said(*args, env=None):
        done = subprocess.run([*COMMAND, *map(str, args)], capture_output=True, text=True, env=env)
        return done.returncode, done.stderr.strip()

    assert said(tmp_path, "-o", tmp_path / "out", "--ray", "local", "--segments", "x")[0] == 2
    (tmp_path / "ray.py").write_text("raise ImportError('not here')\n")
    code, line = said(tmp_path, "-o", tmp_path / "out", "--ray", "local", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (code, line) == (2, "goabi: --ray needs Ray: pip install 'goabi[ray]' (not here)")
    code, line = said(tmp_path, "-o", tmp_path / "out", "--ray", "nonsense")
    assert code == 1 and line.startswith("goabi: no Ray cluster at nonsense: ") and "\n" not in line


def test_the_module_is_typed(tmp_path):
    mypy = pytest.importorskip("mypy.api")
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nstrict = True\nignore_missing_imports = True\nwarn_unused_ignores = False\npython_version = 3.10\n")
    args = ["--config-file", str(config), "--cache-dir", str(tmp_path / "mypy"), "--no-error-summary"]
    out, err, _ = mypy.run([*args, str(ROOT / "rust-core/python/goabi")])
    assert (out, err) == ("", "")
