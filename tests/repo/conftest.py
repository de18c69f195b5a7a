"""Tests that read the whole tree as syntax trees."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    """Nothing is collected meanwhile: up to CPython 3.11.7 what dies while a tree is built may upset it (gh-106905)."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
