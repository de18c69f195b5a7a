"""Remembered steps as a store would keep them: JSON text, or a pickled exception."""

import json
import pickle
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass
class Memo:
    """One remembered step: a JSON value, or the exception that it ended with."""

    name: str
    value: str = " null"
    error: bytes | None = None  # pickled, as a store would have it


def encoded(value: Any) -> str:
    """JSON as a store would have it; what the fast writer cannot say, or says null for (NaN), begins with a space."""
    try:
        text = orjson.dumps(value, option=_AS_IT_IS)
    except TypeError:
        return " " + json.dumps(value)
    if b"null" in text and orjson.loads(text) != value:
        return " " + json.dumps(value)
    return text.decode()


def decoded(text: str) -> Any:
    """The value of such a text."""
    return json.loads(text) if text[0] == " " else orjson.loads(text)


_AS_IT_IS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS


def error_of(memo: Memo) -> str:
    """What the step ended with, in words; '' for a result."""
    return "" if memo.error is None else str(pickle.loads(memo.error))
