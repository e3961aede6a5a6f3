"""The engine of the page, opened in a page of the local cloud as the page itself opens it."""

import base64
from pathlib import Path
from typing import Any, Literal, cast

from playwright.sync_api import Page

Which = Literal["serving"] | dict[str, str]

# The engine's own file of the release, and a client of the deployed API; `window.engine` answers.
_OPEN = """async (which) => {
    const settings = await (await fetch("config.json")).json();
    const ask = async (path) => {
        const response = await fetch(settings.apiUrl + path).catch((cause) => {
            throw Object.assign(new Error("offline", { cause }), { unreachable: true });
        });
        if (!response.ok) throw Object.assign(new Error(path), await response.json());
        return response.json();
    };
    const client = {
        status: () => ask("/status"),
        deviceModel: ({ name, version }) => ask(`/models/${name}/${version}/device`),
    };
    const release = await fetch("assets.json").then(
        (response) => response.json(),
        // Without a network: what the service worker has kept.
        async () => (await (await caches.open("visionflow-2")).keys()).map(({ url }) => url),
    );
    const file = release.find((name) => name.includes("assets/engine-by-itself-"));
    const module = await import(new URL(file, document.baseURI).href);
    const shares = [];
    const start = performance.now();
    window.engine?.close();
    try {
        window.engine = await module.openEngine(client, which, (share) => shares.push(share));
    } catch ({ code, message }) {
        return { code, message };
    }
    return {
        model: engine.model,
        threads: engine.threads,
        labels: engine.labels.length,
        isolated: crossOriginIsolated,
        milliseconds: performance.now() - start,
        shares,
        kept: await module.keptModels(),
    };
}"""

_CLASSIFY = """async ([data, explain]) => {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    return engine.classify(new Blob([bytes]), { explain }).catch(({ code }) => ({ code }));
}"""


def open_engine(page: Page, which: Which = "serving") -> dict[str, Any]:
    """What is known of the opened engine; `code` and `message` where it cannot be opened."""
    return cast(dict[str, Any], page.evaluate(_OPEN, which))


def classify(page: Page, image: Path | bytes, *, explain: bool = False) -> dict[str, Any]:
    """The answer of the engine that `open_engine` has opened, or the `code` of its error."""
    data = image if isinstance(image, bytes) else image.read_bytes()
    answer = page.evaluate(_CLASSIFY, [base64.b64encode(data).decode(), explain])
    return cast(dict[str, Any], answer)
