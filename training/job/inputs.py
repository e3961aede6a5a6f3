"""What a job's machine downloads: the files that the control plane has signed links to.

Links end with their time or with the credentials that signed them. The control plane renews them
while they are followed, so a link that is refused is looked up again.
"""

import csv
import gzip
import shutil
import threading
import time
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from pathlib import Path

import urllib3

from training.data.cache import not_writable
from training.data.sources.remote import DOWNLOADS, Remote, bring
from training.errors import DatasetError
from training.stop import check_stop
from visionflow import strict
from visionflow.jobs.folder import JobFolders, Link
from visionflow.labels import composed
from visionflow.whole_file import whole_file

FOLDERS = ("images", "ancestor")
"""Made to hold what is linked, and nothing else; other files are taken where there are none."""
_TRIES = 4
_REFUSED = HTTPStatus.FORBIDDEN
_TABLE_COLUMN = "file"


Get = Callable[[str, Path], int]
"""Downloads a URL into a file, and returns the status of the answer."""


class HttpGet:
    """`Get` by HTTP."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(maxsize=DOWNLOADS)

    def __call__(self, url: str, target: Path) -> int:
        with self._pool.request("GET", url, preload_content=False) as answer:
            with target.open("wb") as file:
                shutil.copyfileobj(answer, file)
            return answer.status


class Inputs:
    """The linked files of one machine's job."""

    def __init__(
        self,
        folders: JobFolders,
        reporter: str,
        work: Path,
        get: Get,
        *,
        patience: float = 3600.0,
        pause: float = 15.0,
    ) -> None:
        """``patience``: seconds that a refused link may take to be renewed, looked up each
        ``pause``."""
        self._folders = folders
        self._reporter = reporter
        self._work = work
        self._patience = patience
        self._pause = pause
        self._lock = threading.Lock()
        self._links: dict[str, Link] = {}
        self._get = get

    def fetch(self, withheld: Collection[str], images: Path) -> frozenset[str]:
        """Download all files below the work's folder; returns which of the single files came now.

        Rows about images that are ``withheld`` are dropped from the tables in ``images``, the
        dataset's folder. Raises `DatasetError` for a link that stays refused, or a full disk.
        """
        self._read()
        try:
            for folder in FOLDERS:
                self._bring(folder)
            came = frozenset(self._single_files())
            if withheld:
                for table in images.rglob("*.csv"):
                    _drop_rows(table, withheld)
        except OSError as error:
            raise not_writable(self._work, error) from error
        return came

    def _bring(self, folder: str) -> None:
        found = [
            Remote(path.removeprefix(f"{folder}/"), link.size, link.etag)
            for path, link in self._links.items()
            if path.startswith(f"{folder}/")
        ]
        if found:
            bring(
                found,
                self._work / folder,
                lambda wanted, target: self._download(f"{folder}/{wanted.name}", target),
            )

    def _single_files(self) -> Sequence[str]:
        missing = [
            path
            for path in self._links
            if path.partition("/")[0] not in FOLDERS and not (self._work / path).exists()
        ]
        for path in missing:
            with whole_file(self._work / path) as partial:
                self._download(path, partial)
        return missing

    def _read(self) -> None:
        with whole_file(self._work / "links.jsonl.gz") as partial:
            self._folders.fetch_links(self._reporter, partial)
            with gzip.open(partial, "rt") as lines:
                found = [strict.parse_json(Link, line, "link") for line in lines]
        self._links = {link.path: link for link in found}

    def _download(self, path: str, target: Path) -> None:
        tries = 0
        while True:
            link, problem = self._links[path], ""
            try:
                status = self._get(link.url, target)
                if status == _REFUSED:
                    self._renew(link)
                    continue
                if status == HTTPStatus.OK and target.stat().st_size == link.size:
                    return
                problem = f"S3 answers {status}, {target.stat().st_size:,} bytes"
            except urllib3.exceptions.HTTPError as error:
                problem = str(error)
            tries += 1
            if tries == _TRIES:
                raise DatasetError(f"{path}: cannot be downloaded ({problem:.300})")

    def _renew(self, refused: Link) -> None:
        """Wait until the link to this file is another one."""
        deadline = time.monotonic() + self._patience
        with self._lock:
            while self._links[refused.path].url == refused.url:
                if time.monotonic() > deadline:
                    raise DatasetError(
                        f"{refused.path}: the link to it has ended, and was not renewed; resume "
                        "the job"
                    )
                check_stop()
                time.sleep(self._pause)
                self._read()


def _drop_rows(table: Path, withheld: Collection[str]) -> None:
    """Drop the rows of a table of files whose file is not there for this machine."""
    gone = set(map(composed, withheld))
    with table.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        columns = reader.fieldnames or ()
        if _TABLE_COLUMN not in columns:
            return
        rows = [
            row for row in reader if composed(str(row[_TABLE_COLUMN] or "").strip()) not in gone
        ]
    with whole_file(table) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
