"""A receiver of VisionFlow's webhooks, with the standard library alone.

Put it behind TLS: ``WEBHOOK_SECRET=whsec_... python webhook_receiver.py 9000``; infra/EVENTS.md.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300  # an old request that somebody recorded is refused
MOST_BYTES = 1_000_000  # an event has at most 256 KB; strangers may send anything
seen: set[str] = set()  # in your own database: an id that is there was handled before


def verified(headers: Message | dict[str, str], body: bytes, secret: str, now: float) -> bool:
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
    if not re.fullmatch("[0-9]{1,12}", at) or abs(now - int(at)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256)
    ours = b"v1," + base64.b64encode(digest)
    sent = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(ours, theirs.encode()) for theirs in sent)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,7}", length) or int(length) > MOST_BYTES:
            return self.answer(400)
        body = self.rfile.read(int(length))
        # As they are: their names come in capitals or not.
        good = verified(self.headers, body, os.environ["WEBHOOK_SECRET"], time.time())
        if good and self.headers["webhook-id"] not in seen:
            event = json.loads(body)
            print(event["id"], event["kind"], json.dumps(event["data"]), flush=True)
            seen.add(event["id"])  # last of all: what fails before is delivered again
        return self.answer(204 if good else 401)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
