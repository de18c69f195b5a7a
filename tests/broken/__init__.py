"""Planted defects: wrong cores and lying systems that the judges must catch. To be here is to be registered."""

from pathlib import Path

_TEXTS = {path.stem: path.read_text() for path in sorted(Path(__file__).parent.glob("*.py"))}
_PLANTED = [name for name, text in _TEXTS.items() if "\nCAUGHT_BY = " in text]
LYING_SYSTEMS = tuple(name for name in _PLANTED if "\ndef lie(" in _TEXTS[name])
NAMES = (*(name for name in _PLANTED if name not in LYING_SYSTEMS), *LYING_SYSTEMS)
