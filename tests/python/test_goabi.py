"""The module and the command as `pip install .` leaves them."""

import subprocess
import sys

import goabi
import pytest


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
