"""A task from a typed signature and examples."""

import pytest

from tasks import Example, Param, Signature, TaskError, synth


def test_signature_and_examples_make_a_task():
    task = synth.from_text("f(n: int) -> int", ["4 -> 10", " 5->15 "], description="Sum up to n.")
    assert task.entry_point == "f"
    assert task.signature == Signature((Param("n", "int"),), "int")
    assert task.examples == task.tests == (Example((4,), 10), Example((5,), 15))
    assert task.description == "Sum up to n."


@pytest.mark.parametrize(
    ("signature", "example", "wanted"),
    [
        ("f(a: int, b: int) -> int", "(1, 2) -> 3", Example((1, 2), 3)),
        ("f(a: int, b: int) -> int", "1, 2 -> 3", Example((1, 2), 3)),
        ("f(a: tuple[int, int]) -> int", "(1, 2) -> 3", Example(((1, 2),), 3)),
        ("f() -> int", "() -> 3", Example((), 3)),
        ("f(s: str) -> str", "'a->b' -> 'b->a'", Example(("a->b",), "b->a")),
        ("def f(xs: list[int]) -> list[int]:", "[3, -1] -> [-1, 3]", Example(([3, -1],), [-1, 3])),
        ("f(x: int | None) -> bool", "None -> True", Example((None,), True)),
        ("f(x: float) -> float", "1 -> 0.5", Example((1,), 0.5)),
    ],
)
def test_examples_are_read_by_the_signature(signature, example, wanted):
    assert synth.from_text(signature, [example]).examples == (wanted,)


@pytest.mark.parametrize(
    ("signature", "examples", "reason"),
    [
        ("f(n: int -> int", ["4 -> 10"], "signature: can't read 'f(n: int -> int'"),
        ("f(n: int)", ["4 -> 10"], "signature: 'f(n: int)' has no return type"),
        ("f(n) -> int", ["4 -> 10"], "signature: parameter 'n' has no type"),
        ("f(n: int = 1) -> int", ["4 -> 10"], "signature: only plain parameters"),
        ("f(*n: int) -> int", ["4 -> 10"], "signature: only plain parameters"),
        ("f(n: number) -> int", ["4 -> 10"], "signature.params[0].type: unknown type 'number'"),
        ("f(n: int) -> int: pass\ndef g() -> int", ["4 -> 10"], "signature: can't read"),
        ("f(n: int) -> int", [], "examples: give at least one"),
        ("f(n: int) -> int", ["4 10"], "example: can't read '4 10'"),
        ("f(n: int) -> int", ["4 -> x"], "example: can't read '4 -> x'"),
        ("f(n: int) -> int", ["__import__('os') -> 1"], "example: can't read"),
        ("f(a: int, b: int) -> int", ["4 -> 10"], "example: '4 -> 10' needs 2 arguments"),
        ("f(n: int) -> int", ["'a' -> 10"], "examples[0].args[0]: declared int"),
        ("f(n: int) -> int", ["4 -> 10", "5 -> 'b'"], "examples[1].expected: declared int"),
    ],
)
def test_what_can_not_be_read_is_one_clear_line(signature, examples, reason):
    with pytest.raises(TaskError) as caught:
        synth.from_text(signature, examples)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)
