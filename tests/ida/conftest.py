"""The plugin on a fake IDA."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/ida"), str(ROOT / "ida-plugin")]

import fake  # noqa: E402

WORLD = fake.install()


@pytest.fixture
def ida():
    """IDA, with an empty database."""
    WORLD.open(fake.Database())
    WORLD.actions.clear()
    WORLD.hooks.clear()
    WORLD.menu.clear()
    return WORLD
