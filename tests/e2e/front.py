"""What CloudFront does on AWS, before the local cloud's bucket, which sends no headers.

A proxy of the browser, not routes of Playwright: those reach neither a service worker nor the
threads of a worker.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from infra.constructs.web.static_site import (
    ENGINE,
    ISOLATION,
    engine_security_policy,
    security_policy,
)
from tests.e2e.cloud import Cloud

# Of one connection, not of the message: RFC 9110, section 7.6.1.
_OF_THE_CONNECTION = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te"}


@contextmanager
def fronted(cloud: Cloud) -> Iterator[str]:
    """The address of a proxy that adds the headers of the site's files."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(cloud.outputs.api_url))
    site = cloud.outputs.dashboard_url.rpartition("/")[0] + "/"
    page = security_policy(api=origin, images=origin, reports=origin, sign_in=origin)
    engine = engine_security_policy(models=origin)

    def added(url: str) -> dict[str, str]:
        if not url.startswith(site):
            return {}
        policy = engine if url.startswith(site + ENGINE.removesuffix("*")) else page
        return {"Content-Security-Policy": policy, **ISOLATION}

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = {k: v for k, v in self.headers.items() if k.lower() not in _OF_THE_CONNECTION}
            backend = http.client.HTTPConnection(parts.netloc, timeout=120)
            try:
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                backend.request(self.command, path, body or None, sent)
                answer = backend.getresponse()
                data = answer.read()
            finally:
                backend.close()
            self.send_response_only(answer.status, answer.reason)
            for name, value in {**dict(answer.getheaders()), **added(self.path)}.items():
                if name.lower() not in _OF_THE_CONNECTION | {"content-length"}:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_HEAD = do_POST = _forward  # noqa: N815  the names of http.server
        do_PUT = do_DELETE = do_OPTIONS = _forward  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Front) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A browser hangs up in the middle of an answer when its page is closed."""
