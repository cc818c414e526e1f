"""Programs with known verdicts: ordinary ones of each kind, hostile ones among them."""

import math
import platform
import random
from collections.abc import Callable, Iterator
from itertools import cycle

from sandbox.types import Program, Test, Verdict
from tests.redteam.corpus_loader import Expected, Hostile, load

HOSTILE_SHARE = 0.02
_ARGUMENTS = 40

_GCD = "def f(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n"
_PRIMES = (
    "def f(a, b):\n    return [n for n in range(max(a, 2), a + b % 50)"
    " if all(n % d for d in range(2, int(n ** 0.5) + 1))]\n"
)
_WORDS = "import collections\ndef f(a, b):\n    return dict(collections.Counter(str(a ** 3 + b)))\n"
_SORT = (
    "class Item:\n    def __init__(self, key): self.key = key\n"
    "    def __lt__(self, other): return self.key < other.key\n"
    "def f(a, b):\n"
    "    return [item.key for item in sorted(Item(a * n % (b + 1)) for n in range(9))]\n"
)


def _primes(a: int, b: int) -> list[int]:
    return [n for n in range(max(a, 2), a + b % 50) if all(n % d for d in range(2, n))]


def _digits(a: int, b: int) -> dict[str, int]:
    text = str(a**3 + b)
    return {digit: text.count(digit) for digit in text}


_TASKS: tuple[tuple[str, Callable[[int, int], object]], ...] = (
    (_GCD, math.gcd),
    (_PRIMES, _primes),
    (_WORDS, _digits),
    (_SORT, lambda a, b: sorted(a * n % (b + 1) for n in range(9))),
)
_BREAKS: tuple[tuple[str, Verdict, str, bool], ...] = (
    ("raise ValueError(a)", Verdict.RUNTIME_ERROR, "ValueError", False),
    ("return 1 // 0", Verdict.RUNTIME_ERROR, "ZeroDivisionError", False),
    ("return f(b, a)", Verdict.RUNTIME_ERROR, "RecursionError", False),
    ("return (", Verdict.COMPILE_ERROR, "SyntaxError", False),
    ("import os; os._exit(0)", Verdict.RUNTIME_ERROR, "", False),
    ("import os; os.abort()", Verdict.RUNTIME_ERROR, "SIGABRT", False),
    ("import os; os.fork()", Verdict.RUNTIME_ERROR, "forbidden", True),
    ("return bytearray(2**40)", Verdict.MEMORY_LIMIT, "", False),
    ("return 'x' * 2**21", Verdict.OUTPUT_LIMIT, "", False),
)


def programs(count: int, tier: str, seed: int = 0) -> Iterator[Hostile]:
    """Yield them in an order that the seed fixes; each has a name of its own."""
    chance = random.Random(seed)
    corpus = [one for one in load("corpus") if one.fits(tier, platform.machine())]
    chance.shuffle(corpus)
    hostile = cycle(corpus)
    # As in training: the same tests come again, and the server's store of them is soon full.
    arguments = [
        [(chance.randrange(1, 200), chance.randrange(1, 200)) for _ in range(5)]
        for _ in range(_ARGUMENTS)
    ]
    for number in range(count):
        if chance.random() < HOSTILE_SHARE:
            yield next(hostile)
        else:
            yield _ordinary(f"{number}", chance.choice(arguments), chance)


def _ordinary(name: str, pairs: list[tuple[int, int]], chance: random.Random) -> Hostile:
    source, answer = chance.choice(_TASKS)
    tests = [Test(pair, answer(*pair)) for pair in pairs]
    kind = chance.random()
    if kind < 0.75:
        return _known(name, source, tests, Verdict.PASSED)
    if kind < 0.85:
        tests[chance.randrange(5)] = Test(pairs[0], [answer(*pairs[0]), "x"])
        return _known(name, source, tests, Verdict.WRONG_ANSWER)
    body, verdict, detail, violation = chance.choice(_BREAKS)
    return _known(name, f"def f(a, b):\n    {body}\n", tests, verdict, detail, violation)


def _known(
    name: str,
    source: str,
    tests: list[Test],
    verdict: Verdict,
    detail: str = "",
    violation: bool = False,
) -> Hostile:
    program = Program(name, source, "f", tuple(tests))
    return Hostile(name, program, (Expected(verdict, detail),), violation, None, (), "")
