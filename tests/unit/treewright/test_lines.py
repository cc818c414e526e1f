"""Lines as they come through a pipe, however they were cut."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treewright.lines import Line, Lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    os.close(read)


@given(
    texts=st.lists(st.binary(max_size=5).map(lambda text: text.replace(b"\n", b" ")), max_size=8),
    size=st.integers(1, 30),
    most=st.integers(1, 3),
    ended=st.booleans(),
)
def test_every_line_comes_once_in_order_with_its_number(texts, size, most, ended):
    read, write = os.pipe()
    sent = b"\n".join(texts) + b"\n" * ended
    lines = Lines(read)
    taken: list[Line] = []
    for start in range(0, len(sent), size):
        os.write(write, sent[start : start + size])
        # Only where a line is there: else it would wait for ever.
        whole = [text for text in sent[: start + size].split(b"\n")[:-1] if text.strip()]
        while len(taken) < len(whole):
            batch = lines.take(most)
            assert 1 <= len(batch) <= most
            taken += batch
    os.close(write)
    while batch := lines.take(most):
        taken += batch
    os.close(read)
    numbered = enumerate(texts, start=1)
    assert taken == [Line(number, text) for number, text in numbered if text.strip()]


def test_what_is_there_is_taken_without_waiting_for_more(pipe):
    read, write = pipe
    lines = Lines(read)
    os.write(write, b"a\nb\nc")
    assert [line.text for line in lines.take(8)] == [b"a", b"b"]
    os.write(write, b"c\n\nd\n")
    assert lines.take(1) == [Line(3, b"cc")]
    assert lines.take(1) == [Line(5, b"d")]
    os.close(write)
    assert lines.take(1) == []


def test_a_long_line_is_read_whole(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(b"x" * 200_000 + b"\ny")
    descriptor = os.open(path, os.O_RDONLY)
    taken = Lines(descriptor).take(5)
    os.close(descriptor)
    assert [len(line.text) for line in taken] == [200_000, 1]
