"""The boot script of a training machine, run with stand-ins for what only a machine has."""

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.constructs.training_job.machine import BOOT

_COMMANDS = {
    "curl": """
case "$*" in
  *api/token*) echo token ;;
  *placement/region*) echo eu-central-1 ;;
  *visionflow-job*) echo JOB1 ;;
  *visionflow-max-hours*) echo 1.5 ;;
esac
""",
    "shutdown": "",
    "apt-get": "touch installed",
    "aws": """
case "$*" in
  "s3 sync"*) [ -n "$WHEELS" ] && mkdir -p wheels && touch wheels/torch.whl ;;
  "sts get-caller-identity"*) echo AROA:i-123 ;;
  *"/log/boot.txt") cp /tmp/boot.txt "$EVENTS" ;;
  "s3 cp"*) [ -n "$NO_BUNDLE" ] && exit 1; cp "$BUNDLE" bundle.zip ;;
esac
true
""",
    "python3": """
if [ "$1 $2" = "-m venv" ]; then
  [ -n "$NO_VENV" ] && [ ! -f installed ] && exit 1
  folder=${!#}/bin
  mkdir -p "$folder"
  for name in pip python; do
    printf '#!/bin/bash\\necho "%s $*" >> "$CALLS"\\n' "$name" > "$folder/$name"
  done
  echo 'echo "is $VISIONFLOW_JOB_REPORTER" >> "$CALLS"; exit ${JOB_CODE:-0}' >> "$folder/python"
  chmod +x "$folder"/*
  exit 0
fi
exec "$REAL_PYTHON" "$@"
""",
}


@dataclass(frozen=True)
class Boot:
    """What a boot did: the calls in order, its exit code, and the events it sent to CloudWatch."""

    calls: list[str]
    code: int
    events: str


def boot(folder: Path, **environment: str) -> Boot:
    commands = folder / "commands"
    commands.mkdir(parents=True)
    for name, body in _COMMANDS.items():
        stand_in = commands / name
        stand_in.write_text(f'#!/bin/bash\necho "{name} $*" >> "$CALLS"\n{body}')
        stand_in.chmod(0o755)
    with zipfile.ZipFile(folder / "bundle.zip", "w") as bundle:
        bundle.writestr("requirements.txt", "torch==2 --hash=sha256:0\n")
    text = BOOT.read_text()
    for path in ("/opt/visionflow", "/var/log", "/var/lib/visionflow", "/tmp/boot.txt"):  # noqa: S108
        text = text.replace(path, f"{folder}{path}")
    for name in ("BUNDLE_BUCKET", "BUNDLE_KEY", "JOBS_BUCKET"):
        assert f"@{name}@" in text
        text = text.replace(f"@{name}@", name.lower())
    assert "@" not in text.replace('"$@"', "")
    for path in ("var/log", "tmp"):
        (folder / path).mkdir(parents=True)
    commands.joinpath("aws").write_text(
        commands.joinpath("aws").read_text().replace("/tmp/", f"{folder}/tmp/")  # noqa: S108
    )
    script = folder / "boot.sh"
    script.write_text(text)
    done = subprocess.run(
        ["bash", str(script)],  # noqa: S607
        env={
            "PATH": f"{commands}:{os.environ['PATH']}",
            "CALLS": str(folder / "calls"),
            "BUNDLE": str(folder / "bundle.zip"),
            "EVENTS": str(folder / "boot.txt"),
            "REAL_PYTHON": sys.executable,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    sent = folder / "boot.txt"
    return Boot(
        (folder / "calls").read_text().splitlines(),
        done.returncode,
        sent.read_text() if sent.exists() else "",
    )


def test_a_machine_installs_trains_and_leaves(tmp_path: Path) -> None:
    done = boot(tmp_path)
    shutdowns = [call for call in done.calls if call.startswith("shutdown")]
    assert shutdowns == ["shutdown -h +1500", "shutdown -c", "shutdown -h +120", "shutdown -h now"]
    assert done.calls[0] == "shutdown -h +1500", "the last resort comes first"
    install = "pip install --quiet --require-hashes -r code/requirements.txt"
    train = f"python -m training.job JOB1 --work {tmp_path}/var/lib/visionflow/JOB1 --is-instance"
    assert done.calls.index(install) < done.calls.index(train)
    assert "is AROA:i-123" in done.calls
    assert done.calls[-1] == "shutdown -h now"
    assert "leaving with code 0" in done.events


def test_a_wheelhouse_takes_the_place_of_the_package_index(tmp_path: Path) -> None:
    done = boot(tmp_path, WHEELS="1")
    (install,) = (call for call in done.calls if call.startswith("pip"))
    assert "--no-index --find-links wheels --require-hashes" in install


def test_an_image_without_venv_gets_it_from_the_distribution(tmp_path: Path) -> None:
    assert not any(call.startswith("apt-get") for call in boot(tmp_path / "with").calls)
    done = boot(tmp_path / "without", NO_VENV="1")
    assert any(call.endswith("install --yes python3-venv") for call in done.calls)
    assert any(call.startswith("python -m training.job") for call in done.calls)
    assert "leaving with code 0" in done.events


@pytest.mark.parametrize(
    ("environment", "code"),
    [({"NO_BUNDLE": "1"}, 1), ({"JOB_CODE": "1"}, 1), ({"JOB_CODE": "75"}, 75)],
)
def test_a_machine_leaves_whatever_goes_wrong(
    tmp_path: Path, environment: dict[str, str], code: int
) -> None:
    done = boot(tmp_path, **environment)
    assert done.calls[-1] == "shutdown -h now"
    assert f"leaving with code {code}" in done.events
    place = "s3://jobs_bucket/jobs/AROA:i-123/log/boot.txt"
    assert any(call.startswith("aws s3 cp") and call.endswith(place) for call in done.calls)
