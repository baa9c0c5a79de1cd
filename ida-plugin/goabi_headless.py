"""goabi without a window, in IDA or around it.

    idat -A -S"goabi_headless.py --result out.json" sample          in IDA's batch mode; the database is kept
    python goabi_headless.py --result-dir out sample other folder   with idalib (IDA 9.0 or later and its idapro module)

Exit codes: 0 done, 1 something failed, 2 usage, 3 not a Go program, 130 cancelled.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, List, Optional

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from goabi_ida.options import DONE, FAILED, USAGE, failed, parsed, with_analysis  # noqa: E402

#: What a folder is not searched for: IDA's own files.
DATABASES = (".i64", ".idb", ".id0", ".id1", ".id2", ".nam", ".til", ".json", ".log")


def work(options: argparse.Namespace, result_file: Optional[str]) -> int:
    """Does what the options say to the open database."""
    from goabi_ida import command, flow, progress, selftest

    if options.self_test:
        print(selftest.table())
        return DONE
    return command.work(options, result_file, flow.Session(), progress.Progress())


def in_ida() -> int:
    """`idat -A -S`: the database is open, and IDA ends when we are done."""
    import ida_loader
    import idc

    options = parsed(with_analysis("goabi_headless.py"), list(idc.ARGV[1:]))
    if isinstance(options, int):
        return options
    code = work(options, options.result)
    if code == DONE and not options.no_save and not options.dry_run:
        idc.save_database("", 0)
    else:
        ida_loader.set_database_flag(ida_loader.DBFL_KILL)  # or IDA writes it when it ends
    return code


def with_idalib(args: List[str]) -> int:
    """Opens one database after the other. The worst code counts."""
    parser = with_analysis("goabi_headless.py")
    parser.add_argument("--result-dir", metavar="DIR", help="write one JSON file per input there")
    parser.add_argument("--ida-args", metavar="TEXT", help="more of IDA's own options")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file or database, or a folder of them")
    options = parsed(parser, args)
    if isinstance(options, int):
        return options
    try:
        import idapro
    except ImportError as error:
        return failed("idalib is not there: %s (pip install idapro, and set IDADIR)" % error, FAILED)
    paths = [path for name in options.files for path in inputs(name)]
    if options.result and len(paths) > 1:
        return failed("--result is for one file; use --result-dir", USAGE)
    return max((one(idapro, options, path) for path in paths), default=DONE)


def one(idapro: Any, options: argparse.Namespace, path: str) -> int:
    """One file, from opening to closing."""
    code = FAILED
    if idapro.open_database(path, True, options.ida_args) != 0:
        return failed("%s: IDA does not open it" % path, FAILED)
    try:
        code = work(options, options.result or result_of(options.result_dir, path))
    finally:
        idapro.close_database(code == DONE and not options.no_save and not options.dry_run)
    return code


def inputs(name: str) -> List[str]:
    """A file, or the files of a folder."""
    if not os.path.isdir(name):
        return [name]
    found = (os.path.join(name, entry) for entry in sorted(os.listdir(name)))
    return [path for path in found if os.path.isfile(path) and not path.lower().endswith(DATABASES)]


def result_of(folder: Optional[str], path: str) -> Optional[str]:
    """Where a file's result goes."""
    if folder is None:
        return None
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, os.path.basename(path) + ".json")


def inside_ida() -> bool:
    """Whether IDA runs this script, as opposed to Python."""
    return "ida_kernwin" in sys.modules and "idapro" not in sys.modules


if __name__ == "__main__":
    if inside_ida():
        import ida_pro

        ida_pro.qexit(in_ida())
    else:
        sys.exit(with_idalib(sys.argv[1:]))
