"""Everything that can fail ends in a row with a reason and a database as it was."""

import pytest
from support import DELTA, SAMPLES, apply, function, open_plan, plan_text, sample, statuses

TWO = plan_text([function(0x401000), function(0x401100)])
FIRST = 0x401000 + DELTA
NOTHING_BUILT = "IDA does not make the type from its parts"


@pytest.mark.parametrize(
    ("tricks", "why"),
    [
        (["no-parser", "no-builder"], NOTHING_BUILT),
        (["no-apply"], "IDA did not take the type"),
        (["other-apply"], "a value ended up elsewhere: the result"),
        (["raises"], "IDA says: interr: 51234"),
        (["read-only"], "the database takes no changes"),
    ],
)
def test_a_failure_is_a_skipped_row_and_an_untouched_database(ida, tricks, why):
    database = open_plan(ida, TWO, *tricks)
    before = database.state.shown()
    result = apply(TWO)
    assert set(statuses(result)) == {"skipped"}
    assert {row.why for row in result.rows} == {why}
    assert database.state.shown() == before


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("trick", ["read-only", "no-apply", "raises"])
def test_failures_on_whole_plans(ida, name, trick):
    database = open_plan(ida, sample(name), trick)
    before = database.state.shown()
    result = apply(sample(name), names=False)
    assert "applied" not in statuses(result)
    assert database.state.shown() == before


@pytest.mark.parametrize("name", SAMPLES)
def test_a_parser_with_other_ideas_is_noticed(ida, name):
    """With a parser that moves parts, and nothing to fall back on, no wrong type is applied."""
    right = open_plan(ida, sample(name))
    apply(sample(name))
    database = open_plan(ida, sample(name), "other-parser", "no-builder")
    apply(sample(name))
    for ea, (one, _) in database.state.function_types.items():
        assert one.text() == right.state.function_types[ea][0].text()


@pytest.mark.parametrize("trick", ["other-parser", "no-parser", "no-spoils"])
@pytest.mark.parametrize("name", SAMPLES)
def test_parts_do_what_the_parser_does_not(ida, name, trick):
    right = open_plan(ida, sample(name))
    apply(sample(name))
    database = open_plan(ida, sample(name), trick)
    result = apply(sample(name))
    same = {ea: one.text() for ea, (one, _) in database.state.function_types.items()}
    plain = {ea for ea, (one, _) in right.state.function_types.items() if "__usercall" not in one.text()}
    lost = plain if trick == "no-parser" else set()
    assert same == {ea: one.text() for ea, (one, _) in right.state.function_types.items() if ea not in lost}
    assert all(row.why in ("parts", "text") for row in result.rows if row.status == "applied")


def test_the_places_count_more_than_the_list_of_destroyed_registers(ida):
    database = open_plan(ida, TWO, "no-spoils", "no-builder")
    result = apply(TWO)
    assert statuses(result) == ["applied"] * 2
    assert "__spoils" not in database.state.function_types[FIRST][0].text()


def test_ida_before_9_2(ida):
    database = open_plan(ida, TWO, "old-api", "no-parser")
    assert statuses(apply(TWO)) == ["applied"] * 2
    assert "__usercall" in database.state.function_types[FIRST][0].text()


class Impatient:
    """Cancels after some looks."""

    def __init__(self, looks):
        self.looks = looks

    def watch(self, stage, done, total):
        from goabi_ida.errors import Cancelled

        self.looks -= 1
        if self.looks < 0:
            raise Cancelled


@pytest.mark.parametrize("looks", [0, 1, 3])
def test_cancelling_leaves_whole_functions(ida, looks):
    text = plan_text([function(0x401000 + 0x100 * n) for n in range(5)])
    database = open_plan(ida, text)
    before = database.state.shown()
    result = apply(text, progress=Impatient(looks))
    assert result.cancelled
    assert statuses(result) == ["applied"] * looks
    for ea in database.state.functions:
        parts = (ea in database.state.function_types, ea in database.state.names, (ea, True) in database.state.function_comments)
        assert len(set(parts)) == 1
    if looks == 0:
        assert database.state.shown() == before
    assert statuses(apply(text)) == ["unchanged"] * looks + ["applied"] * (5 - looks)


def test_cancelling_while_types_are_added_leaves_none(ida):
    text = sample("amd64")
    database = open_plan(ida, text)
    before = database.state.shown()
    result = apply(text, progress=Impatient(3))
    assert result.cancelled and not result.rows
    assert database.state.shown() == before


def test_a_register_that_the_processor_does_not_have(ida):
    row = function(0x401000, decl="void __usercall f(__int64 a@<zmm9>);", ret=None, spoils=[])
    row["args"] = [{"name": "a", "type": "__int64", "size": 8, "parts": [{"off": 0, "size": 8, "reg": "zmm9"}]}]
    database = open_plan(ida, plan_text([row]))
    before = database.state.shown()
    result = apply(plan_text([row]))
    assert result.rows[0].why == "this processor module has no register zmm9"
    assert database.state.shown() == before


def test_a_plan_of_another_version(ida):
    from goabi_ida.errors import Failure

    open_plan(ida, TWO)
    for text, why in ((TWO.replace("ida-plan/1", "ida-plan/9"), "schema"), ("hello", "not one that this plugin reads")):
        with pytest.raises(Failure, match=why):
            apply(text)


# ---- functions that IDA does not have


def without_functions(ida, text):
    database = open_plan(ida, text)
    database.state.functions.clear()
    return database


def test_functions_are_made_only_when_asked(ida):
    database = without_functions(ida, TWO)
    before = database.state.shown()
    result = apply(TWO)
    assert {row.why for row in result.rows} == {"IDA has no function here (see the setting create_functions)"}
    assert database.state.shown() == before
    assert statuses(apply(TWO, create_functions=True)) == ["applied"] * 2
    assert database.state.functions[FIRST] == FIRST + 0x20


def test_functions_in_the_middle_of_another(ida):
    from goabi_ida.undo import undo_all

    database = without_functions(ida, TWO)
    database.add_function(FIRST - 0x10, FIRST + 0x200)
    before = database.state.shown()
    assert apply(TWO).rows[0].why.startswith("IDA has the address inside of another function")
    assert statuses(apply(TWO, create_functions=True)) == ["applied"] * 2
    assert database.state.functions == {FIRST - 0x10: FIRST, FIRST: FIRST + 0x20, FIRST + 0x100: FIRST + 0x120}
    undo_all()
    assert database.state.functions == before["functions"]


def test_functions_that_were_cut_are_mended(ida):
    from goabi_ida.undo import undo_all

    database = without_functions(ida, TWO)
    for start, end in ((0, 8), (8, 0x20), (0x100, 0x110), (0x110, 0x120)):
        database.add_function(FIRST + start, FIRST + end)
    database.state.names[FIRST + 0x110] = "somebody_wants_this"
    assert statuses(apply(TWO, create_functions=True)) == ["applied"] * 2
    assert FIRST + 8 not in database.state.functions and database.state.functions[FIRST] == FIRST + 0x20
    assert FIRST + 0x110 in database.state.functions
    undo_all()
    assert database.state.functions[FIRST] == FIRST + 8


def test_addresses_that_the_database_does_not_have(ida):
    text = plan_text([function(0x401000), function(0x701000)])
    database = open_plan(ida, text)
    database.segments[0].size = 0x2000
    database.segments[0].data = bytes(0x2000)
    result = apply(text, create_functions=True)
    assert statuses(result) == ["applied", "skipped"]
    assert result.rows[1].why == "the address is not in the database"
