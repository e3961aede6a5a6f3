"""Bodies that a client has compressed."""

from lambdas.web.http import HttpEvent
from visionflow.errors import UnsupportedMediaTypeError


def refuse_encoded(event: HttpEvent) -> None:
    """Raise `UnsupportedMediaTypeError` for a body in a ``Content-Encoding``, such as gzip: nothing
    is unpacked here, where a small body could become any size."""
    encoding = (event.headers.get("content-encoding") or "").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMediaTypeError(
            f"The body has the Content-Encoding {encoding!r:.40}; send it without one."
        )
