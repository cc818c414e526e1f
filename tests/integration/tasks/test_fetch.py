"""Fetching data sets over real HTTP into a cache, with checksums."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks import datasets
from tasks.datasets import DatasetError

CONTENT = b'{"a": 1}\n'


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "set.jsonl").write_bytes(CONTENT)
    (folder / "set.jsonl.gz").write_bytes(gzip.compress(CONTENT))
    (folder / "broken.gz").write_bytes(gzip.compress(CONTENT)[:-4])

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(folder))
    return folder


def register(monkeypatch: pytest.MonkeyPatch, url: str, content: bytes = CONTENT) -> None:
    one = replace(
        datasets.DATASETS["mbpp"],
        name="own",
        url=url,
        path="own/set.jsonl",
        sha256=hashlib.sha256(content).hexdigest(),
    )
    monkeypatch.setitem(datasets.DATASETS, "own", one)


@pytest.mark.parametrize("name", ["set.jsonl", "set.jsonl.gz"])
def test_a_data_set_is_fetched_unpacked_and_checked(server, cache, monkeypatch, name):
    register(monkeypatch, f"{server}/{name}")
    path = datasets.fetch("own")
    assert path == cache / "own" / "set.jsonl"
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in path.parent.iterdir()] == ["set.jsonl"]


def test_what_is_in_the_cache_is_not_fetched_again(server, cache, monkeypatch):
    register(monkeypatch, f"{server}/set.jsonl")
    datasets.fetch("own")
    register(monkeypatch, "http://127.0.0.1:1/nobody-listens")
    assert datasets.fetch("own").read_bytes() == CONTENT


def test_another_checksum_is_refused_and_nothing_is_kept(server, cache, monkeypatch):
    register(monkeypatch, f"{server}/set.jsonl", content=b"something else")
    with pytest.raises(DatasetError, match="is not the official file: SHA-256"):
        datasets.fetch("own")
    assert not cache.exists()


def test_a_changed_file_in_the_cache_is_refused(server, cache, monkeypatch):
    register(monkeypatch, f"{server}/set.jsonl")
    datasets.fetch("own").write_bytes(b"changed")
    for call in (lambda: datasets.fetch("own"), lambda: datasets.load("own", "test")):
        with pytest.raises(DatasetError, match=r"set\.jsonl is not the official file.*remove it"):
            call()


@pytest.mark.parametrize("name", ["missing.jsonl", "broken.gz"])
def test_a_failed_download_is_one_line(server, cache, monkeypatch, name):
    register(monkeypatch, f"{server}/{name}")
    with pytest.raises(DatasetError, match="own can't be fetched from http") as caught:
        datasets.fetch("own")
    assert "\n" not in str(caught.value)
    assert not cache.exists()


def test_no_network_is_one_line(cache, monkeypatch):
    register(monkeypatch, "http://127.0.0.1:1/set.jsonl")
    with pytest.raises(DatasetError, match=r"own can't be fetched from .*refused"):
        datasets.fetch("own")


def test_a_cache_that_can_not_be_written_is_one_line(server, cache, monkeypatch):
    register(monkeypatch, f"{server}/set.jsonl")
    cache.write_text("a file where a folder should be")
    with pytest.raises(DatasetError, match=r"own can't be written to .*Not a directory"):
        datasets.fetch("own")


def test_mistakes_are_named(cache):
    with pytest.raises(DatasetError, match="no data set is called 'mbbp'; known: mbpp, humaneval"):
        datasets.fetch("mbbp")
    with pytest.raises(DatasetError, match="humaneval has no split 'train'; it has: test"):
        datasets.load("humaneval", "train")
    with pytest.raises(DatasetError, match=r"mbpp is not in .*; run: treewright data fetch mbpp"):
        datasets.load("mbpp", "test")


def test_the_cache_is_in_the_home_folder_unless_named(monkeypatch):
    monkeypatch.delenv(datasets.CACHE_VARIABLE, raising=False)
    assert datasets.cache_folder() == Path.home() / ".cache" / "treewright"
