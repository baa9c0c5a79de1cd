"""Applying plans: what is written, what is left alone, and what a second run does."""

import json

import pytest
from support import DELTA, ROOT, SAMPLES, apply, check_golden, function, open_plan, plan_text, sample, statuses, transcript
from support import word

TWO = plan_text([function(0x401000), function(0x401100, noreturn=True)])
FIRST, SECOND = 0x401000 + DELTA, 0x401100 + DELTA
#: Where nothing may stay after a failure.
PERSISTENT = ("types", "function_types", "operand_types", "names", "comments", "function_comments", "netnodes")


def shown(database):
    return database.state.shown()


def set_user_type(ida, database, ea, text="int __cdecl f(int a);", flags=1):
    import ida_typeinf

    tif = ida_typeinf.tinfo_t()
    assert ida_typeinf.parse_decl(tif, None, text, 1) is not None
    assert ida_typeinf.apply_tinfo(ea, tif, flags)


@pytest.mark.parametrize("name", SAMPLES)
def test_golden_transcripts(ida, name):
    database = open_plan(ida, sample(name))
    result = apply(sample(name))
    check_golden(ROOT / "tests/golden/ida" / f"{name}.txt", transcript(database, result))
    assert not ida.refused


@pytest.mark.parametrize("name", SAMPLES)
def test_a_second_run_changes_nothing(ida, name):
    database = open_plan(ida, sample(name))
    apply(sample(name))
    once = shown(database)
    again = apply(sample(name))
    assert shown(database) == once
    assert "applied" not in statuses(again)


@pytest.mark.parametrize("name", SAMPLES)
def test_undo_leaves_nothing(ida, name):
    from goabi_ida.undo import undo_all

    database = open_plan(ida, sample(name))
    before = shown(database)
    apply(sample(name), create_functions=True)
    assert shown(database) != before
    undo_all()
    assert shown(database) == before


@pytest.mark.parametrize("name", SAMPLES)
def test_a_dry_run_changes_nothing_and_says_what_would_be(ida, name):
    database = open_plan(ida, sample(name))
    before = shown(database)
    dry = apply(sample(name), dry_run=True)
    assert shown(database) == before
    wet = apply(sample(name))
    assert [row.status == "wanted" for row in dry.rows] == [row.status == "applied" for row in wet.rows]


@pytest.mark.parametrize("delta", [0, 0x1000, -0x1000, 0x7F0000000000])
def test_rebased_databases(ida, delta):
    database = open_plan(ida, TWO, delta=delta)
    assert statuses(apply(TWO)) == ["applied"] * 2
    assert sorted(database.state.function_types) == [0x401000 + delta, 0x401100 + delta]


def test_rebasing_later_keeps_what_is_ours(ida):
    from goabi_ida.undo import undo_all

    database = open_plan(ida, TWO)
    apply(TWO)
    database.rebase(0x123000)
    assert statuses(apply(TWO)) == ["unchanged"] * 2
    undo_all()
    assert {key: shown(database)[key] for key in PERSISTENT} == {key: {} for key in PERSISTENT}


def test_an_image_base_that_means_something_else(ida):
    """Loaders disagree about what the image base of an ELF file is."""
    database = open_plan(ida, TWO, delta=0)
    database.base = 0x123000
    assert statuses(apply(TWO)) == ["applied"] * 2


def test_another_program_is_refused(ida):
    from goabi_ida.errors import Failure

    open_plan(ida, plan_text([function(0x10), function(0x50)], base="0x0"))
    before = ida.database.state.shown()
    with pytest.raises(Failure, match="another program"):
        apply(TWO)
    assert ida.database.state.shown() == before


def test_types_of_others_stay(ida):
    database = open_plan(ida, TWO)
    set_user_type(ida, database, FIRST)
    result = apply(TWO)
    assert statuses(result) == ["skipped", "applied"]
    assert result.rows[0].why == "its type was set by somebody else"
    assert database.state.function_types[FIRST][0].text() == "int __cdecl(int a)"
    assert FIRST not in database.state.names and (FIRST, True) not in database.state.function_comments


