"""IDA without IDA: its Python modules, as far as goabi uses them, over a database that tests can look into.

The argument locations are those of IDA's manual, types are read back as they were understood, user and guessed types
differ, names and comments behave, netnodes hold what is put in them, undo brings everything back. A test can break any of
it (`Database.tricks`). What the fake takes for granted of IDA is checked against IDA's own stubs by `test_api.py`.
"""

from .database import BADADDR, Database, Segment
from .modules import World, install

__all__ = ["BADADDR", "Database", "Segment", "World", "install"]
