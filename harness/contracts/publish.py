"""Taking a consumer's pacts into the contracts' folder, and noting which version expects what."""

from collections.abc import Sequence
from pathlib import Path

from harness.contracts.gate import present_expectations
from harness.contracts.matrix import Matrix, Published
from harness.contracts.pacts import read_pact, read_pacts


def take_in(contracts: Path, files: Sequence[Path], version: str | None) -> list[str]:
    """Copy pacts into the folder under their names; ValueError for a file that is none, or expects nothing."""
    found = []
    for file in files:
        if not file.is_file():
            raise ValueError(f"there is no file {file}")
        pact = read_pact(file)
        if not pact.interactions:
            raise ValueError(f"{file}: {pact.consumer} expects nothing of {pact.provider}: a pact without interactions")
        found.append(pact)
    matrix = Matrix.load(contracts)
    for pact in found:
        target = contracts / "pacts" / f"{pact.consumer}-{pact.provider}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(pact.path.read_text())
        if version is not None:
            matrix.publish([Published(pact.consumer, version, pact.provider, pact.sha)])
    matrix.publish(present_expectations(read_pacts(contracts)))
    matrix.save_evidence()
    return [f"pacts/{pact.consumer}-{pact.provider}.json" for pact in found]


def note_present(contracts: Path) -> None:
    """The versions of this tree and what they expect."""
    matrix = Matrix.load(contracts)
    matrix.publish(present_expectations(read_pacts(contracts)))
    matrix.save_evidence()
