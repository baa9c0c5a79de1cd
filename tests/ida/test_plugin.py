"""The plugin as a user meets it: menus, hotkey, lists, windows, undo."""

import pytest
from support import DELTA, function, open_plan, plan_text

TEXT = plan_text(
    [
        function(0x401000, confidence={"params": "exact", "results": "exact"}),
        function(0x401100),
        function(0x401200, confidence={"params": "guess", "results": "likely"}),
        {key: value for key, value in function(0x401300, why="nothing is known").items() if key not in ("decl", "cc")},
    ]
)
FIRST = 0x401000 + DELTA


class Core:
    """Stands in for the `goabi` module."""

    class Error(Exception):
        pass

    class NotGoError(Error):
        pass

    def __init__(self):
        self.asked = []
        self.fails = None

    def analyze(self, path, **options):
        raise AssertionError("there is no input file")

    def analyze_segments(self, segments, **options):
        self.asked.append(options)
        options["watch"]("resolving", 1, 2)
        if self.fails is not None:
            raise self.fails
        return self

    def ida_plan(self, level):
        return TEXT

    def explain(self):
        return "main.f at %s\n" % self.asked[-1]["only"]


@pytest.fixture
def core(monkeypatch):
    from goabi_ida import native

    core = Core()
    monkeypatch.setattr(native, "core", lambda: core)
    return core


@pytest.fixture
def module(ida, core, monkeypatch):
    import goabi_plugin
    from goabi_ida import progress

    monkeypatch.setattr(progress, "PERIOD", 0.0)
    open_plan(ida, TEXT)
    module = goabi_plugin.PLUGIN_ENTRY().init()
    yield module
    module.term()
    assert not ida.actions and not ida.hooks
    assert ida.database.wait_boxes == 0


def test_actions_are_in_the_menu_and_have_one_hotkey(ida, module):
    assert [name for _, name in ida.menu] == [
        "goabi:program",
        "goabi:function",
        "goabi:preview",
        "goabi:explain",
        "goabi:undo",
        "goabi:selftest",
    ]
    assert {name: one.shortcut for name, one in ida.actions.items() if one.shortcut} == {"goabi:program": "Ctrl-Alt-Shift-G"}
    assert all(one.handler.update(None) == 1 for one in ida.actions.values())


@pytest.mark.parametrize(("title", "kind", "count"), [("IDA View-A", 27, 6), ("Pseudocode-A", 46, 6), ("Functions", 3, 6), ("goabi", 35, 5), ("Hex", 1, 0)])
def test_context_menus(ida, module, title, kind, count):
    popup = []
    ida.hooks[0].finish_populating_widget_popup((title, kind), popup)
    assert len(popup) == count


def test_a_hotkey_that_is_taken_is_left_alone(ida, core):
    import ida_kernwin
    from goabi_ida.plugin import GoabiModule

    ida_kernwin.register_action(ida_kernwin.action_desc_t("other", "Other", None, "Alt+Ctrl+Shift+G"))
    module = GoabiModule()
    assert not ida.actions["goabi:program"].shortcut
    assert "belongs to other" in ida.database.messages[-1]
    module.term()
    assert list(ida.actions) == ["other"]


def test_the_whole_program_and_one_step_of_undo(ida, module):
    before = ida.database.state.shown()
    ida.press("goabi:program")
    assert len(ida.database.state.function_types) == 3
    assert ida.database.messages[0] == "goabi: 4 functions: 3 applied, 1 skipped\n"
    assert ida.database.undo() and ida.database.state.shown() == before
    assert not ida.database.undo_points


def test_the_list_jumps_and_filters(ida, module):
    ida.press("goabi:program")
    [shown] = ida.database.windows
    assert shown.OnGetSize() == 4
    line = shown.OnGetLine(0)
    assert len(line) == len(shown.COLUMNS) and line[0] == "%X" % FIRST and line[3] == "applied"
    shown.OnSelectLine([1])
    assert ida.database.jumps == [FIRST + 0x100]
    sizes = {}
    for name in [name for name in ida.actions if name.startswith("goabi:show_")]:
        ida.press(name)
        sizes[name[len("goabi:show_") :]] = shown.OnGetSize()
    assert sizes == {"all": 4, "exact": 1, "likely": 1, "guess": 1, "skipped": 1}


def test_the_preview_changes_nothing(ida, module):
    before = ida.database.state.shown()
    ida.press("goabi:preview")
    assert ida.database.state.shown() == before
    [shown] = ida.database.windows
    assert shown.title == "goabi (preview)" and shown.OnGetLine(0)[3] == "wanted"


