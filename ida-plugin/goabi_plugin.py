"""IDA's entry into goabi. See docs/ida.md."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def PLUGIN_ENTRY():  # noqa: N802 (IDA's name)
    """What IDA calls to get the plugin."""
    from goabi_ida.plugin import GoabiPlugin

    return GoabiPlugin()
