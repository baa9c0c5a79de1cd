"""Registers as IDA's processor modules name and number them; low bytes of the first eight have numbers of their own."""

from __future__ import annotations

from typing import Dict, Tuple

#: Name in lower case to (number, bytes).
Table = Dict[str, Tuple[int, int]]


def metapc() -> Table:
    found: Table = {}
    for number, middle in enumerate(["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"]):
        low = middle[0] + "l" if middle.endswith("x") else middle + "l"
        own = 16 + number if number < 4 else 20 + number  # al cl dl bl, spl bpl sil dil
        found.update({"r" + middle: (number, 8), "e" + middle: (number, 4), middle: (number, 2), low: (own, 1)})
    for number in range(8, 16):
        for ending, size in (("", 8), ("d", 4), ("w", 2), ("b", 1)):
            found["r%d%s" % (number, ending)] = number, size
    for number in range(16):
        found["xmm%d" % number] = 64 + number, 16
    for number in range(8):
        found["st%d" % number] = 56 + number, 10
    return found


def arm() -> Table:
    found: Table = {}
    for number in range(31):
        found["x%d" % number], found["w%d" % number] = (129 + number, 8), (129 + number, 4)
    for number in range(32):
        for kind, size in (("q", 16), ("v", 16), ("d", 8), ("s", 4), ("h", 2), ("b", 1)):
            found["%s%d" % (kind, number)] = 200 + number, size
    for number in range(16):
        found["r%d" % number] = number, 4
    found.update({"sp": (13, 4), "lr": (14, 4), "pc": (15, 4)})
    return found


TABLES = {"metapc": metapc(), "ARM": arm()}
