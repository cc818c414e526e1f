"""Public benchmarks: where they come from, the local cache, and their official splits as tasks.

The cache is the folder that the environment variable TREEWRIGHT_DATA names, else
~/.cache/treewright. `fetch` downloads into it from the official source; what is there already and
has the right checksum is used as it is.

    DatasetError(ValueError)    one line: what is missing or wrong, and what to do
"""

import gzip
import hashlib
import os
import urllib.request
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

from tasks import atomic
from tasks.adapters import humaneval, mbpp
from tasks.schema import Task

CACHE_VARIABLE = "TREEWRIGHT_DATA"
TIMEOUT_SECONDS = 60.0
MAX_BYTES = 64 * 2**20


class DatasetError(ValueError):
    """A data set that can't be had, in one line."""


@dataclass(frozen=True)
class Dataset:
    """One benchmark. `sha256` is that of the unpacked file, `path` its place in the cache."""

    name: str
    license: str
    url: str
    sha256: str
    path: str
    splits: tuple[str, ...]
    read: Callable[[Path, Collection[str]], Iterator[Task]]


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="mbpp",
            license=mbpp.LICENSE,
            url="https://raw.githubusercontent.com/google-research/google-research/master/mbpp/mbpp.jsonl",
            sha256="ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f",
            path="mbpp/mbpp.jsonl",
            splits=tuple(mbpp.SPLITS),
            read=mbpp.read,
        ),
        Dataset(
            name="humaneval",
            license=humaneval.LICENSE,
            url="https://raw.githubusercontent.com/openai/human-eval/6d43fb980f9fee3c892a914eda09951f772ad10d/data/HumanEval.jsonl.gz",
            sha256="1d49078ba3e2b196b9344535bef34a43021f038fad9561d6ee7c53450609a6a2",
            path="humaneval/HumanEval.jsonl",
            splits=("test",),
            read=humaneval.read,
        ),
    )
}


def cache_folder() -> Path:
    """Return the folder that holds the data sets."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "treewright"


def find(name: str) -> Dataset:
    """Return a data set by name. Raises DatasetError that lists the known ones."""
    if name not in DATASETS:
        raise DatasetError(f"no data set is called {name!r}; known: {', '.join(DATASETS)}")
    return DATASETS[name]


def load(name: str, *splits: str) -> list[Task]:
    """Return the tasks of some official splits, in the source's order.

    Raises:
        DatasetError: no such data set or split, or the file is absent or not the official one.

    """
    dataset = find(name)
    for split in splits:
        if split not in dataset.splits:
            raise DatasetError(
                f"{name} has no split {split!r}; it has: {', '.join(dataset.splits)}"
            )
    path = cache_folder() / dataset.path
    if not path.is_file():
        raise DatasetError(f"{name} is not in {cache_folder()}; run: treewright data fetch {name}")
    _check(dataset, path.read_bytes(), str(path))
    return list(dataset.read(path, splits))


def fetch(name: str) -> Path:
    """Make sure that a data set is in the cache and return its path.

    The file appears whole or not at all. Raises DatasetError: no such data set, no network, another
    checksum, or a folder that can't be written.
    """
    dataset = find(name)
    path = cache_folder() / dataset.path
    if path.is_file():
        _check(dataset, path.read_bytes(), str(path))
        return path
    content = _download(dataset)
    _check(dataset, content, dataset.url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(path, content)
    except OSError as error:
        raise DatasetError(f"{name} can't be written to {path}: {error.strerror}") from None
    return path


def _download(dataset: Dataset) -> bytes:
    try:
        with urllib.request.urlopen(dataset.url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            content: bytes = response.read(MAX_BYTES)
        return gzip.decompress(content) if dataset.url.endswith(".gz") else content
    except (URLError, OSError, EOFError) as error:
        if isinstance(error, HTTPError):
            error.close()
        reason = getattr(error, "reason", None) or error
        raise DatasetError(
            f"{dataset.name} can't be fetched from {dataset.url}: {reason}"
        ) from None


def _check(dataset: Dataset, content: bytes, where: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != dataset.sha256:
        raise DatasetError(
            f"{dataset.name} from {where} is not the official file: SHA-256 {found[:16]}…, "
            f"expected {dataset.sha256[:16]}…; remove it and fetch it again"
        )