def test_guessed_types_are_replaced(ida):
    database = open_plan(ida, TWO)
    set_user_type(ida, database, FIRST, flags=0)
    result = apply(TWO)
    assert statuses(result) == ["applied"] * 2
    assert result.rows[0].old == "int __cdecl(int a)"
    assert "__usercall" in result.rows[0].new


def test_types_of_others_are_replaced_when_asked_and_come_back(ida):
    from goabi_ida.undo import undo_all

    database = open_plan(ida, TWO)
    set_user_type(ida, database, FIRST)
    before = shown(database)
    assert statuses(apply(TWO, replace_types=True)) == ["applied"] * 2
    assert "__usercall" in database.state.function_types[FIRST][0].text()
    assert statuses(apply(TWO)) == ["unchanged"] * 2
    undo_all()
    assert shown(database) == before


def test_what_the_user_changed_later_is_the_users(ida):
    from goabi_ida.undo import undo_all

    database = open_plan(ida, TWO)
    apply(TWO)
    set_user_type(ida, database, FIRST)
    database.state.names[FIRST] = "my_name"
    database.state.function_comments[FIRST, True] = "goabi: I know better"
    kept = shown(database)
    assert statuses(apply(TWO)) == ["skipped", "unchanged"]
    assert shown(database) == kept
    undo_all()
    left = shown(database)
    assert left["function_types"] == {FIRST: ("int __cdecl(int a)", True)}
    assert left["names"] == {FIRST: "my_name"}
    assert left["function_comments"] == {(FIRST, True): "goabi: I know better"}
    assert left["netnodes"] == {}


def test_a_better_plan_replaces_what_is_ours(ida):
    database = open_plan(ida, TWO)
    apply(TWO)
    changes = {"name": "main.other", "comment": "goabi: func other() int", "args": []}
    decl = "__int64 __usercall __spoils<rax, rcx> f@<rax>(void);"
    better = plan_text([function(0x401000, decl=decl, **changes), function(0x401100)])
    assert statuses(apply(better)) == ["applied", "unchanged"]
    assert database.state.function_types[FIRST][0].text().endswith("(void)")
    assert database.state.names[FIRST] == "main.other"
    assert database.state.function_comments[FIRST, True] == "goabi: func other() int"


def test_lines_of_others_in_comments_stay(ida):
    from goabi_ida.undo import undo_all

    database = open_plan(ida, TWO)
    database.state.function_comments[FIRST, True] = "check this\nlater"
    apply(TWO)
    ours, *others = database.state.function_comments[FIRST, True].split("\n")
    assert ours.startswith("goabi: func") and others == ["check this", "later"]
    undo_all()
    assert database.state.function_comments[FIRST, True] == "check this\nlater"


def test_names_of_others_stay_and_clashes_are_numbered(ida):
    text = plan_text([function(0x401000, name="main.f"), function(0x401100, name="main.f")])
    database = open_plan(ida, text)
    apply(text)
    assert [database.state.names[ea] for ea in (FIRST, SECOND)] == ["main.f", "main.f_0"]
    database = open_plan(ida, text)
    database.state.names[FIRST] = "start"
    apply(text)
    assert [database.state.names[ea] for ea in (FIRST, SECOND)] == ["start", "main.f"]


def test_settings_that_leave_things_out(ida):
    database = open_plan(ida, TWO)
    apply(TWO, names=False, comments=False)
    assert not database.state.names and not database.state.function_comments
    assert len(database.state.function_types) == 2


def test_a_function_without_prototype_still_gets_its_name(ida):
    row = {key: value for key, value in function(0x401000).items() if key not in ("decl", "cc", "ret", "args", "spoils")}
    text = plan_text([{**row, "why": "the results are not known"}])
    database = open_plan(ida, text)
    result = apply(text)
    assert (result.rows[0].status, result.rows[0].why) == ("skipped", "the results are not known")
    assert database.state.names == {FIRST: "main.f401000"}
    assert not database.state.function_types


