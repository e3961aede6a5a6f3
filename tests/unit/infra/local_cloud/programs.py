"""Small programs that stand in for the large ones, and real processes to run them."""

import socket
import stat
import sys
from pathlib import Path

# Answers the health check as the emulator does, starts a worker as the emulator does, and ignores
# the arguments meant for an interpreter.
STAND_IN = f"""#!{sys.executable}
import http.server, os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/_ministack/health" else 404)
        self.end_headers()
address = os.environ["BIND_HOST"], int(os.environ["GATEWAY_PORT"])
http.server.ThreadingHTTPServer(address, Health).serve_forever()
"""
BROKEN = f"#!{sys.executable}\nraise SystemExit('Error: cannot find my wings')\n"


def script(file: Path, text: str) -> Path:
    """An executable file with ``text``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
