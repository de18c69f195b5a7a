"""A core's own names for things, as a YAML file: what its keys begin with and which fields carry them."""

from dataclasses import fields
from pathlib import Path

import yaml

from harness.canon import Correlation
from harness.scenario.places import nearest

Names = dict[str, str]
KNOWN = tuple(one.name for one in fields(Correlation) if one.type in (str, "str"))


class CorrelationError(ValueError):
    """A map that cannot be used; the message names file and entry."""


def load_correlation(path: Path) -> Names:
    """Entries of `Correlation` by name, texts; what the file does not name is as in our own core."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorrelationError(f"--correlation {path} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise CorrelationError(f"--correlation {path} is not YAML: {error}") from None
    if not isinstance(read, dict):
        raise CorrelationError(f"--correlation {path}: a map of names is expected, such as 'invoice_prefix: BILL-'")
    for name, value in read.items():
        if name not in KNOWN:
            raise CorrelationError(f"--correlation {path}: there is no '{name}'{nearest(str(name), list(KNOWN))}")
        if not isinstance(value, str) or not value:
            raise CorrelationError(f"--correlation {path}: {name} should be a text, not {value!r}")
    return read
