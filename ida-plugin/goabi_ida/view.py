"""The list of results, and a window for text."""

from __future__ import annotations

from typing import Any, List, Optional

import ida_kernwin

from .result import SKIPPED, Result, Row
from .settings import LEVELS

TITLE = "goabi"
#: What the list can be narrowed to: everything, one confidence, or what was skipped.
FILTERS = ("all", *reversed(LEVELS), SKIPPED)


def shown(rows: List[Row], chosen: str) -> List[Row]:
    """The rows that pass a filter. With two confidences, the lower one counts."""
    if chosen == "all":
        return rows
    if chosen == SKIPPED:
        return [row for row in rows if row.status == SKIPPED]
    return [row for row in rows if row.status != SKIPPED and lowest(row.confidence) == chosen]


def lowest(confidence: str) -> str:
    """The lower of `exact/likely`."""
    sides = confidence.split("/")
    return next((level for level in ("unknown", *LEVELS) if level in sides), "")


class ResultList(ida_kernwin.Choose):
    """One line per place. Enter or a double click jumps there."""

    COLUMNS = [
        ["Address", 16 | ida_kernwin.Choose.CHCOL_HEX],
        ["What", 9 | ida_kernwin.Choose.CHCOL_PLAIN],
        ["Name", 30 | ida_kernwin.Choose.CHCOL_PLAIN],
        ["Status", 10 | ida_kernwin.Choose.CHCOL_PLAIN],
        ["Confidence", 12 | ida_kernwin.Choose.CHCOL_PLAIN],
        ["Source", 12 | ida_kernwin.Choose.CHCOL_PLAIN],
        ["Old type", 30 | ida_kernwin.Choose.CHCOL_PLAIN],
        ["New type", 60 | ida_kernwin.Choose.CHCOL_PLAIN],
        ["Why", 40 | ida_kernwin.Choose.CHCOL_PLAIN],
    ]

    def __init__(self, result: Result) -> None:
        title = TITLE + (" (preview)" if result.dry_run else "")
        super().__init__(title, self.COLUMNS, flags=ida_kernwin.Choose.CH_CAN_REFRESH)
        self.all = result.rows
        self.rows = result.rows
        self.filter = FILTERS[0]

    def narrow(self, chosen: str) -> None:
        """Shows only what passes a filter."""
        self.filter = chosen
        self.rows = shown(self.all, chosen)
        self.Refresh()

    def OnGetSize(self) -> int:  # noqa: N802
        return len(self.rows)

    def OnGetLine(self, n: int) -> List[str]:  # noqa: N802
        row = self.rows[n]
        texts = (row.kind, row.name, row.status, row.confidence, row.source, row.old, row.new, row.why)
        return ["%X" % row.ea, *texts]

    def OnGetEA(self, n: int) -> int:  # noqa: N802
        return self.rows[n].ea

    def OnSelectLine(self, n: Any) -> Any:  # noqa: N802
        index = n[0] if isinstance(n, (list, tuple)) else n
        ida_kernwin.jumpto(self.rows[index].ea)
        return (ida_kernwin.Choose.NOTHING_CHANGED,)

    def OnRefresh(self, n: Any) -> Any:  # noqa: N802
        return [ida_kernwin.Choose.ALL_CHANGED, *(n if isinstance(n, (list, tuple)) else [n])]


class TextWindow(ida_kernwin.simplecustviewer_t):
    """Text that can be read, searched and copied."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        if self.Create(title):
            for line in text.rstrip("\n").split("\n"):
                self.AddLine(line)
            self.Show()


def show_text(title: str, text: str) -> Optional[TextWindow]:
    """Opens a window; the caller keeps it."""
    return TextWindow(title, text)
