"""The script of `goabi annotate --format idapython`: the plugin's modules and a plan in one file."""

import ast
import re

import pytest
from support import DELTA, ROOT, SAMPLES, open_plan, sample

GOLDEN = ROOT / "tests/golden/emit"


def script(plan):
    """As the core writes it, with another plan."""
    text = (ROOT / "rust-core/src/emit/idapython.py").read_text()
    names = re.findall(r'"(\w+)"', (ROOT / "rust-core/src/emit/idapython.rs").read_text().split("modules!(")[1].split(");")[0])
    modules = {name: (ROOT / "ida-plugin/goabi_ida" / (name + ".py")).read_text() for name in names}
    text = text.replace("MODULES = {}", "MODULES = %s" % ascii(modules))
    return text.replace("PLAN = []", "PLAN = %s" % ascii(plan.splitlines()))


def run(ida, plan, *args):
    ida.argv[:] = ["script.py", *args]
    exec(compile(script(plan), "script.py", "exec"), {"__name__": "__main__"})


@pytest.fixture(autouse=True)
def no_arguments(ida):
    yield
    ida.argv[:] = [""]
    ida.window, ida.exit_code = True, None


def test_what_the_core_writes_has_every_module():
    core = ast.parse(script("").encode())
    modules = next(node.value for node in core.body if isinstance(node, ast.Assign) and node.targets[0].id == "MODULES")
    assert all(text.isascii() for text in ast.literal_eval(modules).values())


@pytest.mark.parametrize("name", SAMPLES)
def test_it_does_what_the_plugin_does(ida, name):
    from support import apply

    by_plugin = open_plan(ida, sample(name))
    apply(sample(name))
    by_script = open_plan(ida, sample(name))
    run(ida, sample(name))
    assert by_script.state.shown() == by_plugin.state.shown()
    assert [label for label, _ in by_script.undo_points] == ["goabi"]
    assert by_script.wait_boxes == 0 and by_script.most_wait_boxes == 1


def test_options(ida, capsys):
    text = sample("amd64")
    database = open_plan(ida, text)
    before = database.state.shown()
    run(ida, text, "--dry-run")
    assert database.state.shown() == before and " wanted" in capsys.readouterr().out
    run(ida, text, "--function", "%#x" % (0x401000 + DELTA))
    assert len(database.state.function_types) == 1
    run(ida, text, "--undo")
    assert database.state.shown() == before
    ida.window = False
    run(ida, text, "--exit")
    assert ida.exit_code == 0 and database.most_wait_boxes == 2
    run(ida, text, "--frobnicate", "--exit")
    assert ida.exit_code == 0, "wrong usage ends nothing"


def test_a_script_and_the_plugin_know_each_others_work(ida):
    from goabi_ida.undo import undo_all
    from support import apply, statuses

    text = sample("amd64")
    database = open_plan(ida, text)
    before = database.state.shown()
    run(ida, text)
    assert "applied" not in statuses(apply(text))
    undo_all()
    assert database.state.shown() == before


def test_other_characters_than_ascii_arrive(ida):
    text = sample("amd64").replace("main.", "main.\U0001f600", 1)
    database = open_plan(ida, text)
    assert "\\ud83d" not in script(text)
    run(ida, text.replace("\U0001f600", "\ud83d\ude00"))
    assert any("\U0001f600" in comment for comment in database.state.function_comments.values()) or any(
        name.startswith("main._") for name in database.state.names.values()
    )


def test_a_damaged_plan_is_one_line(ida, capsys):
    open_plan(ida, sample("amd64"))
    run(ida, sample("amd64").replace("ida-plan/1", "ida-plan/9"))
    assert capsys.readouterr().err.startswith("goabi: the plan has the schema")
