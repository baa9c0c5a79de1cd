"""Applies goabi's plan (`goabi.ida-plan/1`) to an IDA database. It translates; what is known of Go is in the core.

Nothing here needs a window: `flow` runs whole tasks, `plugin` and `view` are the menu and the lists around them.
All calls into IDA happen in the thread that calls; the core does its work in threads of its own, without Python.
"""
