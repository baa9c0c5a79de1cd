"""The plugin as IDA sees it: actions in menus, one hotkey, and what they show."""

from __future__ import annotations

import traceback
from typing import Any, Callable, List, Optional, Tuple

import ida_idaapi
import ida_kernwin

from . import selftest, settings, undo, view
from .errors import Cancelled, Failure
from .flow import Session
from .progress import WaitBox
from .result import Result

MENU = "Edit/goabi/"
PREFIX = "goabi:"
#: Where the context menu has our actions.
WINDOWS = (ida_kernwin.BWN_DISASM, ida_kernwin.BWN_PSEUDOCODE, ida_kernwin.BWN_FUNCS)

Task = Callable[[Any], None]


class GoabiPlugin(ida_idaapi.plugin_t):
    """What IDA keeps."""

    flags = ida_idaapi.PLUGIN_MULTI | ida_idaapi.PLUGIN_MOD
    comment = "Gives every function of a Go program its true prototype"
    help = comment
    wanted_name = "goabi: annotate Go program"
    wanted_hotkey = ""  # the hotkey is a setting, and belongs to an action

    def init(self) -> Any:
        return GoabiModule()


class GoabiModule(ida_idaapi.plugmod_t):
    """The plugin in one database."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.list: Optional[view.ResultList] = None
        self.window: Any = None
        self.actions = _register(self)
        self.hooks = Popups(self)
        self.hooks.hook()

    def run(self, arg: Any) -> bool:
        """Started from Edit > Plugins."""
        guarded(self.whole_program)(None)
        return True

    def term(self) -> None:
        self.hooks.unhook()
        for name, _ in self.actions:
            ida_kernwin.unregister_action(name)

    # ---- tasks

    def whole_program(self, ctx: Any, dry_run: bool = False) -> None:
        """Annotates everything."""
        self._annotate(None, dry_run)

    def this_function(self, ctx: Any) -> None:
        """Annotates the function under the cursor."""
        self._annotate(address(ctx), False)

    def preview(self, ctx: Any) -> None:
        """Shows what would be done."""
        self._annotate(None, True)

    def explain(self, ctx: Any) -> None:
        """Shows what is known of the function under the cursor, and why."""
        ea = address(ctx)
        with WaitBox() as progress:
            text = self.session.explain(ea, settings.load(), progress)
        self.window = view.show_text("goabi: %#x" % ea, text)

    def undo(self, ctx: Any) -> None:
        """Takes back what is ours."""
        if ida_kernwin.ask_yn(ida_kernwin.ASKBTN_NO, "Remove all types, names and comments that goabi set?") == 1:
            say("removed " + undo.said(undo.undo_all()))

    def self_test(self, ctx: Any) -> None:
        """Asks this version of IDA what it does."""
        text = selftest.table()
        ida_kernwin.msg(text + "\n")
        self.window = view.show_text("goabi: self-test", text)

    def narrow(self, chosen: str) -> None:
        """Filters the list of results."""
        if self.list is not None:
            self.list.narrow(chosen)

    def _annotate(self, function: Optional[int], dry_run: bool) -> None:
        chosen = settings.load()
        chosen.dry_run = dry_run
        with WaitBox() as progress:
            result = self.session.annotate(chosen, progress, function)
        self._show(result, quiet=function is not None)

    def _show(self, result: Result, quiet: bool) -> None:
        say(result.summary())
        for line in [*result.notes, *result.reasons()]:
            say(line)
        if not quiet:
            self.list = view.ResultList(result)
            self.list.Show()


def say(text: str) -> None:
    """One line in the Output window."""
    ida_kernwin.msg("goabi: %s\n" % text)


def address(ctx: Any) -> int:
    """What an action is about."""
    ea = getattr(ctx, "cur_ea", ida_idaapi.BADADDR)
    return int(ida_kernwin.get_screen_ea() if ea == ida_idaapi.BADADDR else ea)


def guarded(task: Task) -> Task:
    """A task that tells what went wrong instead of raising into IDA."""

    def run(ctx: Any) -> None:
        try:
            task(ctx)
        except Cancelled:
            say("cancelled")
        except Failure as failure:
            ida_kernwin.warning("goabi: %s" % failure)
        except Exception as error:  # noqa: BLE001 (IDA's own handler would only print it)
            ida_kernwin.msg(traceback.format_exc())
            ida_kernwin.warning("goabi failed: %s (see the Output window)" % error)

    return run


class Action(ida_kernwin.action_handler_t):
    """A task as a menu entry."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = guarded(task)

    def activate(self, ctx: Any) -> int:
        self.task(ctx)
        return 1

    def update(self, ctx: Any) -> int:
        return ida_kernwin.AST_ENABLE_FOR_IDB


class Popups(ida_kernwin.UI_Hooks):
    """Puts our actions into context menus."""

    def __init__(self, module: GoabiModule) -> None:
        super().__init__()
        self.module = module

    def finish_populating_widget_popup(self, widget: Any, popup_handle: Any, ctx: Any = None) -> None:
        in_list = (ida_kernwin.get_widget_title(widget) or "").startswith(view.TITLE)
        kind = ida_kernwin.get_widget_type(widget)
        for name, _ in self.module.actions:
            of_list = name.startswith(PREFIX + "show_")
            if (of_list and in_list) or (not of_list and kind in WINDOWS):
                ida_kernwin.attach_action_to_popup(widget, popup_handle, name, "goabi/")


def _register(module: GoabiModule) -> List[Tuple[str, str]]:
    hotkey = free_hotkey(settings.load().hotkey)
    tasks: List[Tuple[str, str, Task]] = [
        ("program", "Annotate Go: whole program", module.whole_program),
        ("function", "Annotate Go: current function", module.this_function),
        ("preview", "Annotate Go: preview (dry run)", module.preview),
        ("explain", "Annotate Go: explain this function", module.explain),
        ("undo", "Annotate Go: undo our changes", module.undo),
        ("selftest", "Annotate Go: self-test", module.self_test),
    ]
    tasks += [("show_" + word, "Show " + word, _filter(module, word)) for word in view.FILTERS]
    for name, label, task in tasks:
        shortcut = hotkey if name == "program" else ""
        desc = ida_kernwin.action_desc_t(PREFIX + name, label, Action(task), shortcut, label)
        ida_kernwin.register_action(desc)
        if not name.startswith("show_"):
            ida_kernwin.attach_action_to_menu(MENU, PREFIX + name, ida_kernwin.SETMENU_APP)
    return [(PREFIX + name, label) for name, label, _ in tasks]


def _filter(module: GoabiModule, word: str) -> Task:
    return lambda ctx: module.narrow(word)


def free_hotkey(wanted: str) -> str:
    """The hotkey, or none if another action has it already."""
    for name in ida_kernwin.get_registered_actions() if wanted else ():
        if not name.startswith(PREFIX) and _keys(ida_kernwin.get_action_shortcut(name) or "") == _keys(wanted):
            say("the hotkey %s belongs to %s; choose another in the settings" % (wanted, name))
            return ""
    return wanted


def _keys(shortcut: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in shortcut.replace("+", "-").split("-"))
