"""Programs that break: in the compiler, in the interpreter, in the process, in what they return."""

import pytest

from sandbox.types import Verdict


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000 + ")" * 5000,
        "x = " + "-" * 200_000 + "1",
        "x = " + "[" * 100 + "]" * 99,
        "x = 1\0\n",
        "# coding: no-such-codec\nx = 1",
        "def f(x: return 4",
        "x = 0777",
        "return 4",
        "a" * 10 + " = " + "a." * 50_000 + "a",
        "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 150)) + " " * 150 + "pass",
    ],
    ids=[
        "parentheses",
        "minus",
        "unclosed",
        "nul",
        "cookie",
        "syntax",
        "octal",
        "return",
        "attributes",
        "indents",
    ],
)
def test_source_that_does_not_compile(run, source):
    result = run(source)
    assert result.verdict is Verdict.COMPILE_ERROR, result
    assert not result.security_violation
    assert result.tests[0].verdict is Verdict.COMPILE_ERROR


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("os.abort()", "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("ctypes.string_at(0)", "SIGSEGV"),
        ("os._exit(3)", "exit status 3"),
    ],
)
def test_end_of_the_process(run, body, detail):
    result = run(f"import ctypes, os, signal\ndef f(x): {body}")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.detail == detail
    assert not result.security_violation


def test_deep_recursion(run):
    result = run("def f(x): return f(x) + 1")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.detail.startswith("RecursionError")


def test_deep_recursion_in_c(run):
    source = """
import sys
sys.setrecursionlimit(10**9)
class A:
    def __repr__(self): return repr(self)
def f(x): return repr(A())
"""
    assert run(source).verdict in (Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT)


def test_return_nested_deep(run):
    source = "def f(x):\n    held = []\n    for _ in range(100_000): held = [held]\n    return held"
    result = run(source)
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert "nested" in result.detail


def test_return_of_itself(run):
    result = run("def f(x):\n    held = []\n    held.append(held)\n    return held")
    assert result.verdict is Verdict.RUNTIME_ERROR


@pytest.mark.parametrize(
    "value", ["(i for i in [4])", "object()", "f", "iter([4])", "range(4)", "bytearray(b'4')"]
)
def test_return_without_canonical_form(run, value):
    result = run(f"def f(x): return {value}")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert "returned a value of type" in result.detail


def test_missing_entry_point(run):
    result = run("def g(x): return 4")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert "defines no f" in result.detail


def test_entry_point_that_is_no_function(run):
    assert run("f = 4").verdict is Verdict.RUNTIME_ERROR


def test_missing_module(run):
    result = run("import numpy\ndef f(x): return 4")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.detail.startswith("ModuleNotFoundError")


def test_reading_standard_input(run):
    result = run("def f(x): return int(input())")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.detail.startswith("EOFError")


def test_exception_that_can_not_be_described(run):
    source = """
class Bad(Exception):
    def __str__(self): raise Bad
def f(x): raise Bad
"""
    result = run(source)
    assert result.verdict is Verdict.RUNTIME_ERROR


def test_exception_with_a_huge_message(run):
    result = run("def f(x): raise ValueError('x' * 10**7)")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert len(result.detail) < 1000


def test_raising_memory_error_does_not_reach_the_next_program(run):
    assert run("def f(x): raise MemoryError").verdict is Verdict.MEMORY_LIMIT
