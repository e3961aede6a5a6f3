"""Node is checked before anything starts, and what is built is built once."""

import json
from pathlib import Path

import pytest

from infra.errors import CommandError
from infra.local_cloud import toolchain
from infra.local_cloud.fingerprint import fingerprint
from infra.local_cloud.processes import Tools
from infra.packaging.workspace import PROJECT, Workspace
from tests.unit.infra.local_cloud.programs import script


@pytest.mark.parametrize(
    ("node", "complaint"),
    [
        (None, r"Node\.js 20\.19 or newer .* was not found"),
        ("#!/bin/sh\necho v18.20.4", r"Node\.js 20\.19 or newer .* is v18\.20\.4"),
        ("#!/bin/sh\necho v20.18.3", r"Node\.js 20\.19 or newer .* is v20\.18\.3"),
        ("#!/bin/sh\necho 22", "of 22|is 22"),
        ("#!/bin/sh\nexit 1", "of unknown version"),
    ],
)
def test_a_missing_or_old_node_is_one_sentence(
    node: str | None, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if node is not None:
        script(tmp_path / "node", node)
        script(tmp_path / "npm", "#!/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=complaint):
        toolchain.require_node()


@pytest.mark.parametrize("version", ["v20.19.0", "v22.4.1", "v24.0.0-nightly"])
def test_node_as_the_dashboard_wants_it_is_new_enough(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "node", f"#!/bin/sh\necho {version}")
    script(tmp_path / "npm", "#!/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert toolchain.require_node() == version


def test_the_oldest_node_is_that_of_the_dashboard() -> None:
    package = json.loads((PROJECT / "dashboard" / "package.json").read_text(encoding="utf-8"))
    assert package["engines"]["node"] == ">=" + ".".join(map(str, toolchain.OLDEST_NODE))


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A project with an npm that records how it was called."""
    workspace = Workspace(state=tmp_path / "state", project=tmp_path / "project")
    folder = workspace.project / "dashboard"
    (folder / "src").mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}")
    (folder / "src" / "main.ts").write_text("one")
    npm = '#!/bin/sh\necho "$@" >> ../calls\nmkdir -p node_modules dist\n: > dist/index.html\n'
    script(tmp_path / "bin" / "npm", npm)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    return workspace


def built(workspace: Workspace) -> list[str]:
    """Build the dashboard; returns every call of npm so far."""
    with Tools(workspace.logs) as tools:
        assert (toolchain.dashboard(workspace, tools) / "index.html").is_file()
    return [call.split()[0] for call in (workspace.project / "calls").read_text().splitlines()]


def test_the_dashboard_is_built_again_only_when_its_sources_change(workspace: Workspace) -> None:
    assert built(workspace) == ["ci", "run"]
    assert built(workspace) == ["ci", "run"]
    (workspace.project / "dashboard" / "src" / "main.ts").write_text("two")
    assert built(workspace) == ["ci", "run", "run"]
    (workspace.project / "dashboard" / "package-lock.json").write_text("{ }")
    assert built(workspace) == ["ci", "run", "run", "ci", "run"]


def test_a_fingerprint_follows_names_and_contents_and_ignores_what_tools_write(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a").write_text("1")
    first = fingerprint([folder])
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "b").write_text("2")
    assert fingerprint([folder]) == first
    assert fingerprint([folder], "python 3.13") != first
    (folder / "a").rename(folder / "c")
    assert fingerprint([folder]) != first


def test_a_failing_tool_is_named_with_its_complaint_and_its_log(tmp_path: Path) -> None:
    tool = script(tmp_path / "tool", "#!/bin/sh\necho 'Error: no disk left'\necho bye\nexit 3")
    with (
        Tools(tmp_path) as tools,
        pytest.raises(CommandError, match=r"^build failed \(Error: no disk left\); .*build\.log$"),
    ):
        tools.run("build", [tool], cwd=tmp_path)


def test_a_tool_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with Tools(tmp_path) as tools, pytest.raises(CommandError, match="could not be started"):
        tools.run("build", [tmp_path / "nothing"], cwd=tmp_path)
