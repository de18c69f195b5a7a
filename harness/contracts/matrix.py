"""The release matrix, in files: which pact was verified against which version, and what is deployed where.

`matrix/deployments.json` says what runs in each environment and is reviewed. `matrix/verifications.json` is evidence
that `verify` writes: rows by pact fingerprint and provider version, so that a pact that is published again without a
change keeps its verifications. Level A of a pact broker: files, no server.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts.documents import read
from harness.contracts.verify import Problem

DOCUMENTS = "contract documents"  # stands for all who read event schemas and the OpenAPI document


@dataclass(frozen=True)
class Row:
    """One verification."""

    consumer: str
    consumer_version: str
    pact_sha: str
    provider: str
    provider_version: str
    success: bool
    pending: int
    at: str
    file: str
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """A later verification of the same takes the place of an earlier one."""
        return self.consumer, self.pact_sha, self.provider, self.provider_version


@dataclass(frozen=True)
class Published:
    """Which expectations a consumer's version has."""

    consumer: str
    version: str
    provider: str
    pact_sha: str


@dataclass
class Matrix:
    """All rows, published pacts and deployments; `folder` is the matrix' own."""

    folder: Path
    rows: dict[tuple[str, str, str, str], Row] = field(default_factory=dict)
    published: dict[tuple[str, str, str], Published] = field(default_factory=dict)
    deployments: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, contracts: Path) -> "Matrix":
        """Read both files; absent ones are empty. ValueError names a file that is damaged."""
        matrix = cls(contracts / "matrix")
        evidence, deployed = matrix.folder / "verifications.json", matrix.folder / "deployments.json"
        try:
            if evidence.exists():
                content = read(evidence)
                for value in content["rows"]:
                    problems = tuple(Problem(**one) for one in value.pop("problems"))
                    row = Row(**value, problems=problems)
                    matrix.rows[row.key] = row
                matrix.publish(Published(**value) for value in content["published"])
            if deployed.exists():
                matrix.deployments = {env: dict(apps) for env, apps in read(deployed).items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{matrix.folder}: not a release matrix: {error}") from None
        return matrix

    def add(self, rows: Iterable[Row]) -> None:
        """Put verifications in; the same ones anew replace what was there."""
        for row in rows:
            self.rows[row.key] = row

    def publish(self, published: Iterable[Published]) -> None:
        """Note which expectations a version has."""
        for one in published:
            self.published[one.consumer, one.version, one.provider] = one

    def find(self, consumer: str, sha: str, provider: str, version: str) -> Row | None:
        """The verification of these expectations by this version."""
        return self.rows.get((consumer, sha, provider, version))

    def sha(self, consumer: str, version: str, provider: str) -> str | None:
        """What a version of a consumer expects."""
        found = self.published.get((consumer, version, provider))
        return found.pact_sha if found else None

    def save_evidence(self) -> None:
        """Write verifications, whole or not at all."""
        content = {
            "published": [asdict(self.published[key]) for key in sorted(self.published)],
            "rows": [asdict(self.rows[key]) for key in sorted(self.rows)],
        }
        _write(self.folder / "verifications.json", content)

    def save_deployments(self) -> None:
        """Write deployments, whole or not at all."""
        _write(self.folder / "deployments.json", self.deployments)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    beside.replace(path)
