"""The built dashboard with the headers of CloudFront, and of the API what the engine asks for."""

import functools
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra.constructs.web.static_site import ISOLATION, engine_security_policy, security_policy
from lambdas.api.models.device import device_model
from visionflow import strict
from visionflow.models.manifest import FileEntry, Manifest, read_manifest
from visionflow.models.store import ModelStore

DASHBOARD = Path("dashboard")
_PIXELS = Path(__file__).with_name("pixels.mjs")
_CONFIG = {"apiUrl": "/api", "stage": "local", "auth": None}


def build(folder: Path) -> None:
    """The site into ``folder``, and `pixels.js` beside it."""
    build_site = ["npx", "vite", "build", "--outDir", str(folder / "site"), "--logLevel", "error"]
    subprocess.run(build_site, cwd=DASHBOARD, check=True)
    build_pixels = [shutil.which("node") or "node", str(_PIXELS), str(folder / "lib")]
    subprocess.run(build_pixels, check=True)


class _Files(ModelStore):
    """Of a version in a folder of the site."""

    def __init__(self) -> None:
        pass

    def url(self, _manifest: Manifest, entry: FileEntry) -> str:
        return f"/model/{entry.path}"


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *request: Any, folder: Path, model: Path, isolated: bool) -> None:
        self._folders = {"/model/": model, "/lib/": folder / "lib", "/": folder / "site"}
        self._model = model
        self._isolated = isolated
        super().__init__(*request)

    extensions_map = {".js": "text/javascript", ".mjs": "text/javascript", ".json": "text/json"} | {
        ".html": "text/html",
        ".css": "text/css",
        ".svg": "image/svg+xml",
        "": "application/octet-stream",
    }

    def translate_path(self, path: str) -> str:
        path = path.partition("?")[0]
        start = next(start for start in self._folders if path.startswith(start))
        return str(self._folders[start] / path.removeprefix(start))

    def do_GET(self) -> None:
        answer = self._answers().get(self.path)
        if answer is None:
            super().do_GET()
            return
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answers(self) -> dict[str, Any]:
        manifest = read_manifest(self._model)
        named = {"name": manifest.name, "version": manifest.version}
        return {
            "/config.json": _CONFIG,
            "/api/status": {"status": "ok", "model": named, "labels": [], "parents": {}},
            f"/api/models/{manifest.name}/{manifest.version}/device": strict.to_dict(
                device_model(manifest, _Files())
            ),
        }

    def end_headers(self) -> None:
        own = "'self'"
        policy = (
            engine_security_policy(models=own)
            if self.path.startswith("/engine/")
            else security_policy(api=own, images=own, reports=own, sign_in=own)
        )
        headers = {"Content-Security-Policy": policy, **(ISOLATION if self._isolated else {})}
        if self.path.startswith(("/engine/", "/assets/")):
            headers["Cache-Control"] = "max-age=31536000, immutable"
        for name, value in headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A browser hangs up in the middle of an answer when its page is reloaded."""


@contextmanager
def served(folder: Path, model: Path, *, isolated: bool) -> Iterator[str]:
    """The address of what `build` made, with the version in ``model``."""
    handler = functools.partial(_Handler, folder=folder, model=model, isolated=isolated)
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
