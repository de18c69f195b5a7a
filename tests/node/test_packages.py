"""The second language's SDKs are the locked ones."""

import json

from tests.node.programs import HERE, run_script


def test_the_sdks_are_those_of_the_lock_and_the_lock_names_no_address():
    lock = (HERE / "package-lock.json").read_text()
    assert run_script("versions") == json.loads((HERE / "package.json").read_text())["dependencies"]
    assert "://" not in lock
