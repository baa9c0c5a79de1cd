"""The settings of `ida-plugin.json`, with the same defaults; IDA's own store for them is used when it is there."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Callable, Optional

LEVELS = ("guess", "likely", "exact")


@dataclass
class Settings:
    """How to work."""

    hotkey: str = "Ctrl-Alt-Shift-G"
    min_confidence: str = "likely"
    names: bool = True
    comments: bool = True
    call_sites: bool = True
    create_functions: bool = False
    replace_types: bool = False
    use_dwarf: bool = True
    from_database: bool = False
    #: Says what would be done; not a stored setting.
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.min_confidence not in LEVELS:
            raise ValueError("min_confidence is one of %s, not %r" % (", ".join(LEVELS), self.min_confidence))


STORED = tuple(field.name for field in fields(Settings) if field.name != "dry_run")


def load() -> Settings:
    """The user's settings. A senseless one falls back to its default."""
    settings, ask = Settings(), _store()
    for name in STORED if ask is not None else ():
        value = _asked(ask, name)
        if isinstance(value, type(getattr(settings, name))):
            setattr(settings, name, value)
    if settings.min_confidence not in LEVELS:
        settings.min_confidence = "likely"
    return settings


def _store() -> Optional[Callable[[str], Any]]:
    try:
        import ida_settings  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    ask: Optional[Callable[[str], Any]] = getattr(ida_settings, "get_current_plugin_setting", None)
    return ask


def _asked(ask: Any, name: str) -> Any:
    try:
        return ask(name)
    except Exception:  # noqa: BLE001 (whatever the store raises, there is a default)
        return None
