"""Locations: text and parts give the same, differences are seen, and dirty details of both."""

import json

import pytest
from support import SAMPLES, open_plan, plan_text, sample, word


def places(tif):
    import ida_typeinf

    details = ida_typeinf.func_type_data_t()
    assert tif.get_func_details(details)
    return details.retloc.loc, [arg.argloc.loc for arg in details], [str(name) for name in details.spoiled]


def both_ways(text):
    """Every located prototype of a plan, from its text and from its parts."""
    from goabi_ida import prototype
    from goabi_ida.plan import Plan

    plan = Plan(text)
    for name in ("functions", "call_sites"):
        for row in plan.rows(name):
            if row.get("cc") == "__usercall":
                yield row, prototype.parse(row["decl"]), prototype.build(row)


def check_both_ways(text):
    from goabi_ida.declare import Types
    from goabi_ida.plan import Plan
    from goabi_ida.record import Record

    types = Types(Plan(text), Record())
    types.declare()
    assert not types.foreign
    count = 0
    for row, parsed, built in both_ways(text):
        one, other = (tif.get_pointed_object() if tif.is_ptr() else tif for tif in (parsed, built))
        assert places(one) == places(other), row["decl"]
        count += 1
    return count


@pytest.mark.parametrize("name", SAMPLES)
def test_text_and_parts_give_equal_locations(ida, name):
    open_plan(ida, sample(name))
    assert check_both_ways(sample(name)) > 0
    assert not ida.refused


def test_plans_are_read_line_by_line_as_whole(ida):
    from goabi_ida.plan import Plan

    for name in SAMPLES:
        whole, plan = json.loads(sample(name)), Plan(sample(name))
        for rows in ("types", "functions", "call_sites", "annotations"):
            assert list(plan.rows(rows)) == whole[rows]
            assert plan.count(rows) == len(whole[rows])
        entry = whole["functions"][1]["entry"]
        assert plan.rows_at("functions", "entry", int(entry, 16)) == [whole["functions"][1]]


def loc(**values):
    import ida_typeinf
    from fake.model import Loc

    return ida_typeinf.argloc_t(Loc(**values))


def stack(off, size, at):
    return {"off": off, "size": size, "stack": at}


def test_runs_on_the_stack_may_be_cut_in_any_way(ida):
    from fake.model import Loc
    from goabi_ida.places import is_at

    wanted = {"size": 16, "parts": [stack(0, 16, 8)]}
    assert is_at(loc(stack=8), wanted) and not is_at(loc(stack=16), wanted)
    assert is_at(loc(parts=[(0, 8, Loc(stack=8)), (8, 8, Loc(stack=16))]), wanted)
    assert not is_at(loc(parts=[(0, 8, Loc(stack=8)), (8, 8, Loc(stack=24))]), wanted)
    assert not is_at(loc(parts=[(0, 8, Loc(stack=8))]), wanted)
    cut = {"size": 16, "parts": [stack(0, 8, 8), stack(8, 8, 16)]}
    assert is_at(loc(stack=8), cut)
    assert not is_at(loc(stack=16), cut)


def test_registers_must_be_the_same(ida):
    from fake.model import Loc
    from goabi_ida.places import is_at

    wanted = word("a", "rax", "al", 1)
    assert is_at(loc(reg=0), wanted) and is_at(loc(reg=16), wanted)
    for other in ({"reg": 1}, {"reg": 0, "regoff": 1}, {"stack": 0}, {"reg": 0, "high": 2}, {}):
        assert not is_at(loc(**other), wanted), other
    pair = {"size": 16, "parts": [{"off": 0, "size": 8, "reg": "rax"}, {"off": 8, "size": 8, "reg": "rbx"}]}
    assert is_at(loc(parts=[(0, 8, Loc(reg=0)), (8, 8, Loc(reg=3))]), pair)
    for parts in ([(0, 8, Loc(reg=3)), (8, 8, Loc(reg=0))], [(0, 8, Loc(reg=0))], [(0, 8, Loc(reg=0)), (8, 4, Loc(reg=3))]):
        assert not is_at(loc(parts=parts), pair), parts
    assert not is_at(loc(parts=[(0, 8, Loc(reg=0)), (8, 8, Loc(stack=0))]), pair)


def test_registers_are_looked_up_anew_in_the_next_database(ida):
    import fake
    from goabi_ida import places, prototype

    assert places.register("r8") == 8
    ida.open(fake.Database("ARM", 32))
    ida.database.registers = {"r8": (108, 4)}
    prototype.forget()
    assert places.register("r8") == 108


@pytest.mark.parametrize(
    ("decl", "why"),
    [
        ("void __usercall f(go_pair p@<0:rax, 8:rbx>);", ""),
        ("void __usercall f(go_gap p@<0:rax.1, 8:rbx>);", ""),
        ("void __usercall f(go_gap p@<0:al, 8:rbx>);", ""),
        ("void __usercall f(go_pair p@<0:rax, 8:^8.8>, __int64 b@<rcx>);", ""),
        ("__int64 __usercall f@<edx:eax>(void);", ""),
        ("__int8 __usercall f@<rax^1.1>(void);", ""),
        ("void __usercall f(go_gap p@<0:rax, 8:rbx>);", "padding has no place"),
        ("void __usercall f(go_pair p@<0:rax>);", "all of it has one"),
        ("void __usercall f(go_pair p@<rax,rbx>);", "parts have offsets"),
        ("void __usercall f(go_pair p@<^0x10.16>);", "offsets are decimal"),
        ("void __usercall f@<rax>(void);", "void has no place"),
        ("void __usercall f(__int64 a@<^0.4>);", "the size is the type's"),
        ("void __usercall f(__int64 a@<^0.8>, __int64 b);", "all places or none"),
        ("void __usercall main.f(__int64 a@<rax>);", "a name is an identifier"),
        ("void __usercall f(__int64 a@<rxx>);", "registers are the processor's"),
        ("void __usercall f(go_unknown *a@<rax>);", "types are declared"),
    ],
)
def test_the_fake_keeps_the_grammar(ida, decl, why):
    import ida_typeinf

    open_plan(ida, plan_text())
    ida_typeinf.idc_parse_types("struct go_pair { void *a; __int64 b; };", 0x45)
    ida_typeinf.idc_parse_types("struct go_gap { unsigned __int8 a; __int64 b; };", 0x45)
    found = ida_typeinf.parse_decl(ida_typeinf.tinfo_t(), None, decl, 1)
    assert (found is None) == bool(why), why
