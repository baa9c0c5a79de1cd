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

DONE, FAILED, USAGE, NOT_GO, CANCELLED = 0, 1, 2, 3, 130
#: What a folder is not searched for: IDA's own files.
DATABASES = (".i64", ".idb", ".id0", ".id1", ".id2", ".nam", ".til", ".json", ".log")


def arguments(inside: bool) -> argparse.ArgumentParser:
    """Options are the plugin's settings, which are their defaults."""
    parser = argparse.ArgumentParser(prog="goabi_headless.py", description="Annotates Go programs in IDA.")
    parser.add_argument("--result", metavar="FILE", help="write what was done as JSON; - is the standard output")
    parser.add_argument("--min-confidence", choices=("guess", "likely", "exact"), help="lowest level that is applied")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--function", metavar="ADDR", help="only the function at or around this address")
    parser.add_argument("--undo", action="store_true", help="remove what goabi set instead")
    parser.add_argument("--self-test", action="store_true", help="print how this IDA reads goabi's types instead")
    for name in ("names", "comments", "call-sites", "use-dwarf"):
        parser.add_argument("--no-" + name, dest=name.replace("-", "_"), action="store_false", default=None)
    for name in ("create-functions", "replace-types", "from-database"):
        parser.add_argument("--" + name, action="store_true", default=None)
    parser.add_argument("--no-save", action="store_true", help="leave the database on disk as it was")
    if not inside:
        parser.add_argument("--result-dir", metavar="DIR", help="write one JSON file per input there")
        parser.add_argument("--ida-args", metavar="TEXT", help="more of IDA's own options")
        parser.add_argument("files", nargs="+", metavar="FILE", help="a file or database, or a folder of them")
    return parser


def work(options: argparse.Namespace, result_file: Optional[str]) -> int:
    """Does what the options say to the open database."""
    from goabi_ida import compat, selftest, settings, undo
    from goabi_ida.errors import Cancelled, Failure, NotGo
    from goabi_ida.flow import Session
    from goabi_ida.progress import Progress

    if options.self_test:
        print(selftest.table())
        return DONE
    chosen = settings.load()
    for name in settings.STORED:
        if getattr(options, name, None) is not None:
            setattr(chosen, name, getattr(options, name))
    chosen.dry_run = options.dry_run
    try:
        if not options.dry_run:
            compat.undo_point("goabi:undo" if options.undo else "goabi:program", "goabi")
        if options.undo:
            print("goabi: removed %s" % undo.undo_all())
            return DONE
        function = int(options.function, 0) if options.function else None
        result = Session().annotate(chosen, Progress(), function)
    except Cancelled:
        return CANCELLED
    except NotGo as failure:
        return failed(failure, NOT_GO)
    except Failure as failure:
        return failed(failure, FAILED)
    except ValueError:
        return failed("%r is no address" % options.function, USAGE)
    print("goabi: " + result.summary())
    for line in [*result.notes, *result.reasons()]:
        print("goabi: " + line)
    return write(result.to_json(), result_file)


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


def parsed(parser: argparse.ArgumentParser, args: List[str]) -> "argparse.Namespace | int":
    """The options, or the exit code of wrong ones and of `--help`."""
    try:
        return parser.parse_args(args)
    except SystemExit as end:
        return int(end.code or 0)


def in_ida() -> int:
    """`idat -A -S`: the database is open, and IDA ends when we are done."""
    import ida_loader
    import idc

    options = parsed(arguments(True), list(idc.ARGV[1:]))
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
    options = parsed(arguments(False), args)
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