def test_functions_that_never_return_say_so(ida):
    from goabi_ida.undo import undo_all

    database = open_plan(ida, TWO)
    before = shown(database)
    apply(TWO)
    assert database.state.noreturn == {SECOND}
    assert "__noreturn" in database.state.function_types[SECOND][0].text()
    assert "__noreturn" not in database.state.function_types[FIRST][0].text()
    assert database.reanalysed == [(SECOND, True)]
    database.state.noreturn.clear()  # the user knows better
    assert statuses(apply(TWO)) == ["unchanged"] * 2
    assert not database.state.noreturn
    database.state.noreturn.add(SECOND)
    undo_all()
    assert shown(database) == before and database.reanalysed[1:] == [(SECOND, False)]


@pytest.mark.parametrize("trick", ["no-parser", "other-parser", "no-spoils"])
def test_never_returning_does_not_depend_on_the_parser(ida, trick):
    database = open_plan(ida, TWO)
    apply(TWO)
    right = database.state.function_types[SECOND][0].text()
    database = open_plan(ida, TWO, trick)
    apply(TWO)
    assert database.state.function_types[SECOND][0].text() == right


def test_types_of_others_keep_their_function_returning(ida):
    database = open_plan(ida, TWO)
    set_user_type(ida, database, SECOND)
    assert statuses(apply(TWO)) == ["applied", "skipped"]
    assert not database.state.noreturn


DUFF = plan_text([function(0x401000, name="runtime.duffzero", entries=[{"at": "0x401000", "bytes": 64}, {"at": "0x401008", "bytes": 48}, {"at": "0x401010", "bytes": 32}])])


def test_further_entries_have_the_same_type_where_they_are_functions(ida):
    database = open_plan(ida, DUFF)
    assert statuses(apply(DUFF)) == ["applied"]
    database = open_plan(ida, DUFF)
    database.state.functions = {FIRST: FIRST + 8, FIRST + 8: FIRST + 0x20}
    result = apply(DUFF)
    assert [(row.ea, row.status) for row in result.rows] == [(FIRST, "applied"), (FIRST + 8, "applied")]
    assert database.state.names == {FIRST: "runtime.duffzero", FIRST + 8: "runtime.duffzero_8"}
    assert database.state.function_types[FIRST + 8][0].text() == database.state.function_types[FIRST][0].text()
    assert statuses(apply(DUFF)) == ["unchanged"] * 2


def test_further_entries_that_are_called_are_made_functions_when_that_is_wanted(ida):
    from goabi_ida.undo import undo_all

    database = open_plan(ida, DUFF)
    database.code_refs[FIRST + 0x10] = [FIRST + 0x800]
    before = shown(database)
    assert statuses(apply(DUFF)) == ["applied"]
    assert statuses(apply(DUFF, create_functions=True)) == ["unchanged", "applied"]
    assert database.state.functions == {FIRST: FIRST + 0x10, FIRST + 0x10: FIRST + 0x20}
    assert statuses(apply(DUFF, create_functions=True)) == ["unchanged"] * 2
    undo_all()
    assert shown(database) == before


def test_one_function_takes_its_further_entries_along(ida):
    database = open_plan(ida, DUFF)
    database.state.functions = {FIRST: FIRST + 8, FIRST + 8: FIRST + 0x20}
    assert statuses(apply(DUFF, function=FIRST)) == ["applied"] * 2


PAIR = {"name": "go_pair", "kind": "define", "size": 16, "decl": "struct go_pair {\n  void *a;\n  __int64 b;\n};"}
TAKES_PAIR = function(
    0x401000,
    decl="void __usercall f(go_pair p@<0:rax, 8:rbx>);",
    ret=None,
    spoils=[],
    args=[
        {
            "name": "p",
            "type": "go_pair",
            "size": 16,
            "parts": [{"off": 0, "size": 8, "reg": "rax"}, {"off": 8, "size": 8, "reg": "rbx"}],
        }
    ],
)


def declare(ida, text):
    import ida_typeinf

    assert ida_typeinf.idc_parse_types(text, 0x45) == 0


