"""Finds the core: the installed `goabi` module, or the one that the plugin's zip brings along."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any

from .errors import Failure

MIN_PYTHON = (3, 9)
#: What this plugin calls.
NEEDED = ("analyze", "analyze_segments", "Error", "NotGoError")


def platform_name() -> str:
    """Such as `linux-x86_64`, `windows-x86_64`, `macos-aarch64`: the words of `ida-plugin.json`."""
    system = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system(), platform.system())
    machine = platform.machine().lower()
    return "%s-%s" % (system, {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine))


def vendored() -> str:
    """Folder beside the plugin with an unpacked wheel for this platform."""
    plugin = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return os.path.join(plugin, "_native", platform_name())


def core() -> Any:
    """The `goabi` module, or a `Failure` of one line that says what to do."""
    if sys.version_info < MIN_PYTHON:
        have, need = "%d.%d" % sys.version_info[:2], "%d.%d" % MIN_PYTHON
        raise Failure("IDA runs Python %s, goabi needs %s or later: choose another with idapyswitch" % (have, need))
    module = _import(vendored())
    missing = [name for name in NEEDED if not hasattr(module, name)]
    if missing:
        raise Failure("the goabi module at %s is too old for this plugin: it has no %s" % (module.__file__, missing[0]))
    return module


def _import(folder: str) -> Any:
    try:
        import goabi

        if getattr(goabi, "__file__", None) is not None:
            return goabi
        installed = ImportError("No module named 'goabi'")  # a folder of that name, such as the plugin's own
    except ImportError as error:
        installed = error
    if not os.path.isdir(folder):
        have = "Python %d.%d on %s" % (sys.version_info[0], sys.version_info[1], platform_name())
        raise Failure("no goabi module (%s), and none in %s: pip install goabi for %s" % (installed, folder, have))
    sys.modules.pop("goabi", None)
    sys.path.insert(0, folder)
    try:
        import goabi

        return goabi
    except ImportError as error:
        raise Failure("the goabi module in %s does not load: %s" % (folder, error)) from error
    finally:
        sys.path.remove(folder)
