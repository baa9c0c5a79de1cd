"""Whole tasks: annotate, preview, explain, undo. Needs no window, so headless runs and tests use them as they are."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Optional, Tuple

import ida_auto
import ida_funcs
import idautils

from . import compat, source
from .apply import Applier
from .declare import Types, names_in
from .errors import Cancelled, Failure, NotGo
from .plan import Plan, Row
from .progress import Progress
from .record import Record
from .result import Result
from .result import Row as Done
from .settings import Settings

Do = Callable[[Row], Optional[Done]]
Step = Tuple[Do, Row]


class Session:
    """What is kept between tasks on one database: the last analysis, which is most of the time of a task; or a plan that
    was made elsewhere."""

    def __init__(self, given: Optional[Plan] = None) -> None:
        self._given = given
        self._known: Optional[Tuple[Any, Plan, str]] = None

    def plan(self, settings: Settings, progress: Progress, anew: bool = False) -> Tuple[Plan, str]:
        """The plan for the open database, and what it was made from. What was read from the database may have changed
        since; `anew` is for tasks that take that into account."""
        if self._given is not None:
            return self._given, source.PLAN
        wanted = (settings.min_confidence, settings.use_dwarf, settings.from_database, source.input_file())
        stale = self._known is not None and anew and self._known[2] == source.DATABASE
        if self._known is None or self._known[0] != wanted or stale:
            report, made_from = analysed(settings, progress)
            self._known = wanted, Plan(report.ida_plan(settings.min_confidence)), made_from
        return self._known[1], self._known[2]

    def annotate(self, settings: Settings, progress: Progress, function: Optional[int] = None) -> Result:
        """Applies everything, or what belongs to the function around an address."""
        ida_auto.auto_wait()
        plan, made_from = self.plan(settings, progress, anew=function is None)
        return apply_plan(plan, made_from, settings, progress, function)

    def explain(self, ea: int, settings: Settings, progress: Progress) -> str:
        """What `goabi explain` says of the function around an address."""
        around = ida_funcs.get_func(ea)
        start = ea if around is None else around.start_ea
        linked = start - source.slide(self.plan(settings, progress)[0])
        report, _ = analysed(settings, progress, only="%#x" % linked, evidence=True)
        text: str = report.explain()
        if not text:
            raise Failure("goabi knows no function at %#x" % start)
        return text


def analysed(settings: Settings, progress: Progress, **options: Any) -> Tuple[Any, str]:
    """The core's report; its errors as `Failure`s."""
    from . import native

    core = native.core()
    try:
        report, made_from = source.analyse(settings, progress.watch, **options)
        return report, made_from
    except core.NotGoError as error:
        raise NotGo("this is not a Go program: %s" % error) from error
    except OSError as error:
        raise Failure("the input file cannot be read: %s" % error) from error


def apply_plan(
    plan: Plan, made_from: str, settings: Settings, progress: Progress, function: Optional[int] = None
) -> Result:
    """Applies a plan, or the part of it that is about one function."""
    tool = plan.head["tool"]
    result = Result("%s %s" % (tool["name"], tool["version"]), made_from, settings.dry_run)
    slide = source.slide(plan)
    record = Record()
    writable = settings.dry_run or record.open()
    if not writable:
        result.notes.append("the database takes no changes")
    types = Types(plan, record)
    applier = Applier(settings, types, record, slide, writable)
    steps, total = _steps(plan, applier, function)
    try:
        _declare(types, steps if function is not None else None, settings, writable, progress)
        for number, (step, row) in enumerate(steps):
            progress.watch("applying", number, total)
            done = step(row)
            if done is not None:
                result.add(done)
    except Cancelled:
        result.cancelled = True
    finally:
        if not settings.dry_run and writable:
            types.settle()
            record.save()
            record.forget_if_empty()
            refresh(applier, function is not None)
    return result


def _steps(plan: Plan, applier: Applier, function: Optional[int]) -> Tuple[Any, int]:
    lists = _lists(applier)
    if function is None:
        rows = (one for name, step in lists for row in plan.rows(name) for one in _with_entries(applier, step, row))
        return rows, sum(plan.count(name) for name, _ in lists)
    steps = list(_steps_of(plan, applier, function))
    return steps, len(steps)


def _with_entries(applier: Applier, step: Do, row: Row) -> Iterator[Step]:
    """A function, and the places in its middle where it can be entered, which have the same signature."""
    yield step, row
    for entry in row.get("entries", ()):
        if entry["at"] != row["entry"]:
            inside = int(entry["at"], 16) - int(row["entry"], 16)
            name = "%s_%x" % (row["name"], inside) if row["name"] else ""
            yield applier.further_entry, {**row, "entry": entry["at"], "entries": [], "name": name}


def _lists(applier: Applier) -> List[Tuple[str, Do]]:
    """The plan's lists with what is done to their rows."""
    calls = [("call_sites", applier.call)] if applier.settings.call_sites else []
    return [("functions", applier.function), *calls, ("annotations", applier.place)]


def _steps_of(plan: Plan, applier: Applier, ea: int) -> Iterator[Step]:
    """What concerns the function at or around an address."""
    around = ida_funcs.get_func(ea)
    starts = [ea] if around is None else [around.start_ea]
    rows = [row for start in starts for row in plan.rows_at("functions", "entry", start - applier.slide)]
    if not rows:
        raise Failure("goabi knows no function at %#x" % starts[0])
    for row in rows:
        start = applier.ea(row["entry"])
        end = applier.ea(row["end"]) if row.get("end") else (around.end_ea if around is not None else start + 1)
        yield from _with_entries(applier, applier.function, row)
        for name, step in _lists(applier)[1:]:
            for inner in plan.rows(name):
                if start <= applier.ea(inner["at"]) < end:
                    yield step, inner


def _declare(types: Types, steps: Optional[List[Step]], settings: Settings, writable: bool, progress: Progress) -> None:
    if settings.dry_run or not writable:
        types.look()
    elif steps is None:
        types.declare(watch=progress.watch)
    else:
        words = {word for _, row in steps if "decl" in row for word in names_in(row)}
        types.declare(types.needed(words), progress.watch)


def refresh(applier: Applier, callers_too: bool) -> None:
    """Makes the decompiler forget what it knew of functions whose type changed, and of their callers."""
    hexrays = compat.hexrays() if applier.touched else None
    if hexrays is None:
        return
    if not callers_too:
        hexrays.clear_cached_cfuncs()
        return
    for ea in applier.touched:
        users = [ida_funcs.get_func(at) for at in [ea, *idautils.CodeRefsTo(ea, False)]]
        for start in {user.start_ea for user in users if user is not None}:
            hexrays.mark_cfunc_dirty(start)
