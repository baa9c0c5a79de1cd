"""What we changed, kept in the database: the only way to tell our types, names and comments from the user's.

Keys are distances from the image's base, which stay when the database is rebased. Values are fingerprints: as long as
a thing still has the one that we recorded, it is ours to renew or to remove; with another it is the user's.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any, Dict, Iterator, List, Tuple

import ida_idaapi
import ida_nalt
import ida_netnode

NODE = "$ goabi"
VERSION = "1"
#: Tags of netnode values: of functions, of calls, of marked places, of the rest.
FUNCTION, CALL, PLACE, REST = "F", "C", "P", "R"
#: Members of a record.
TYPE, DECL, NAME, COMMENT = range(4)

Entry = List[str]


def fingerprint(text: str) -> str:
    """Sixteen characters that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class Record:
    """The netnode. Nothing is made before something is written."""

    def __init__(self) -> None:
        self._base = ida_nalt.get_imagebase()
        self._node: Any = ida_netnode.netnode(NODE, 0, False)
        #: Types that we added, types that we replaced, functions that we made or changed.
        self.types: Dict[str, str] = {}
        self.replaced: Dict[str, List[str]] = {}
        self.functions: Dict[str, List[int]] = {}
        #: Functions that we marked as ones that do not return.
        self.noreturn: List[str] = []
        self._saved = self._read_rest()

    def exists(self) -> bool:
        """Whether something of ours is in the database."""
        return bool(self._node.index() != ida_idaapi.BADADDR)

    def open(self) -> bool:
        """Makes the netnode. False if the database takes no changes."""
        if not self.exists():
            self._node = ida_netnode.netnode(NODE, 0, True)
            if not self.exists():
                return False
            self._node.set(VERSION)
        return bool(self._node.supset(0, VERSION, ord("V")) and self._node.supstr(0, ord("V")) == VERSION)

    def get(self, tag: str, ea: int) -> Entry:
        """What we recorded at an address: four texts, empty where there is nothing."""
        text = self._node.supstr(self._index(ea), ord(tag)) if self.exists() else None
        entry: Entry = json.loads(text) if text else ["", "", "", ""]
        return entry

    def put(self, tag: str, ea: int, entry: Entry) -> None:
        """Records; an empty entry is removed."""
        if any(entry):
            self._node.supset(self._index(ea), json.dumps(entry, separators=(",", ":")), ord(tag))
        else:
            self._node.supdel(self._index(ea), ord(tag))

    def entries(self, tag: str) -> Iterator[Tuple[int, Entry]]:
        """Everything recorded under a tag."""
        key = self._node.supfirst(ord(tag)) if self.exists() else ida_idaapi.BADADDR
        while key != ida_idaapi.BADADDR:
            text = self._node.supstr(key, ord(tag))
            following = self._node.supnext(key, ord(tag))
            yield (key + self._base) & ida_idaapi.BADADDR, json.loads(text)
            key = following

    def _index(self, ea: int) -> int:
        return int((ea - self._base) & ida_idaapi.BADADDR)

    def key(self, ea: int) -> str:
        """An address as the dictionaries have it."""
        return str(ea - self._base)

    def address(self, key: str) -> int:
        """The other way round."""
        return int(key) + int(self._base)

    def _read_rest(self) -> bytes:
        packed = self._node.getblob(0, REST) if self.exists() else None
        if not packed:
            return b""
        rest: Dict[str, Any] = json.loads(zlib.decompress(packed))
        self.types, self.replaced, self.functions = rest["types"], rest["replaced"], rest["functions"]
        self.noreturn = rest.get("noreturn", [])
        return bytes(packed)

    def save(self) -> None:
        """Writes the dictionaries, if they are others than those that were read."""
        rest: Dict[str, Any] = {"types": self.types, "replaced": self.replaced, "functions": self.functions}
        rest["noreturn"] = self.noreturn
        packed = zlib.compress(json.dumps(rest, sort_keys=True).encode())
        if self.exists() and packed != self._saved:
            self._node.setblob(packed, 0, ord(REST))
            self._saved = packed

    def forget_if_empty(self) -> None:
        """Leaves no trace where nothing was changed."""
        tags = (FUNCTION, CALL, PLACE)
        lists = self.types or self.replaced or self.functions or self.noreturn
        if not (lists or any(True for tag in tags for _ in self.entries(tag))):
            self.forget()

    def forget(self) -> None:
        """Removes all of it."""
        if self.exists():
            self._node.kill()
        self._node = ida_netnode.netnode(NODE, 0, False)
