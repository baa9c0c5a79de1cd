"""Runs the script of `--format idapython` without IDA: `fake_ida.py SCRIPT [trick…]`, and prints what became of each address.

Tricks are those of `fake.Database`, and `user-type` (the first function has a type that somebody else set), `other-size` (the
first struct is known with another size), `twice` (the script runs twice).
"""

import ast
import json
import runpy
import sys

import fake
from fake import loaders, model

DELTA = 0x10000  # loaded elsewhere than the file says


def plan_of(script):
    """What stands in the script's literals."""
    tree = ast.parse(open(script, encoding="utf-8").read())
    values = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    return json.loads("\n".join(ast.literal_eval(values["PLAN"])))


def main(script, *tricks):
    world, plan = fake.install(), plan_of(script)
    database = world.open(loaders.of_plan(plan, DELTA))
    database.tricks = set(tricks)
    state = database.state
    if "user-type" in tricks:
        state.function_types[int(plan["functions"][0]["entry"], 16) + DELTA] = model.Type(word="int"), True
    if "other-size" in tricks:
        name = next(row["name"] for row in plan["types"] if row["kind"] == "define")
        state.types.add(name, model.Named("struct", [("other", model.Type(word="char"), 3)]))
    for _ in range(1 + ("twice" in tricks)):
        runpy.run_path(script, run_name="__main__")
    for (ea, _), comment in sorted(state.function_comments.items()):
        print("%#x %s" % (ea - DELTA, ascii(state.names.get(ea, ""))))
        print("    " + state.function_types[ea][0].text())
        print("    " + ascii(comment))


main(*sys.argv[1:])
