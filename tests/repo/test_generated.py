"""The message classes of the event bus are what protoc makes of the .proto files beside them.

`WINDTUNNEL_WRITE=1 pytest tests/repo/test_generated.py` writes them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("simulators/salesforce/events/pubsub.proto", "synccore/systems/eventbus/eventbus.proto")
# Simulator and core live in one process in simulation, and one pool does not hold two files that define one name.
SHARED_POOL, OWN_POOL = "_descriptor_pool.Default()", "_descriptor_pool.DescriptorPool()"


def generated(source: Path, folder: Path) -> dict[str, str]:
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{source.parent}", f"--python_out={folder}",
               f"--pyi_out={folder}", source.name]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return {path.name: path.read_text().replace(SHARED_POOL, OWN_POOL) for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("name", SOURCES)
def test_message_classes_are_made_of_the_proto_beside_them(name: str, tmp_path: Path) -> None:
    source = ROOT / name
    target = source.parent / "generated"
    made = generated(source, tmp_path)
    assert OWN_POOL in "".join(made.values())
    if os.environ.get("WINDTUNNEL_WRITE"):
        for file, text in made.items():
            (target / file).write_text(text)
    assert {file: (target / file).read_text() for file in made} == made
