"""Applies the calling conventions that goabi found to the open IDA database.

Run it with File > Script file, or in batch mode: idat -A -S"THIS_FILE --exit" sample. It needs neither goabi nor its plugin:
what the plugin does to a database is in here, and so is the plan. What you set yourself stays as it is. With --dry-run
it changes nothing, with --undo it removes what it set, and --help names the other options.
"""

import importlib.abc
import importlib.util
import sys

# The plugin's modules, as text.
# <modules>
MODULES = {}
# </modules>
# The plan, a line each. Nothing of a sample is ever code.
# <plan>
PLAN = []
# </plan>

PACKAGE = "goabi_script"  # not the plugin's name: both may be in one IDA, and of different versions


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the modules of this file."""

    def find_spec(self, name, path=None, target=None):
        package, _, module = name.partition(".")
        if package != PACKAGE or (module and module not in MODULES):
            return None
        return importlib.util.spec_from_loader(name, self, is_package=not module)

    def exec_module(self, module):
        name = module.__name__.partition(".")[2]
        exec(compile(MODULES.get(name, ""), "<goabi %s>" % name, "exec"), vars(module))


def main():
    """Imports anew: an earlier script of another version may have left its modules."""
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    finder = Finder()
    sys.meta_path.insert(0, finder)
    plan = "\n".join(PLAN + [""]).encode("utf-16", "surrogatepass").decode("utf-16")  # JSON's escapes, half a character each
    try:
        importlib.import_module(PACKAGE + ".command").script(plan)
    finally:
        sys.meta_path.remove(finder)


main()
