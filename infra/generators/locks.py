"""Whether the lock files hold what the project asks for; it takes no network to see that."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.packaging.workspace import PROJECT

_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)
# Each lock with the extras of pyproject.toml that it holds beside the dependencies of all.
OF_PYPROJECT = {
    "tests/requirements.txt": ("functions", "infra", "instant", "train", "timm", "dev"),
    "infra/requirements.txt": ("functions", "infra", "instant"),
    "training/requirements.txt": ("functions", "instant", "train", "timm"),
}
# Each lock with the list that it was made from.
OF_LISTS = {
    "infra/local_cloud/ministack-requirements.txt": "infra/local_cloud/ministack-requirements.in",
    "layers/api/requirements.txt": "layers/api/requirements.in",
    "layers/runtime/requirements.txt": "layers/runtime/requirements.in",
    "layers/tokens/requirements.txt": "layers/tokens/requirements.in",
    "layers/training/requirements.txt": "layers/training/requirements.in",
}


@dataclass(frozen=True)
class Locks:
    """A lock is stale when it lacks a requirement, or pins a version that one does not allow."""

    project: Path = PROJECT
    command: str = "make lock"

    def stale(self) -> list[Path]:
        return [
            self.project / lock
            for lock, requirements in self._requirements().items()
            if not _satisfies(self.project / lock, requirements)
        ]

    def renew(self) -> None:
        """Leave them: to resolve versions takes the network, and `make lock`."""

    def _requirements(self) -> dict[str, list[str]]:
        with (self.project / "pyproject.toml").open("rb") as file:
            described = tomllib.load(file)["project"]
        extras: dict[str, list[str]] = described["optional-dependencies"]
        found = {
            lock: [*described["dependencies"], *(line for name in names for line in extras[name])]
            for lock, names in OF_PYPROJECT.items()
        }
        for lock, source in OF_LISTS.items():
            lines = (self.project / source).read_text(encoding="utf-8").splitlines()
            found[lock] = [line for line in lines if line and not line.startswith("#")]
        return found


def _satisfies(lock: Path, requirements: Iterable[str]) -> bool:
    pins: dict[str, list[str]] = {}
    for name, version in _PIN.findall(lock.read_text(encoding="utf-8")):
        # More than one version where they depend on the machine or on Python's version.
        pins.setdefault(canonicalize_name(name), []).append(version)
    for requirement in map(Requirement, requirements):
        versions = pins.get(canonicalize_name(requirement.name), [])
        if not versions or not all(requirement.specifier.contains(v) for v in versions):
            return False
    return True
