"""From programs to databases, with the installed core: what is analysed, and that a program gives its plan."""

import fake
import pytest
from fake import loaders
from test_places import check_both_ways


@pytest.fixture(scope="session", params=("linux-amd64", "linux-386", "linux-arm64", "windows-amd64"))
def program(request, go_build):
    """A stripped program."""
    return go_build("server", request.param)


@pytest.fixture(scope="session")
def linux(go_build):
    """One with debug information."""
    return go_build("server", stripped=False)


def annotate(database, **settings):
    from goabi_ida.flow import Session
    from goabi_ida.progress import Progress
    from goabi_ida.settings import Settings

    session = Session()
    result = session.annotate(Settings(**settings), Progress())
    return result, session.plan(Settings(**settings), Progress())[0]


def with_functions(database, delta=0):
    """What IDA's analysis finds: here, all functions."""
    import json

    import goabi

    plan = json.loads(goabi.analyze(database.input_path).ida_plan())
    loaders.add_functions(database, plan["functions"], delta)
    return database


def test_text_and_parts_give_equal_locations_on_every_function(ida, program):
    import goabi

    database = ida.open(loaders.load(program))
    count = check_both_ways(goabi.analyze(database.input_path).ida_plan("guess"))
    assert count > (1000 if "amd64" in program.name else 100)
    assert not ida.refused, "every declaration of a type is taken"


def test_the_whole_flow(ida, program):
    from goabi_ida.undo import undo_all

    database = with_functions(ida.open(loaders.load(program)))
    before = database.state.shown()
    result, plan = annotate(database)
    applied = result.counts()["applied"]
    with_prototype = sum("decl" in row for row in plan.rows("functions"))
    assert applied == with_prototype > 0
    assert result.input == "file"
    again, _ = annotate(database)
    assert "applied" not in again.counts() and again.counts()["unchanged"] == applied
    undo_all()
    assert database.state.shown() == before


def test_debug_information_is_a_setting(ida, linux):
    database = with_functions(ida.open(loaders.load(linux)))
    result, _ = annotate(database)
    assert any("dwarf" in row.source for row in result.rows)
    ida.open(with_functions(loaders.load(linux)))
    result, _ = annotate(database, use_dwarf=False)
    assert not any("dwarf" in row.source for row in result.rows)


@pytest.mark.parametrize("why", ["gone", "changed", "asked"])
def test_without_the_input_file_the_database_is_read(ida, linux, why):
    by_file, _ = annotate(with_functions(ida.open(loaders.load(linux))), use_dwarf=False)
    database = with_functions(ida.open(loaders.load(linux)))
    if why == "gone":
        database.input_path = "/nowhere/program"
    elif why == "changed":
        database.input_sha256 = bytes(32)
    result, _ = annotate(database, from_database=why == "asked")
    assert result.input == "database"
    types = [{row.ea: row.new for row in one.rows if row.status == "applied"} for one in (by_file, result)]
    known = set(types[0]) & set(types[1])
    assert len(known) > 0.95 * len(types[0])
    assert sum(types[0][ea] == types[1][ea] for ea in known) > 0.95 * len(known)


@pytest.mark.parametrize("delta", [0x10000, 0x100000000])
def test_a_rebased_database(ida, linux, delta):
    database = ida.open(loaders.load(linux))
    with_functions(database)
    database.rebase(delta)
    result, plan = annotate(database)
    assert result.counts()["applied"] > 1000
    assert min(row.ea for row in result.rows) == min(int(row["entry"], 16) for row in plan.rows("functions")) + delta


def test_memory_that_is_not_there_is_zero(ida):
    from goabi_ida.source import contents, known_bytes

    assert known_bytes(b"abcdefgh\xff\xff", b"\xff\x00") == b"abcdefgh\0\0"
    assert known_bytes(b"ab\xffd", b"\x0b") == b"ab\0d"
    database = ida.open(fake.Database())
    database.segments = [fake.Segment(0x1000, 64, b"code", 5, 2)]
    assert contents(0x1000, 64) == b"code"
    assert contents(0x9000, 64) == b""


def test_segments_for_the_core(ida):
    from goabi_ida.source import machine, segments

    database = ida.open(fake.Database())
    database.segments = [
        fake.Segment(0x1000, 8, b"\x90" * 8, 5, 2),
        fake.Segment(0x2000, 8, b"data", 0, 3),
        fake.Segment(0x3000, 8, b"\x90" * 8, 0, 2),
        fake.Segment(0x4000, 8, b"", 0, 1),
    ]
    assert segments(lambda *at: None) == [
        (0x1000, 8, b"\x90" * 8, "rx"),
        (0x2000, 8, b"data", "rw"),
        (0x3000, 8, b"\x90" * 8, "rx"),
    ]
    machines = {("metapc", 64): "amd64", ("metapc", 32): "386", ("ARM", 64): "arm64", ("ARM", 32): "arm"}
    for (processor, bits), name in machines.items():
        ida.open(fake.Database(processor, bits))
        assert machine() == name
    ida.open(fake.Database("ARM", 64, big_endian=True))
    assert machine() is None


def test_a_program_that_is_not_go(ida, tmp_path):
    from goabi_ida.errors import NotGo

    database = ida.open(fake.Database())
    database.segments = [fake.Segment(0x1000, 4096, b"\x90" * 4096, 5, 2)]
    with pytest.raises(NotGo, match="this is not a Go program"):
        annotate(database)
