"""`ida_kernwin`: menus, lists and boxes, without a screen."""

from __future__ import annotations

from typing import Any, Dict, List, Optional


class Action:
    """A registered action."""

    def __init__(self, name: str, label: str, handler: Any, shortcut: Optional[str] = None, tooltip: Any = None) -> None:
        self.name, self.label, self.handler, self.shortcut = name, label, handler, shortcut


def make(world: Any) -> Dict[str, Any]:
    """The module's members."""
    actions: Dict[str, Any] = world.actions

    class Choose:
        CHCOL_PLAIN, CHCOL_HEX, CH_CAN_REFRESH, NOTHING_CHANGED, ALL_CHANGED = 0, 131072, 2048, 0, 1

        def __init__(self, title: str, cols: List[Any], flags: int = 0) -> None:
            self.title, self.cols, self.flags = title, cols, flags

        def Show(self, modal: bool = False) -> int:
            world.database.windows.append(self)
            return 0

        def Refresh(self) -> None:
            self.lines = [self.OnGetLine(n) for n in range(self.OnGetSize())]

        def OnGetSize(self) -> int:
            raise NotImplementedError

        def OnGetLine(self, n: int) -> List[str]:
            raise NotImplementedError

    class simplecustviewer_t:
        def Create(self, title: str) -> bool:
            self.title, self.lines = title, []
            return True

        def AddLine(self, line: str) -> bool:
            self.lines.append(line)
            return True

        def Show(self) -> bool:
            world.database.windows.append(self)
            return True

    class UI_Hooks:
        def hook(self) -> bool:
            world.hooks.append(self)
            return True

        def unhook(self) -> bool:
            world.hooks.remove(self)
            return True

    class action_handler_t:
        pass

    def register_action(desc: Action) -> bool:
        if desc.name in actions:
            return False
        actions[desc.name] = desc
        return True

    def unregister_action(name: str) -> bool:
        return actions.pop(name, None) is not None

    def attach_action_to_menu(menupath: str, name: str, flags: int = 0) -> bool:
        world.menu.append((menupath, name))
        return name in actions

    def attach_action_to_popup(widget: Any, popup_handle: Any, name: str, popuppath: Any = None, flags: int = 0) -> bool:
        popup_handle.append(name)
        return name in actions

    def user_cancelled() -> bool:
        database = world.database
        if database.patience is None:
            return False
        database.patience -= 1
        return database.patience < 0

    def show_wait_box(message: str) -> None:
        world.database.wait_boxes += 1
        world.database.most_wait_boxes += 1

    def hide_wait_box() -> None:
        world.database.wait_boxes -= 1

    def replace_wait_box(label: str) -> None:
        assert world.database.wait_boxes > 0

    def jumpto(ea: int) -> bool:
        world.database.jumps.append(ea)
        return True

    functions = [register_action, unregister_action, attach_action_to_menu, attach_action_to_popup, user_cancelled]
    functions += [show_wait_box, hide_wait_box, replace_wait_box, jumpto]
    return {
        **{one.__name__: one for one in functions},
        "Choose": Choose,
        "simplecustviewer_t": simplecustviewer_t,
        "UI_Hooks": UI_Hooks,
        "action_handler_t": action_handler_t,
        "action_desc_t": Action,
        "get_registered_actions": lambda: list(actions),
        "get_action_shortcut": lambda name: actions[name].shortcut,
        "get_kernel_version": lambda: "9.5",
        "get_widget_title": lambda widget: widget[0],
        "get_widget_type": lambda widget: widget[1],
        "is_idaq": lambda: world.window,
        "get_screen_ea": lambda: world.database.screen_ea,
        "clr_cancelled": lambda: None,
        "msg": lambda message: world.database.messages.append(message),
        "warning": lambda message: world.database.warnings.append(message),
        "ask_yn": lambda deflt, prompt: world.database.answers,
        "ASKBTN_NO": 0,
        "AST_ENABLE_FOR_IDB": 1,
        "SETMENU_APP": 1,
        "BWN_DISASM": 27,
        "BWN_PSEUDOCODE": 46,
        "BWN_FUNCS": 3,
    }
