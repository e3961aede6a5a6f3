"""The npm client as a team gets it: packed, installed into an empty folder, called by a program."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infra.packaging.workspace import PROJECT
from tests.e2e.cloud import Cloud
from tests.images import encode, textured
from visionflow.images.uploads import MAX_DIRECT_BYTES

pytestmark = pytest.mark.e2e

DASHBOARD = PROJECT / "dashboard"
# What the client needs, packed from the lock's installation, so that no registry is asked.
NEEDED = ("openapi-fetch", "openapi-typescript-helpers")

PROGRAM = """\
import { openAsBlob } from "node:fs";
import { createClient } from "visionflow-client";
const client = createClient({ url: process.argv[2] });
for (const name of process.argv.slice(3)) {
  const { id, label } = await client.classify(await openAsBlob(name), { filename: name });
  const found = [];
  for await (const record of client.predictions({ limit: 1 }))
    if (found.push(record.id) === 3) break;
  console.log(JSON.stringify({ id, label, found }));
}
"""
TYPED = """\
import { ApiError, createClient, type Classified } from "visionflow-client";
const client = createClient({ url: "http://127.0.0.1", key: "vf_key" });
export const sure = ({ confidence }: Classified): boolean => (confidence ?? 0) > 0.5;
export const names = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const job of client.list("/training-jobs")) found.push(job.id);
  return found;
};
// @ts-expect-error no such filter
void client.predictions({ colour: "red" });
void (new ApiError("code", "detail").retryAt satisfies number | null);
"""


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a program; the cloud has what builds the package."""
    folder = tmp_path_factory.mktemp("npm-client")
    pack = ("npm", "pack", "--silent", "--pack-destination", folder)
    run(*pack, "--workspace", "client", folder=DASHBOARD)
    needed = [f"./node_modules/{name}" for name in NEEDED]
    run(*pack, "--ignore-scripts", *needed, folder=DASHBOARD)
    program = folder / "program"
    program.mkdir()
    (program / "package.json").write_text('{"type": "module", "private": true}')
    flags = ("--offline", "--ignore-scripts", "--no-audit", "--no-fund")
    run("npm", "install", *flags, *sorted(folder.glob("*.tgz")), folder=program)
    return program


def test_a_program_classifies_small_and_large_images_and_reads_pages(
    cloud: Cloud, installed: Path
) -> None:
    (installed / "small.png").write_bytes(encode(textured(), "PNG"))
    noise = np.random.default_rng(1).integers(0, 256, (1300, 1300, 3), dtype=np.uint8)
    (installed / "large.png").write_bytes(encode(Image.fromarray(noise), "PNG"))
    assert (installed / "large.png").stat().st_size > MAX_DIRECT_BYTES
    (installed / "program.js").write_text(PROGRAM)
    written = run(
        *("node", "program.js", cloud.outputs.api_url, "small.png", "large.png"), folder=installed
    )
    small, large = map(json.loads, written.splitlines())
    for line, name in ((small, "small.png"), (large, "large.png")):
        record = cloud.call("GET", f"/predictions/{line['id']}").body
        assert (record["filename"], record["label"]) == (name, line["label"])
        # Pages of one record each, newest first.
        assert line["found"][0] == line["id"]
        assert len(set(line["found"])) == 3
    assert cloud.call("GET", f"/predictions/{small['id']}").body["source"] == "api"


def test_the_example_of_the_readme_runs(cloud: Cloud, installed: Path) -> None:
    readme = (installed / "node_modules" / "visionflow-client" / "README.md").read_text()
    example = readme.partition("```js\n")[2].partition("```")[0]
    assert len(example.splitlines()) == 5
    assert "https://api.example" in example
    (installed / "daisy.jpg").write_bytes(encode(textured(seed=2)))
    (installed / "example.js").write_text(
        example.replace("https://api.example", cloud.outputs.api_url)
    )
    newest = run("node", "example.js", folder=installed).splitlines()[0]
    record = next(cloud.logs())
    assert newest == f"{record['id']} {record['label']}"
    assert record["filename"] == "daisy.jpg"


def test_its_types_serve_a_strict_program(installed: Path) -> None:
    (installed / "typed.ts").write_text(TYPED)
    target = ("--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom")
    options = ("--strict", "--noEmit", *target)
    run(DASHBOARD / "node_modules" / ".bin" / "tsc", *options, "typed.ts", folder=installed)


def test_it_holds_what_programs_need_and_nothing_of_the_page(installed: Path) -> None:
    package = installed / "node_modules" / "visionflow-client"
    top = sorted(one.name for one in package.iterdir())
    assert top == ["README.md", "dist", "package.json"]
    code = "".join(file.read_text() for file in package.rglob("*.js"))
    assert "react" not in code
    assert not list(package.rglob("*.tsx"))