def test_the_current_function(ida, module, core):
    ida.press("goabi:function", FIRST + 4)
    assert list(ida.database.state.function_types) == [FIRST]
    ida.database.screen_ea = FIRST + 0x100
    ida.press("goabi:function")
    assert len(ida.database.state.function_types) == 2
    assert len(core.asked) == 1, "the analysis is kept"
    ida.press("goabi:function", FIRST + 0x800)
    assert ida.database.warnings == ["goabi: goabi knows no function at %#x" % (FIRST + 0x800)]


def test_a_database_that_changed_is_read_again_for_the_whole_program(ida, module, core):
    ida.press("goabi:preview")
    ida.press("goabi:program")
    assert len(core.asked) == 2


def test_explaining(ida, module, core):
    ida.press("goabi:explain", FIRST + 4)
    [window] = ida.database.windows
    assert window.lines == ["main.f at 0x401000"]
    assert core.asked[-1]["evidence"]


def test_undoing_our_changes(ida, module):
    before = ida.database.state.shown()
    ida.press("goabi:program")
    ida.database.answers = 0
    ida.press("goabi:undo")
    assert ida.database.state.function_types
    ida.database.answers = 1
    ida.press("goabi:undo")
    assert ida.database.state.shown() == before
    assert "removed 3 types of functions" in ida.database.messages[-1]


def test_the_self_test(ida, module):
    before = ida.database.state.shown()
    ida.press("goabi:selftest")
    [window] = ida.database.windows
    rows = dict(line.split(" | ", 1) for line in window.lines)
    rows = {key.strip(): value for key, value in rows.items()}
    assert rows["processor"] == "pc, Go's name amd64"
    assert rows["parse: registers"].startswith("reg7 reg6 reg2 reg1 -> ")
    assert rows["parse: padding mapped"] == "no: this version of IDA does not take the declaration"
    assert rows["parse: hexadecimal offset"].startswith("no:")
    assert rows["parts: two registers"].startswith("read back the same")
    assert ida.database.state.shown() == before


def test_cancelling_the_analysis(ida, module):
    ida.database.patience = 0
    before = ida.database.state.shown()
    ida.press("goabi:program")
    assert ida.database.messages == ["goabi: cancelled\n"]
    assert ida.database.state.shown() == before and not ida.database.windows


def test_cancelling_between_functions(ida, module):
    ida.database.patience = 3
    ida.press("goabi:program")
    assert ida.database.messages[0].endswith("; cancelled\n")
    assert 0 < len(ida.database.state.function_types) < 3


@pytest.mark.parametrize(("error", "said"), [(Core.NotGoError("no pclntab"), "this is not a Go program: no pclntab"), (Core.Error("damaged"), "damaged")])
def test_what_the_core_refuses_is_said_in_one_line(ida, module, core, error, said):
    core.fails = error
    before = ida.database.state.shown()
    ida.press("goabi:program")
    assert ida.database.warnings == ["goabi: " + said]
    assert ida.database.state.shown() == before


def test_surprises_do_not_reach_ida(ida, module, core):
    core.fails = ZeroDivisionError("surprise")
    ida.press("goabi:program")
    assert ida.database.warnings == ["goabi failed: surprise (see the Output window)"]
    assert "Traceback" in ida.database.messages[0]


def test_settings_come_from_idas_store(ida, monkeypatch):
    import sys
    import types

    from goabi_ida import settings

    stored = {"min_confidence": "exact", "names": False, "hotkey": 7, "comments": "yes"}
    module = types.ModuleType("ida_settings")
    module.get_current_plugin_setting = lambda key: stored[key]  # raises for others, as the real one does
    monkeypatch.setitem(sys.modules, "ida_settings", module)
    loaded = settings.load()
    assert (loaded.min_confidence, loaded.names, loaded.hotkey, loaded.comments) == ("exact", False, "Ctrl-Alt-Shift-G", True)
    stored["min_confidence"] = "certain"
    assert settings.load().min_confidence == "likely"


def test_settings_are_those_of_the_manifest():
    import json

    from goabi_ida import settings
    from support import ROOT

    rows = json.loads((ROOT / "ida-plugin/ida-plugin.json").read_text())["plugin"]["settings"]
    assert tuple(row["key"] for row in rows) == settings.STORED
    assert {row["key"]: row["default"] for row in rows} == {name: getattr(settings.Settings(), name) for name in settings.STORED}
    assert rows[1]["choices"] == list(settings.LEVELS)
