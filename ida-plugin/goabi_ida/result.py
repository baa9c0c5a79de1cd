"""What became of each place, for the list on the screen and for scripts (`goabi.ida-result/1`)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List

SCHEMA = "goabi.ida-result/1"
#: Ends of a row. `wanted` is what a dry run says of what it would apply.
APPLIED, UNCHANGED, WANTED, SKIPPED = "applied", "unchanged", "wanted", "skipped"


@dataclass
class Row:
    """One place."""

    ea: int
    kind: str  # function, call, place
    name: str
    status: str
    confidence: str = ""
    source: str = ""
    old: str = ""
    new: str = ""
    #: Why it was skipped, or how the type was made.
    why: str = ""


@dataclass
class Result:
    """One run."""

    tool: str
    input: str
    dry_run: bool
    cancelled: bool = False
    rows: List[Row] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """One more place."""
        self.rows.append(row)

    def counts(self, kind: str = "function") -> Dict[str, int]:
        """How many places ended how."""
        return dict(Counter(row.status for row in self.rows if row.kind == kind))

    def summary(self) -> str:
        """One line."""
        counts = self.counts()
        said = ["%d %s" % (counts[word], word) for word in (APPLIED, WANTED, UNCHANGED, SKIPPED) if word in counts]
        kinds = (("call", "call"), ("place", "marked place"))
        extra = [(sum(self.counts(kind).values()), word) for kind, word in kinds]
        said += ["%d %s%s" % (number, word, "s" * (number != 1)) for number, word in extra if number]
        functions = sum(counts.values())
        ending = "; cancelled" if self.cancelled else ""
        return "%d function%s: %s%s" % (functions, "s" * (functions != 1), ", ".join(said) or "nothing to do", ending)

    def reasons(self) -> List[str]:
        """Why things were skipped, most frequent first, with the first place."""
        first: Dict[str, int] = {}
        counts: Counter[str] = Counter()
        for row in self.rows:
            if row.status == SKIPPED:
                first.setdefault(row.why, row.ea)
                counts[row.why] += 1
        return ["%d skipped, first at %#x: %s" % (n, first[why], why) for why, n in counts.most_common()]

    def to_json(self) -> str:
        """For scripts. Addresses are those of the database."""
        rows = [{**asdict(row), "ea": "%#x" % row.ea} for row in self.rows]
        head: Dict[str, Any] = {"schema": SCHEMA, "tool": self.tool, "input": self.input, "dry_run": self.dry_run}
        counts = {kind: self.counts(kind) for kind in ("function", "call", "place")}
        rest = {"cancelled": self.cancelled, "counts": counts, "notes": self.notes, "rows": rows}
        return json.dumps({**head, **rest}, indent=1) + "\n"
