"""What all tests in Python share: the programs of tests/programs, each built once."""

import functools
import importlib
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
GO = {"GOTOOLCHAIN": "go1.27.0", "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}


@pytest.fixture(scope="session")
def script():
    """Takes the name of one of scripts/, which is Python, and returns it as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        yield importlib.import_module("load_script").load


@pytest.fixture(scope="session")
def go_env():
    """The environment that Go runs in."""
    return {**os.environ, **GO}


@pytest.fixture(scope="session")
def go_build(go_env, tmp_path_factory):
    """Builds a program of that name, of one file, under that name: `go_build(name, system="linux-amd64", stripped=True)`."""
    folder = tmp_path_factory.mktemp("programs")

    @functools.cache
    def build(name, system="linux-amd64", stripped=True):
        out = folder / ("stripped" if stripped else "full") / system / name
        source = ROOT / "tests/programs" / name / "main.go"
        command = ["go", "build", "-trimpath", *(["-ldflags=-s -w"] if stripped else []), "-o", out, source]
        target = dict(zip(("GOOS", "GOARCH"), system.split("-"), strict=True))
        subprocess.run(command, check=True, env={**go_env, **target}, cwd=folder)
        return out

    return build


@pytest.fixture(scope="session")
def server(go_build):
    """tests/programs/server, stripped."""
    return go_build("server")
