"""What the tests share: plans, databases for them, and databases as text."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any, Dict, List, Optional

import fake
from fake import loaders

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/emit"
SAMPLES = sorted(path.name.split(".")[0] for path in GOLDEN.glob("*.ida-plan.json"))
#: How far databases are from where the plan has the program.
DELTA = 0x10000


def sample(name: str) -> str:
    """A plan of the core's golden files."""
    return (GOLDEN / f"{name}.ida-plan.json").read_text()


def plan_text(functions=(), types=(), call_sites=(), annotations=(), arch: str = "amd64", base: str = "0x400000") -> str:
    """A plan made by hand, in the core's layout."""
    tool = {"name": "goabi", "version": "0"}
    head = {"schema": "goabi.ida-plan/1", "tool": tool, "sha256": "", "arch": arch, "image_base": base, "pack": 8}
    lists = {"types": types, "functions": functions, "call_sites": call_sites, "annotations": annotations}
    text = json.dumps(head)[:-1]
    for name, rows in lists.items():
        text += ',\n"%s": [' % name + ",".join("\n" + json.dumps(row, separators=(",", ":")) for row in rows) + "]"
    return text + "\n}\n"


def word(name: str, reg: str, alias: str = "", size: int = 8) -> Dict[str, Any]:
    """An integer in a register."""
    part = {"off": 0, "size": size, "reg": reg, **({"as": alias} if alias else {})}
    return {"name": name, "type": "__int%d" % (8 * size), "size": size, "parts": [part]}


def function(entry: int, **changes: Any) -> Dict[str, Any]:
    """A function of one parameter and one result."""
    row = {
        "entry": "%#x" % entry,
        "end": "%#x" % (entry + 0x20),
        "name": "main.f%x" % entry,
        "comment": "goabi: func f%x(a int) int [params exact, spill; results likely, code]" % entry,
        "confidence": {"params": "exact", "results": "likely"},
        "source": {"params": "spill", "results": "code"},
        "decl": "__int64 __usercall __spoils<rax, rcx> f@<rax>(__int64 a@<rax>);",
        "cc": "__usercall",
        "ret": word("", "rax"),
        "args": [word("a", "rax")],
        "spoils": ["rax", "rcx"],
    }
    return {**row, **changes}


def open_plan(ida: fake.World, text: str, *tricks: str, delta: int = DELTA) -> fake.Database:
    """The database of a plan's program."""
    database = ida.open(loaders.of_plan(json.loads(text), delta))
    database.tricks = set(tricks)
    return database


def apply(text: str, progress: Any = None, function: Optional[int] = None, **settings: Any) -> Any:
    """Applies a plan to the open database."""
    from goabi_ida.flow import apply_plan
    from goabi_ida.plan import Plan
    from goabi_ida.progress import Progress
    from goabi_ida.settings import Settings

    return apply_plan(Plan(text), "plan", Settings(**settings), progress or Progress(), function)


def statuses(result: Any) -> List[str]:
    """Ends of all rows."""
    return [row.status for row in result.rows]


def transcript(database: fake.Database, result: Any) -> str:
    """What is in a database, as text to compare."""
    state = database.state
    lines = [result.summary(), *result.reasons(), ""]
    lines += [one.text(name) for name, one in sorted(state.types.named.items())]
    for ea in sorted(state.functions):
        lines.append("%#x %s" % (ea - DELTA, state.names.get(ea, "")))
        if ea in state.function_types:
            lines.append("    " + state.function_types[ea][0].text())
        if state.function_comments.get((ea, True)):
            lines.append("    " + state.function_comments[ea, True])
    lines += ["%#x call %s" % (ea - DELTA, one.text()) for (ea, _), one in sorted(state.operand_types.items())]
    lines += ["%#x ; %s" % (ea - DELTA, text) for (ea, _), text in sorted(state.comments.items())]
    return "\n".join(lines) + "\n"


def check_golden(path: pathlib.Path, text: str) -> None:
    """Compares with a file, or rewrites it with `BLESS=1`."""
    if os.environ.get("BLESS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.exists(), f"{path} is missing; BLESS=1 writes it"
    assert text == path.read_text()
