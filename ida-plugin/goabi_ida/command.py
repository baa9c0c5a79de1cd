"""Whole tasks by command line: what `goabi_headless.py` does, and the scripts of `goabi annotate --format idapython`."""

from __future__ import annotations

import argparse
from typing import Optional

import ida_kernwin
import ida_pro
import idc

from . import compat, undo
from .errors import Cancelled, Failure, NotGo
from .flow import Session
from .options import CANCELLED, DONE, FAILED, NOT_GO, USAGE, arguments, chosen, failed, parsed, write
from .plan import Plan
from .progress import Progress, WaitBox
from .result import Result


def work(options: argparse.Namespace, result_file: Optional[str], session: Session, progress: Progress) -> int:
    """Does what the options say to the open database."""
    try:
        function = int(options.function, 0) if options.function else None
    except ValueError:
        return failed("%r is no address" % options.function, USAGE)
    try:
        if not options.dry_run:
            compat.undo_point("goabi:undo" if options.undo else "goabi:program", "goabi")
        if options.undo:
            print("goabi: removed " + undo.said(undo.undo_all()))
            return DONE
        with progress:
            return report(session.annotate(chosen(options), progress, function), result_file)
    except Cancelled:
        return failed("cancelled", CANCELLED)
    except NotGo as failure:
        return failed(failure, NOT_GO)
    except Failure as failure:
        return failed(failure, FAILED)


def report(result: Result, path: Optional[str]) -> int:
    """Says what was done."""
    print("goabi: " + result.summary())
    for line in [*result.notes, *result.reasons()]:
        print("goabi: " + line)
    code = write(result.to_json(), path)
    return CANCELLED if result.cancelled and code == DONE else code


def script(plan: str) -> int:
    """Applies the plan that a script brings along."""
    parser = arguments("script")
    parser.add_argument("--exit", action="store_true", help="end IDA with an exit code, in batch mode")
    options = parsed(parser, list(idc.ARGV[1:]))
    if isinstance(options, int):
        return options
    progress = WaitBox() if ida_kernwin.is_idaq() else Progress()
    try:
        code = work(options, options.result, Session(Plan(plan)), progress)
    except Failure as failure:
        code = failed(failure, FAILED)
    if options.exit:
        ida_pro.qexit(code)
    return code
