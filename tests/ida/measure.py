"""Runs the plugin over real programs: `measure.py FILE…`. Needs the installed `goabi` module, and prints a line per file.

Checked on each: every located prototype is the same from its text as from its parts, a second run changes nothing, and
undoing leaves the database as it was. Times are of the processor, over all threads: of the core's analysis and its plan; of the
plugin's own Python per function, without what IDA's functions (here: the fake's) take.
"""

from __future__ import annotations

import inspect
import pathlib
import sys
import time
from typing import Any, Callable

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/ida"), str(ROOT / "ida-plugin")]

import fake  # noqa: E402
from fake import loaders, modules  # noqa: E402


class Clock:
    """Seconds inside of IDA."""

    def __init__(self) -> None:
        self.seconds, self.inside = 0.0, False

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **keywords: Any) -> Any:
            if self.inside:
                return function(*args, **keywords)
            self.inside, start = True, time.thread_time()
            try:
                return function(*args, **keywords)
            finally:
                self.seconds += time.thread_time() - start
                self.inside = False

        return run


def time_everything(world: fake.World, clock: Clock) -> None:
    """Puts the clock around every function and method of the fake."""
    for name, members in modules.modules(world).items():
        for key, value in members.items():
            if inspect.isclass(value):
                for base in reversed(value.__mro__[:-1]):
                    for method, one in list(vars(base).items()):
                        if inspect.isfunction(one) and not method.startswith("__get") and not hasattr(one, "timed"):
                            wrapped = clock.timed(one)
                            wrapped.timed = True  # type: ignore[attr-defined]
                            setattr(base, method, wrapped)
            elif callable(value):
                members[key] = clock.timed(value)
        vars(sys.modules[name]).update(members)


def database_of(path: str, plan: Any) -> fake.Database:
    """The file as IDA loads it, or no more than the plan says where no loader is written."""
    head = {**plan.head, "functions": list(plan.rows("functions"))}
    try:
        database = loaders.load(path)
        loaders.add_functions(database, head["functions"], database.base - plan.image_base)
    except (KeyError, ValueError, IndexError, loaders.struct.error):
        database = loaders.of_plan(head)
    return database


def equal_locations(plan: Any) -> int:
    """How many prototypes are the same from text and from parts; all of them, or it raises."""
    from test_places import places

    from goabi_ida import prototype

    count = 0
    for name in ("functions", "call_sites"):
        for row in plan.rows(name):
            if row.get("cc") == "__usercall":
                parsed, built = prototype.parse(row["decl"]), prototype.build(row)
                one, other = (tif.get_pointed_object() if tif.is_ptr() else tif for tif in (parsed, built))
                assert places(one) == places(other), row["decl"]
                count += 1
    return count


def measure(path: str, world: fake.World, clock: Clock) -> str:
    """One file's line."""
    import goabi
    from goabi_ida import flow, undo
    from goabi_ida.plan import Plan
    from goabi_ida.progress import Progress
    from goabi_ida.settings import Settings

    start = time.process_time()
    report = goabi.analyze(path)
    analysed = time.process_time()
    text = report.ida_plan()
    planned = time.process_time()
    plan = Plan(text)
    database = world.open(database_of(path, plan))
    before = database.state.shown()
    times = []
    for _ in range(2):
        clock.seconds, begun = 0.0, time.thread_time()
        result = flow.apply_plan(plan, "file", Settings(), Progress())
        times.append((time.thread_time() - begun - clock.seconds) / max(len(result.rows), 1) * 1e6)
        counts = result.counts()
        if len(times) == 1:
            first, after = counts, database.state.shown()
    assert database.state.shown() == after, "the second run changed something"
    same = equal_locations(plan)
    undo.undo_all()
    assert database.state.shown() == before, "undoing left something"
    assert not world.refused, world.refused[:3]
    shape = (pathlib.Path(path).name, pathlib.Path(path).stat().st_size / 1e6, plan.count("functions"), first.get("applied", 0))
    rest = (len(result.rows) - plan.count("functions"), same, analysed - start, planned - analysed, *times)
    return "%-16s %6.1f %9d %8d %8d %8d %9.2f %7.2f %9.0f %9.0f" % (*shape, *rest)


def main(paths: list[str]) -> None:
    world, clock = fake.install(), Clock()
    time_everything(world, clock)
    print("file                 MB functions  applied  marks      same analyse/s  plan/s first/µs again/µs")
    for path in paths:
        print(measure(path, world, clock), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