def test_types_that_are_there_are_used(ida):
    text = plan_text([TAKES_PAIR, function(0x401100)], [PAIR])
    database = open_plan(ida, text)
    declare(ida, "struct go_pair { __int64 mine; __int64 too; };")
    assert statuses(apply(text)) == ["applied"] * 2
    assert "mine" in database.state.types.named["go_pair"].text("go_pair")


def test_types_that_mean_something_else_stop_only_what_needs_them(ida):
    text = plan_text([TAKES_PAIR, function(0x401100)], [PAIR])
    database = open_plan(ida, text)
    declare(ida, "struct go_pair { __int64 mine; };")
    result = apply(text)
    assert statuses(result) == ["skipped", "applied"]
    assert result.rows[0].why == "another type has the name go_pair"
    assert "mine" in database.state.types.named["go_pair"].text("go_pair")


def test_types_of_an_earlier_plan_are_replaced(ida):
    small = {**PAIR, "size": 8, "decl": "struct go_pair {\n  void *a;\n};"}
    part = {"name": "p", "type": "go_pair", "size": 8, "parts": [{"off": 0, "size": 8, "reg": "rax"}]}
    old = plan_text([function(0x401000, decl="void __usercall f(go_pair p@<rax>);", ret=None, spoils=[], args=[part])], [small])
    database = open_plan(ida, old)
    assert statuses(apply(old)) == ["applied"]
    assert statuses(apply(plan_text([TAKES_PAIR], [PAIR]))) == ["applied"]
    assert "b[1]" in database.state.types.named["go_pair"].text("go_pair")


def test_types_that_nobody_needs_are_not_left_behind(ida):
    other = {**PAIR, "name": "go_other", "decl": PAIR["decl"].replace("go_pair", "go_other")}
    text = plan_text([TAKES_PAIR], [other, PAIR])
    database = open_plan(ida, text)
    apply(text)
    assert list(database.state.types.named) == ["go_pair"]


def test_one_function_and_what_it_needs(ida):
    other = {**PAIR, "name": "go_other", "decl": PAIR["decl"].replace("go_pair", "go_other")}
    text = plan_text([TAKES_PAIR, function(0x401100)], [other, PAIR])
    database = open_plan(ida, text)
    database.code_refs[FIRST] = [SECOND + 4]
    result = apply(text, function=FIRST + 3)
    assert [row.ea for row in result.rows] == [FIRST]
    assert list(database.state.types.named) == ["go_pair"]
    assert list(database.state.function_types) == [FIRST]
    assert sorted(database.dirty) == [FIRST, SECOND], "the callers show the new type too"


def test_no_function_there(ida):
    from goabi_ida.errors import Failure

    open_plan(ida, TWO)
    with pytest.raises(Failure, match="knows no function"):
        apply(TWO, function=0x401900 + DELTA)


def test_the_decompiler_forgets_once_and_only_after_changes(ida):
    database = open_plan(ida, TWO)
    apply(TWO)
    assert database.dirty == [None]
    apply(TWO)
    assert database.dirty == [None]
    database = open_plan(ida, TWO, "no-decompiler")
    assert statuses(apply(TWO)) == ["applied"] * 2
    assert database.dirty == []


def test_results_as_json(ida):
    open_plan(ida, TWO)
    record = json.loads(apply(TWO).to_json())
    assert record["schema"] == "goabi.ida-result/1"
    assert record["counts"]["function"] == {"applied": 2}
    assert record["rows"][0]["ea"] == "%#x" % FIRST
    assert record["rows"][0]["confidence"] == "exact/likely"


def test_small_values_name_the_part_of_the_register(ida):
    args = [word("a", "r8", "r8b", 1), word("b", "rax", "al", 1)]
    text = plan_text([function(0x401000, decl="void __usercall f(__int8 a@<r8b>, __int8 b@<al>);", ret=None, args=args, spoils=[])])
    database = open_plan(ida, text)
    assert statuses(apply(text)) == ["applied"]
    by_text = database.state.function_types[FIRST][0].text()
    database = open_plan(ida, text, "no-parser")
    assert statuses(apply(text)) == ["applied"]
    assert database.state.function_types[FIRST][0].text() == by_text
