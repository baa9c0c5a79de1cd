"""Calls and marked places."""

from support import DELTA, apply, function, open_plan, plan_text, statuses, word

AT = 0x401008 + DELTA
CALL = {
    "at": "0x401008",
    "kind": "closure",
    "confidence": "likely",
    "source": "code",
    "decl": "__int64 (__usercall *f)@<rax>(__int64 a@<rax>, void *ctx@<rdx>);",
    "cc": "__usercall",
    "ret": word("", "rax"),
    "args": [word("a", "rax"), {**word("ctx", "rdx"), "type": "void *"}],
    "spoils": [],
}
SAID = {"at": "0x401010", "kind": "stdcall", "confidence": "exact", "source": "code", "comment": 'calls kernel32.dll!Sleep(100)'}
PLACE = {"at": "0x401100", "role": "crosscall2", "name": "crosscall2", "comment": "C calls Go here"}
TEXT = plan_text([function(0x401000)], call_sites=[CALL, SAID], annotations=[PLACE])


def rows(result, kind):
    return [row for row in result.rows if row.kind == kind]


def test_calls_get_the_type_of_what_they_call(ida):
    database = open_plan(ida, TEXT)
    call, said = rows(apply(TEXT), "call")
    assert (call.status, said.status) == ("applied", "applied")
    assert database.state.operand_types[AT, 0].text() == call.new
    assert call.new.startswith("__int64 (__usercall*)@<r0>(")
    assert database.state.callee_types[AT].function is not None, "for the listing: the function, no pointer"
    assert database.state.comments == {
        (AT + 8, True): "goabi: calls kernel32.dll!Sleep(100)",
        (0x401100 + DELTA, True): "goabi: C calls Go here",
    }
    once = database.state.shown()
    assert set(statuses(apply(TEXT))) == {"unchanged"}
    assert database.state.shown() == once


def test_calls_are_built_from_parts_too(ida):
    database = open_plan(ida, TEXT)
    apply(TEXT)
    by_text = database.state.operand_types[AT, 0].text()
    database = open_plan(ida, TEXT, "no-parser")
    assert rows(apply(TEXT), "call")[0].why == "parts"
    assert database.state.operand_types[AT, 0].text() == by_text


def test_types_of_calls_that_others_set_stay(ida):
    import ida_nalt
    import ida_typeinf

    database = open_plan(ida, TEXT)
    tif = ida_typeinf.tinfo_t()
    ida_typeinf.parse_decl(tif, None, "int (__cdecl *f)(int a);", 1)
    ida_nalt.set_op_tinfo(AT, 0, tif)
    [call, _] = rows(apply(TEXT), "call")
    assert (call.status, call.why) == ("skipped", "its type was set by somebody else")
    assert database.state.operand_types[AT, 0].text() == "int (__cdecl*)(int a)"


def test_types_of_calls_are_a_setting(ida):
    database = open_plan(ida, TEXT)
    result = apply(TEXT, call_sites=False)
    assert not database.state.operand_types and not rows(result, "call")


def test_no_instruction_there(ida):
    text = plan_text([function(0x401000)], call_sites=[{**CALL, "at": "0x401800"}])
    database = open_plan(ida, text)
    [call] = rows(apply(text), "call")
    assert (call.status, call.why) == ("skipped", "IDA has no instruction here")
    assert not database.state.operand_types


def test_failures_leave_calls_alone(ida):
    for tricks in (["read-only"], ["no-apply"], ["no-parser", "no-builder"]):
        database = open_plan(ida, TEXT, *tricks)
        before = database.state.shown()
        result = apply(TEXT, comments=False, names=False)
        assert rows(result, "call")[0].status == "skipped"
        assert database.state.shown() == before


def test_marked_places_get_names_and_comments(ida):
    database = open_plan(ida, TEXT)
    [place] = rows(apply(TEXT), "place")
    assert place.status == "applied"
    assert database.state.names[0x401100 + DELTA] == "crosscall2"


def test_marked_places_keep_names_of_others(ida):
    database = open_plan(ida, TEXT)
    database.state.names[0x401100 + DELTA] = "mine"
    apply(TEXT)
    assert database.state.names[0x401100 + DELTA] == "mine"
    assert database.state.comments[0x401100 + DELTA, True] == "goabi: C calls Go here"


def test_a_marked_function_has_one_name_and_both_comments(ida):
    text = plan_text([function(0x401000)], annotations=[{**PLACE, "at": "0x401000"}])
    database = open_plan(ida, text)
    before = database.state.shown()
    apply(text)
    once = database.state.shown()
    assert database.state.names == {0x401000 + DELTA: "crosscall2"}
    apply(text)
    assert database.state.shown() == once
    from goabi_ida.undo import undo_all

    undo_all()
    assert database.state.shown() == before


def test_marked_places_outside_are_skipped(ida):
    text = plan_text([function(0x401000)], annotations=[{**PLACE, "at": "0x401100"}])
    open_plan(ida, text).segments[0].size = 0x1080
    [place] = rows(apply(text), "place")
    assert (place.status, place.why) == ("skipped", "the address is not in the database")


def test_one_function_takes_its_calls_along(ida):
    other = {**CALL, "at": "0x401108"}
    text = plan_text([function(0x401000), function(0x401100)], call_sites=[CALL, other])
    database = open_plan(ida, text)
    apply(text, function=0x401000 + DELTA)
    assert list(database.state.operand_types) == [(AT, 0)]


def test_undoing_calls_and_places(ida):
    from goabi_ida.undo import undo_all

    database = open_plan(ida, TEXT)
    before = database.state.shown()
    apply(TEXT)
    done = undo_all()
    assert database.state.shown() == before
    assert (done["types of calls"], done["comments"]) == (1, 3)


def test_a_dry_run_says_what_calls_would_get(ida):
    database = open_plan(ida, TEXT)
    before = database.state.shown()
    result = apply(TEXT, dry_run=True)
    assert {row.status for row in result.rows} == {"wanted"}
    assert database.state.shown() == before
