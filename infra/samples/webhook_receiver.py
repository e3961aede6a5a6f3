"""A receiver of VisionFlow's webhooks, with the standard library alone.

Put it behind TLS: ``WEBHOOK_SECRET=whsec_... python webhook_receiver.py 9000``; infra/EVENTS.md.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300  # an old request that somebody recorded is refused
seen: set[str] = set()  # in your own database: an id that is there was handled before


def verified(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
    if not at.isdigit() or abs(now - int(at)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256)
    ours = b"v1," + base64.b64encode(digest)
    sent = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(ours, theirs.encode()) for theirs in sent)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        good = verified(dict(self.headers), body, os.environ["WEBHOOK_SECRET"], time.time())
        if good and self.headers["webhook-id"] not in seen:
            event = json.loads(body)
            print(event["id"], event["kind"], json.dumps(event["data"]), flush=True)
            seen.add(event["id"])  # last of all: what fails before is delivered again
        self.send_response(204 if good else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
