"""The short form of `python -m benchmarks.soak`, and that it notices what it is there to notice."""

from collections import Counter
from dataclasses import replace

from benchmarks.mix import programs
from benchmarks.soak import Report, busy, soak
from benchmarks.watch import Held
from sandbox.types import Verdict


def test_nothing_wrong_in_two_thousand_programs():
    report = soak(2000)
    assert report.complaints() == []
    assert sum(report.verdicts.values()) == 2000
    assert {*report.verdicts} >= {
        Verdict.PASSED, Verdict.WRONG_ANSWER, Verdict.RUNTIME_ERROR, Verdict.COMPILE_ERROR,
        Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT,
    }  # fmt: skip


def test_nothing_wrong_beside_busy_processes():
    report = soak(300, load=2)
    assert report.complaints() == []


def test_busy_processes_end():
    with busy(1):
        pass


def test_programs_are_the_same_for_a_seed():
    first, second = (
        [one.program for one in programs(200, "T1", seed)] for seed in (1, 1)
    )  # fmt: skip
    assert first == second
    assert first != [one.program for one in programs(200, "T1", 2)]


def test_complaints():
    fine = Report(samples=[{"jails": Held(100, 4)}] * 10, verdicts=Counter())
    assert fine.complaints() == []
    grown = [{"jails": Held(100, 4)}] * 9 + [{"jails": Held(10**9, 5)}]
    for change, words in (
        ({"wrong": ["x"]}, ["false verdict"]),
        ({"replaced": 1}, ["jails replaced"]),
        ({"strangers": {5}}, ["processes left in jails"]),
        ({"survivors": [5]}, ["processes left at the end"]),
        ({"samples": grown}, ["memory grew", "descriptors grew"]),
    ):
        found = replace(fine, **change).complaints()
        assert len(found) == len(words)
        assert all(word in line for word, line in zip(words, found, strict=True))
