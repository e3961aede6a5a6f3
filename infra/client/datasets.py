"""The API's routes about datasets, each as a method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from infra.client.api_client import ApiClient


@dataclass(frozen=True)
class DatasetClient:
    """One dataset of a stage; it may not exist yet. Answers are the API's JSON."""

    api: ApiClient
    name: str

    def details(self) -> dict[str, Any]:
        """The dataset, its health, its latest version and its latest training."""
        return self._get("")

    def create(self, classes: Sequence[str]) -> dict[str, Any]:
        return self.api.send(
            "POST", "/datasets", body={"name": self.name, "classes": list(classes)}
        )

    def delete(self) -> None:
        """Delete the dataset, however many calls it takes."""
        while not self.api.send("DELETE", self._path(""))["deleted"]:
            pass

    def change_class(self, action: str, name: str, **more: str | None) -> dict[str, Any]:
        return self._post("/classes", {"action": action, "name": name, **more})

    def set_flow(
        self, kinds: Sequence[str], model: str | None, per_day: int | None, *, train: bool
    ) -> dict[str, Any]:
        """Let records flow in by a rule. Returns the dataset; without ``per_day`` the API chooses
        it."""
        rule: dict[str, object] = {"kinds": list(kinds), "model": model, "train": train}
        return self._post("/flow", rule if per_day is None else rule | {"per_day": per_day})

    def clear_flow(self) -> dict[str, Any]:
        return self.api.send("DELETE", self._path("/flow"))

    def upload_forms(self, images: Sequence[Mapping[str, object]]) -> dict[str, Any]:
        """Signed requests for images, and hashes of those that need not be sent."""
        return self._post("/uploads", {"images": images})

    def change_images(self, changes: Sequence[Mapping[str, object]]) -> int:
        """How many were changed."""
        changed: int = self._post("/changes", {"changes": changes})["changed"]
        return changed

    def image_page(self, cursor: str | None) -> dict[str, Any]:
        """A thousand images that were not removed, by their hash."""
        return self._get("/images", cursor=cursor)

    def image(self, sha256: str) -> dict[str, Any]:
        """One image with a URL of its bytes."""
        return self._get(f"/images/{sha256}")

    def versions(self) -> dict[str, Any]:
        return self._get("/versions")

    def version(self, number: int) -> dict[str, Any]:
        """One version with a URL of its manifest, and the model versions that it made."""
        return self._get(f"/versions/{number}")

    def freeze(self, note: str | None) -> dict[str, Any]:
        return self._post("/versions", {"note": note})

    def diff(self, new: int, old: int | None) -> dict[str, Any]:
        return self._get(f"/versions/{new}/diff", **{"from": old})

    def train(
        self, model: str | None, *, promote: bool, version: int | None = None
    ) -> dict[str, Any]:
        return self._post("/train", {"model": model, "promote": promote, "version": version})

    def runs(self) -> dict[str, Any]:
        return self._get("/runs")

    def run(self, run_id: str) -> dict[str, Any]:
        return self._get(f"/runs/{quote(run_id, safe='')}")

    def _get(self, path: str, **query: str | int | None) -> dict[str, Any]:
        return self.api.send("GET", self._path(path), query)

    def _post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        return self.api.send("POST", self._path(path), body=body)

    def _path(self, path: str) -> str:
        return f"/datasets/{quote(self.name, safe='')}{path}"


def datasets(api: ApiClient) -> dict[str, Any]:
    """All datasets of a stage."""
    return api.send("GET", "/datasets")
