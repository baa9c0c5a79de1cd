"""The module and the command as `pip install .` leaves them."""

import base64
import gzip
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile

import goabi
import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HANDLE = "main.(*Server).handle"


def run(*args: str, stdin: bytes = b"") -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "goabi", *args], input=stdin, capture_output=True, check=False)


def test_errors_have_one_base_and_say_what_is_wrong():
    with pytest.raises(goabi.FormatError, match="the file is empty"):
        goabi.analyze(b"")
    with pytest.raises(goabi.FormatError, match="not an ELF, PE or Mach-O file"):
        goabi.analyze(bytearray(b"hello"))
    with pytest.raises(goabi.InputSyntaxError, match="column 16"):
        goabi.layout("func f(a, b int")
    for error in (goabi.NotGoError, goabi.FormatError, goabi.InputSyntaxError):
        assert issubclass(error, goabi.Error)


def test_a_program_that_is_not_go():
    with pytest.raises(goabi.NotGoError, match="not a Go binary"):
        goabi.analyze(sys.executable)


def test_paths_fail_as_paths_do(tmp_path):
    with pytest.raises(FileNotFoundError):
        goabi.analyze(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        goabi.analyze(str(tmp_path))


def test_senseless_options_are_value_errors():
    for options in ({"arch": "z80"}, {"go": "two"}):
        with pytest.raises(ValueError):
            goabi.layout("func()", **options)
    with pytest.raises(ValueError):
        goabi.analyze(b"x", arch="z80")


def test_layout_knows_conventions():
    layout = goabi.layout("func f(a, b int) string")
    assert [piece.loc for value in layout.params for piece in value.pieces] == ["RAX", "RBX"]
    assert [piece.loc for piece in layout.results[0].pieces] == ["RAX", "RBX"]
    assert layout.params[0].pieces[0].loc in str(layout)
    assert goabi.layout("func f(a int)", arch="arm64").params[0].pieces[0].loc == "X0"
    for stack in (goabi.layout("func f(a int)", go="1.16"), goabi.layout("func f(a int)", asm=True)):
        assert stack.params[0].pieces[0].loc == "stack+0"


def test_the_command_comes_with_the_module():
    assert run("--version").stdout.startswith(b"goabi ")
    assert run("annotate").returncode == 2
    empty = run("info", "-")
    assert (empty.returncode, empty.stdout) == (1, b"")
    assert empty.stderr.decode().splitlines() == ["goabi: (standard input): the file is empty"]


def test_a_path_and_its_bytes_give_the_same_report(server):
    by_path, by_bytes = goabi.analyze(server), goabi.analyze(memoryview(server.read_bytes()))
    assert by_path.to_json() == by_bytes.to_json() == goabi.analyze(str(server), threads=1).to_json()


def test_a_report_has_the_fields_of_its_json(server):
    report = goabi.analyze(server)
    assert report.schema == "goabi.report/1"
    assert report.go.version == "go1.27.0"
    assert len(report.functions) == len(json.loads(report.to_json())["functions"]) > 1000
    [handle] = [function for function in report.functions if function.name == HANDLE]
    assert [piece.loc for value in handle.params for piece in value.pieces] == ["RAX", "RBX", "RCX", "RDI", "RSI", "R8"]
    assert handle.confidence.params == "exact"
    assert "go1.27.0" in repr(report)
    assert "functions" in dir(report)
    with pytest.raises(AttributeError):
        report.nonsense


def test_what_sources_say_can_be_left_out_and_listings_be_short(server):
    full, bare = (goabi.analyze(server, dwarf=False, signatures=wanted) for wanted in (True, False))
    assert "std" in {function.source.params for function in full.functions}
    assert not {"std", "module"} & {function.source.params for function in bare.functions}
    short, long = (goabi.analyze(server, only=HANDLE, evidence=True, listing=lines) for lines in (3, None))
    assert len(short.functions[0].listing) == 3 < len(long.functions[0].listing)


def test_signature_packs_are_read_and_checked(server, go_env, tmp_path):
    pack = tmp_path / "json.sigs"
    source = tmp_path / "module"
    source.mkdir()
    module = "example.com/dep"
    (source / "go.mod").write_text(f"module {module}\n\ngo 1.21\n")
    (source / "dep.go").write_text("package dep\n\nfunc Mix(weight float32, flags ...uint16) error { return nil }\n")
    proxy = proxy_of(source, module, tmp_path)
    env = {**go_env, "GOPROXY": proxy, "GONOSUMDB": "example.com", "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw"}
    env["GOMODCACHE"] = str(tmp_path / "mod")
    build = [sys.executable, "-m", "goabi", "sigs", "build", "-o", pack, f"{module}@v1.0.0"]
    subprocess.run(build, check=True, capture_output=True, env=env)
    plain, by_path, by_bytes = (goabi.analyze(server, sigs=sigs).to_json() for sigs in ([], [pack], [pack.read_bytes()]))
    assert plain != by_path == by_bytes
    assert [used.module for used in goabi.analyze(server, sigs=[pack]).packs] == [module]
    damaged = bytearray(pack.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(goabi.FormatError, match=r"sigs\[0\]: not a signature pack, or a damaged one"):
        goabi.analyze(server, sigs=[damaged])
    with pytest.raises(FileNotFoundError):
        goabi.analyze(server, sigs=[tmp_path / "missing"])
    with pytest.raises(TypeError, match="list of signature packs"):
        goabi.analyze(server, sigs=pack)


def proxy_of(source, module, folder):
    """A folder as ``GOPROXY`` has them, with one version of a module."""
    versions = folder / "proxy" / module / "@v"
    versions.mkdir(parents=True)
    (versions / "v1.0.0.mod").write_text((source / "go.mod").read_text())
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archive:
        for file in source.iterdir():
            archive.write(file, f"{module}@v1.0.0/{file.name}")
    return f"file://{folder / 'proxy'}"


def test_one_function_in_every_form(server):
    report = goabi.analyze(server, only=HANDLE, evidence=True)
    [function] = report.functions
    assert function.evidence
    for text in (report.text(), report.ida_plan(), report.ghidra_plan(), report.idapython(), report.header()):
        assert HANDLE in text
    page = report.html()
    [block] = re.findall('id="b0">([^<]+)<', page)
    assert page.startswith("<!doctype html>") and HANDLE in gzip.decompress(base64.b64decode(block)).decode()
    with pytest.raises(ValueError, match="min_confidence"):
        report.text(min_confidence="certain")


@pytest.mark.parametrize("page", ["README.md", "docs/start/command-line.md"])
def test_python_of_the_documentation_runs(page, server, monkeypatch, capsys):
    monkeypatch.chdir(server.parent)
    examples = re.findall("```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert examples
    for text in examples:
        exec(compile(text, page, "exec"), {})
    assert "func (a1 *Server) handle(" in capsys.readouterr().out


def segments_of(path):
    """What ``PT_LOAD`` entries of a 64-bit ELF file put into memory."""
    data = path.read_bytes()
    start, size, count = (int.from_bytes(data[at : at + n], "little") for at, n in ((32, 8), (54, 2), (56, 2)))
    for entry in range(start, start + count * size, size):
        kind, flags = struct.unpack_from("<II", data, entry)
        offset, addr, _, stored, in_memory = struct.unpack_from("<5Q", data, entry + 8)
        if kind == 1:
            letters = "".join(letter for bit, letter in ((4, "r"), (2, "w"), (1, "x")) if flags & bit)
            yield addr, in_memory, data[offset : offset + stored], letters


def test_segments_say_what_the_file_says(server):
    by_file = goabi.analyze(server)
    by_segments = goabi.analyze_segments(segments_of(server), arch="amd64", os="linux", base=0x400000)
    assert by_segments.binary.format == "segments"
    assert by_segments.binary.image_base == by_file.binary.image_base == "0x400000"
    usercalls = [{f.entry: f.usercall for f in report.functions} for report in (by_file, by_segments)]
    assert usercalls[0] == usercalls[1]


def test_senseless_segments_are_errors():
    for memory in ({"arch": "z80"}, {"arch": "amd64", "os": "cp/m"}):
        with pytest.raises(ValueError, match="goabi knows"):
            goabi.analyze_segments([(0, 4, b"", "r")], **memory)
    with pytest.raises(goabi.Error):
        goabi.analyze_segments([], arch="amd64")
    with pytest.raises(goabi.NotGoError):
        goabi.analyze_segments([(2**64 - 16, 2**64 - 1, bytes(64), "rx")], arch="amd64")


def test_a_function_is_explained(server):
    explained = goabi.analyze(server, only=HANDLE, evidence=True).explain()
    assert explained == run("explain", str(server), HANDLE, "--listing", "24").stdout.decode()


def test_whoever_waits_is_told_and_can_stop(server):
    class Enough(Exception):
        pass

    seen = []

    def watch(*at):
        seen.append(at)
        if len(seen) == 2:
            raise Enough

    with pytest.raises(Enough):
        for _ in range(1000):
            goabi.analyze(server, watch=watch)
    assert len(seen) == 2
    assert all(isinstance(stage, str) and done <= total for stage, done, total in seen)


def test_names_can_be_ignored(server):
    assert not any(function.name for function in goabi.analyze(server, names=False).functions)


def test_other_threads_run_meanwhile(server):
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    goabi.analyze(server)
    end = time.monotonic()
    done.set()
    thread.join()
    assert sum(start < at < end for at in ticks) > 1


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_is_a_keyboard_interrupt(server):
    # Python leaves Ctrl-C alone if it was started with that ignored, as what runs in the background is.
    endless = (
        "import goabi, signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "print('ready', flush=True)\nwhile True: goabi.analyze(sys.argv[1])"
    )
    child = subprocess.Popen([sys.executable, "-c", endless, server], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.readline()
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert errors.decode().rstrip().endswith("KeyboardInterrupt")


def test_the_command_annotates(server, tmp_path):
    done = run("annotate", str(server), "--format", "json", "-o", str(tmp_path / "report.json"))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    written = json.loads((tmp_path / "report.json").read_text())
    assert written == json.loads(goabi.analyze(server).to_json())


def test_a_report_keeps_its_schema(server):
    schema = json.loads((ROOT / "docs/report.schema.json").read_text())
    jsonschema.validate(json.loads(goabi.analyze(server, evidence=True).to_json()), schema)
