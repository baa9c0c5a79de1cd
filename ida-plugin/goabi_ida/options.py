"""The command line's options, output files and exit codes. Needs no IDA: outside of it, IDA comes only with `idapro`.

Exit codes: 0 done, 1 something failed, 2 usage, 3 not a Go program, 130 cancelled.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import List, Optional, Union

from . import settings

DONE, FAILED, USAGE, NOT_GO, CANCELLED = 0, 1, 2, 3, 130


def arguments(prog: str) -> argparse.ArgumentParser:
    """What every command takes. Options are the plugin's settings, which are their defaults."""
    parser = argparse.ArgumentParser(prog=prog, description="Annotates Go programs in IDA.")
    parser.add_argument("--result", metavar="FILE", help="write what was done as JSON; - is the standard output")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--function", metavar="ADDR", help="only the function at or around this address")
    parser.add_argument("--undo", action="store_true", help="remove what goabi set instead")
    for name in ("names", "comments", "call-sites"):
        parser.add_argument("--no-" + name, dest=name.replace("-", "_"), action="store_false", default=None)
    for name in ("create-functions", "replace-types"):
        parser.add_argument("--" + name, action="store_true", default=None)
    return parser


def with_analysis(prog: str) -> argparse.ArgumentParser:
    """What a command takes that analyses, and keeps the database."""
    parser = arguments(prog)
    parser.add_argument("--min-confidence", choices=settings.LEVELS, help="lowest level that is applied")
    parser.add_argument("--no-use-dwarf", dest="use_dwarf", action="store_false", default=None)
    parser.add_argument("--from-database", action="store_true", default=None)
    parser.add_argument("--self-test", action="store_true", help="print how this IDA reads goabi's types instead")
    parser.add_argument("--no-save", action="store_true", help="leave the database on disk as it was")
    return parser


def parsed(parser: argparse.ArgumentParser, args: List[str]) -> Union[argparse.Namespace, int]:
    """The options, or the exit code of wrong ones and of `--help`."""
    try:
        return parser.parse_args(args)
    except SystemExit as end:
        return int(end.code or 0)


def chosen(options: argparse.Namespace) -> settings.Settings:
    """The user's settings with those that the options change."""
    out = settings.load()
    for name in settings.STORED:
        if getattr(options, name, None) is not None:
            setattr(out, name, getattr(options, name))
    out.dry_run = options.dry_run
    return out


def failed(why: object, code: int) -> int:
    """Says what went wrong in one line."""
    print("goabi: %s" % why, file=sys.stderr)
    return code


def write(text: str, path: Optional[str]) -> int:
    """An output file appears whole or not at all."""
    if path == "-":
        print(text, end="")
    elif path:
        try:
            with open(path + ".part", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(path + ".part", path)
        except OSError as error:
            return failed("%s: %s" % (path, error.strerror), FAILED)
    return DONE
