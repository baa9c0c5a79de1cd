"""Lets one script use another, which has no `.py` at its end because people run it."""

import importlib.machinery
import importlib.util
from pathlib import Path


def load(name):
    """The script of that name beside this file, as a module."""
    path = Path(__file__).with_name(name)
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module
