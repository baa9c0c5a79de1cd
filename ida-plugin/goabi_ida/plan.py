"""Reads a plan. Items stay text until they are needed: a large program's plan would be gigabytes of dictionaries."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List

from .errors import Failure

SCHEMA = "goabi.ida-plan/1"
Row = Dict[str, Any]


class Plan:
    """The head as attributes; `types`, `functions`, `call_sites` and `annotations` as lists of rows."""

    def __init__(self, text: str) -> None:
        first, _, rest = text.partition("\n")
        try:
            self.head: Row = json.loads(first.rstrip().rstrip(",") + "}")
        except ValueError as error:
            raise Failure("the plan is not one that this plugin reads: %s" % error) from error
        if self.head.get("schema") != SCHEMA:
            raise Failure("the plan has the schema %r, this plugin reads %r" % (self.head.get("schema"), SCHEMA))
        self._lines = _lists(rest)
        self.image_base = int(self.head["image_base"], 16)
        self.pack: int = self.head["pack"]

    def rows(self, name: str) -> Iterator[Row]:
        """The items of one list."""
        return (json.loads(line) for line in self._lines.get(name, ()))

    def count(self, name: str) -> int:
        """How many items a list has."""
        return len(self._lines.get(name, ()))

    def rows_at(self, name: str, key: str, address: int) -> List[Row]:
        """The items of which the member `key` is that address."""
        wanted = '"%s":"%#x"' % (key, address)
        return [json.loads(line) for line in self._lines.get(name, ()) if wanted in line]

    def entries(self, most: int) -> List[int]:
        """Some functions' entries, spread over all."""
        lines = self._lines.get("functions", [])
        return [int(json.loads(line)["entry"], 16) for line in lines[:: len(lines) // most + 1]]


def _lists(text: str) -> Dict[str, List[str]]:
    """One item a line, as the core writes them."""
    lists: Dict[str, List[str]] = {}
    rows: List[str] = []
    for line in text.split("\n"):
        if line.startswith('"'):
            rows = lists.setdefault(line[1 : line.index('"', 1)], [])
        elif line.startswith("{"):
            rows.append(line[: line.rindex("}") + 1])
    return lists
