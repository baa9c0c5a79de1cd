"""Where every parameter and result of a Go function lives, from the binary alone.

    >>> import goabi
    >>> report = goabi.analyze("server")
    >>> for function in report.functions:
    ...     print(function.entry, function.prototype, function.usercall)

What a report holds is described by its JSON Schema (``docs/report.schema.json`` in the sources): attributes have the
names of the JSON fields. Addresses are hex strings such as ``"0x47f0a0"``.
"""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import Any, Callable, Iterable, Tuple, Union

from . import _core
from ._core import FormatError, GoabiError as Error, InputSyntaxError, NotGoError

__all__ = [
    "Error",
    "FormatError",
    "InputSyntaxError",
    "NotGoError",
    "Record",
    "Report",
    "analyze",
    "analyze_segments",
    "layout",
]

Source = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview]
#: Called with a stage's name, the units done and all units, some twenty times a second, in the thread that waits for the
#: analysis; an exception that it raises stops the analysis and goes on to the caller.
Watch = Callable[[str, int, int], object]
#: Address, size in memory, its first bytes (the others are zero), and some of the letters ``rwx``.
Segment = Tuple[int, int, bytes, str]


class Record(dict):  # type: ignore[type-arg]
    """A JSON object whose members are attributes too: ``f.entry`` is ``f["entry"]``, ``None`` if left out."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)


class Report:
    """What one analysis found.

    ``min_confidence`` (``"guess"``, ``"likely"`` or ``"exact"``) leaves out claims below that level.
    """

    def __init__(self, analysis: _core.Analysis) -> None:
        self._analysis = analysis

    @cached_property
    def _record(self) -> Record:
        record: Record = json.loads(self._analysis.to_json("unknown"), object_hook=Record)
        return record

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._record:
            raise AttributeError(f"the report has no {name!r}")
        return self._record[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._record})

    def __repr__(self) -> str:
        return f"<goabi.Report of {self.go.version} {self.binary.arch}: {len(self.functions)} functions>"

    def to_json(self, min_confidence: str = "guess") -> str:
        """The report as ``goabi.report/1``."""
        return self._analysis.to_json(min_confidence)

    def text(self, min_confidence: str = "likely") -> str:
        """One line per function and a summary, as the command prints it."""
        return self._analysis.text(min_confidence)

    def ida_plan(self, min_confidence: str = "likely") -> str:
        """What an IDA plug-in applies, as JSON."""
        return self._analysis.ida_plan(min_confidence)

    def ghidra_plan(self, min_confidence: str = "likely") -> str:
        """What a Ghidra extension applies, as JSON."""
        return self._analysis.ghidra_plan(min_confidence)

    def idapython(self, min_confidence: str = "likely") -> str:
        """A script for IDA that needs no plug-in."""
        return self._analysis.idapython(min_confidence)

    def header(self, min_confidence: str = "likely") -> str:
        """C declarations."""
        return self._analysis.header(min_confidence)

    def html(self) -> str:
        """A page for a browser, which needs nothing else; it has all of the report, claims and code with ``evidence=True``."""
        return self._analysis.html()

    def explain(self) -> str:
        """What ``goabi explain`` prints, for each function; claims need ``evidence=True``, one function ``only``."""
        return self._analysis.explain()


def analyze(
    source: Source,
    *,
    dwarf: bool = True,
    symbols: bool = True,
    names: bool = True,
    signatures: bool = True,
    evidence: bool = False,
    listing: int | None = None,
    data: bool = False,
    threads: int = 0,
    only: str | None = None,
    arch: str | None = None,
    sigs: Iterable[Source] = (),
    watch: Watch | None = None,
) -> Report:
    """Analyses a file by its path, or the bytes of one.

    ``dwarf``, ``symbols``, ``names`` and ``signatures`` (from sources: the built-in standard library and ``sigs``) say
    what may be used. ``evidence`` keeps every claim that was made on each function, and ``listing`` of its instructions.
    ``data`` adds types, itabs, string literals and stack-growth blocks by address.
    ``threads=0`` means all. ``only`` names one function (or gives an address in it), ``arch`` the part of a
    fat Mach-O file by Go's name for the machine. ``sigs`` are signature packs as ``goabi sigs build`` writes them, by
    their paths or as bytes; earlier ones have precedence. ``watch`` is told how far the analysis is, and stops it by raising.
    Raises :class:`Error` or one of its subclasses, or :class:`OSError`.
    """
    options = _options(dwarf, symbols, names, signatures, evidence, listing, data, threads, only, arch, sigs)
    return Report(_core.analyze(_read(source), options, watch))


def analyze_segments(
    segments: Iterable[Segment],
    *,
    arch: str,
    os: str | None = None,
    base: int | None = None,
    entry: int | None = None,
    names: bool = True,
    signatures: bool = True,
    evidence: bool = False,
    listing: int | None = None,
    data: bool = False,
    threads: int = 0,
    only: str | None = None,
    sigs: Iterable[Source] = (),
    watch: Watch | None = None,
) -> Report:
    """Analyses memory that is no container: a dump, or what a debugger or a disassembler has.

    ``arch`` and ``os`` are Go's names; ``base`` is the address that the report calls the image's, by default the lowest
    one. Everything else is as in :func:`analyze`.
    """
    memory: _core.Memory = {"arch": arch, "os": os, "base": base, "entry": entry}
    rows = [(addr, size, bytes(content), perms) for addr, size, content, perms in segments]
    options = _options(True, True, names, signatures, evidence, listing, data, threads, only, None, sigs)
    return Report(_core.analyze_segments(rows, memory, options, watch))


def _read(source: Source) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    with open(source, "rb") as file:
        return file.read()


def _pack(number: int, source: Source) -> tuple[str, bytes]:
    given = isinstance(source, (bytes, bytearray, memoryview))
    return (f"sigs[{number}]" if given else os.fspath(source), _read(source))  # type: ignore[arg-type]


def _options(
    dwarf: bool,
    symbols: bool,
    names: bool,
    signatures: bool,
    evidence: bool,
    listing: int | None,
    data: bool,
    threads: int,
    only: str | None,
    arch: str | None,
    sigs: Iterable[Source],
) -> _core.Options:
    if isinstance(sigs, (str, bytes, bytearray, memoryview, os.PathLike)):
        raise TypeError("sigs is a list of signature packs")
    return {
        "dwarf": dwarf,
        "symbols": symbols,
        "names": names,
        "signatures": signatures,
        "evidence": evidence,
        "listing": listing,
        "data": data,
        "threads": threads,
        "only": only,
        "arch": arch,
        "sigs": [_pack(number, source) for number, source in enumerate(sigs)],
    }


class Layout(Record):
    """Where a signature puts its values. As a string it is the text that ``goabi layout`` prints."""

    def __init__(self, record: Record, text: str) -> None:
        super().__init__(record)
        self._text = text

    def __str__(self) -> str:
        return self._text


def layout(signature: str, *, arch: str = "amd64", go: str | None = None, asm: bool = False) -> Layout:
    """Lays out a Go signature such as ``"func(a, b int) string"``.

    ``go`` is a version such as ``"1.27"``, by default the newest; ``asm`` takes ABI0, the convention of assembly.
    """
    laid_out, text = _core.layout(signature, arch, go, asm)
    return Layout(json.loads(laid_out, object_hook=Record), text)
