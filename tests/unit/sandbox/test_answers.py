import time

from sandbox.answers import MOST_ANSWERS, MOST_BYTES, MOST_SECONDS, Answers


def test_answers_are_found_by_client_and_batch():
    held = Answers()
    held.keep(("a", 1), b"one")
    assert held.find(("a", 1)) == b"one"
    assert held.find(("a", 2)) is None
    assert held.find(("b", 1)) is None


def test_the_oldest_go_where_there_are_too_many():
    held = Answers()
    for number in range(MOST_ANSWERS + 5):
        held.keep(("a", number), b"x")
    assert [held.find(("a", number)) for number in (4, 5)] == [None, b"x"]


def test_the_oldest_go_where_they_are_too_large():
    held = Answers()
    for number in range(3):
        held.keep(("a", number), bytes(MOST_BYTES // 2))
    assert held.find(("a", 0)) is None
    assert held.find(("a", 2)) is not None
    held.keep(("a", 3), bytes(MOST_BYTES + 1))
    assert all(held.find(("a", number)) is None for number in range(4))


def test_keeping_one_again_counts_it_once():
    held = Answers()
    for _ in range(5):
        held.keep(("a", 1), bytes(MOST_BYTES // 2))
    held.keep(("a", 2), bytes(MOST_BYTES // 2))
    assert held.find(("a", 1)) is not None


def test_old_ones_are_not_given_and_go(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    held = Answers()
    held.keep(("a", 1), b"x")
    now[0] += MOST_SECONDS + 1
    assert held.find(("a", 1)) is None
    held.keep(("a", 2), b"y")
    now[0] -= MOST_SECONDS
    assert held.find(("a", 1)) is None
