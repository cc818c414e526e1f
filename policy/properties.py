"""Cheap yes/no relations between the inputs and the output of examples.

As in BUSTLE's property signatures (arXiv:2007.14381): each relation is asked of every example, and
the answer over all of them is yes, no, mixed or not applicable. Whether the output rises or falls
with an argument is asked of every two examples.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from tasks.schema import Example

Relation = Callable[..., bool]
# Past these sizes a relation costs more than it tells.
_MAX_LENGTH = 1_000
_MAX_NUMBER = 10**30


def _sized(value: Any) -> Any:
    if not isinstance(value, str | list | tuple | set | dict):
        raise TypeError
    return value


def _sequence(value: Any) -> Any:
    if not isinstance(value, str | list | tuple):
        raise TypeError
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _ordered(value: Any) -> bool:
    return all(a <= b for a, b in pairwise(value))


_ONE: tuple[Relation, ...] = (
    lambda x: x is True,
    lambda x: _number(x) == 0,
    lambda x: _number(x) > 0,
    lambda x: _number(x) == 1,
    lambda x: _integer(x) % 2 == 0,
    lambda x: _integer(x) % 3 == 0,
    lambda x: len(_sized(x)) == 0,
    lambda x: len(_sized(x)) == 1,
    lambda x: _ordered(_sequence(x)),
    lambda x: _ordered(_sequence(x)[::-1]),
    lambda x: _sequence(x) == x[::-1],
    lambda x: len(set(_sequence(x))) == len(x),
    lambda x: all(_number(i) > 0 for i in x),
    lambda x: all(_integer(i) % 2 == 0 for i in x),
    lambda x: _text(x).isalpha(),
    lambda x: _text(x).isdigit(),
    lambda x: _text(x) == x.lower(),
    lambda x: _text(x) == x.upper(),
    lambda x: " " in _text(x),
)
_TWO: tuple[Relation, ...] = (  # (argument, output)
    lambda a, o: type(a) is type(o) and a == o,
    lambda a, o: _number(o) == -_number(a),
    lambda a, o: _number(o) > _number(a),
    lambda a, o: _number(o) == _number(a) + 1,
    lambda a, o: _number(o) == _number(a) - 1,
    lambda a, o: _number(o) == 2 * _number(a),
    lambda a, o: _number(o) == _number(a) ** 2,
    lambda a, o: _number(o) > _number(a) ** 2,
    lambda a, o: _number(o) == _number(a) // 2,
    lambda a, o: abs(_number(o)) < abs(_number(a)),
    lambda a, o: _integer(o) % 2 == _integer(a) % 2,
    lambda a, o: _integer(o) % _integer(a) == 0,
    lambda a, o: _integer(a) % _integer(o) == 0,
    lambda a, o: o is (_integer(a) % 2 == 0),
    lambda a, o: o is (_number(a) > 0),
    lambda a, o: _number(o) == _number(a) * (a + 1) // 2,
    lambda a, o: _integer(o) == len(str(abs(_integer(a)))),
    lambda a, o: _integer(o) == sum(map(int, str(abs(_integer(a))))),
    lambda a, o: len(_sized(a)) == _integer(o),
    lambda a, o: len(_sized(a)) > _integer(o),
    lambda a, o: len(_sized(a)) == len(_sized(o)),
    lambda a, o: len(_sized(a)) > len(_sized(o)),
    lambda a, o: sorted(_sequence(a)) == list(_sequence(o)),
    lambda a, o: sorted(_sequence(a), reverse=True) == list(_sequence(o)),
    lambda a, o: sorted(_sequence(a)) == sorted(_sequence(o)),
    lambda a, o: _sequence(a)[::-1] == o,
    lambda a, o: set(_sequence(o)) <= set(_sequence(a)),
    lambda a, o: set(_sequence(o)) == set(_sequence(a)),
    lambda a, o: _sequence(a)[: len(_sequence(o))] == o,
    lambda a, o: a[len(a) - len(_sequence(o)) :] == o,
    lambda a, o: o[: len(_sequence(a))] == a,
    lambda a, o: o in a,
    lambda a, o: o == _sequence(a)[0],
    lambda a, o: o == _sequence(a)[-1],
    lambda a, o: bool(_number(o) == sum(a)),
    lambda a, o: bool(o == max(_sequence(a))),
    lambda a, o: bool(o == min(_sequence(a))),
    lambda a, o: bool(_number(o) == math.prod(a)),
    lambda a, o: _integer(o) == len(set(a)),
    lambda a, o: _text(o).lower() == _text(a).lower(),
    lambda a, o: all(_number(y) > _number(x) for x, y in zip(a, o, strict=True)),
)
_THREE: tuple[Relation, ...] = (  # (argument, later argument, output)
    lambda a, b, o: bool(_number(o) == _number(a) + b),
    lambda a, b, o: bool(_number(o) == _number(a) - b),
    lambda a, b, o: bool(_number(o) == _number(a) * _number(b)),
    lambda a, b, o: bool(_number(o) == _number(a) // b),
    lambda a, b, o: bool(_number(o) == _number(a) % b),
    lambda a, b, o: bool(_number(o) == math.pow(_number(a), _number(b))),
    lambda a, b, o: _integer(o) == math.gcd(_integer(a), _integer(b)),
    lambda a, b, o: bool(_number(o) == max(a, b)),
    lambda a, b, o: bool(_number(o) == min(a, b)),
    lambda a, b, o: _number(o) == abs(_number(a) - _number(b)),
    lambda a, b, o: o is bool(a < b),
    lambda a, b, o: o is bool(a == b),
    lambda a, b, o: o is bool(_integer(a) % _integer(b) == 0),
    lambda a, b, o: o is (b in a),
    lambda a, b, o: bool(o == _sequence(a)[_integer(b)]),
    lambda a, b, o: _integer(o) == _sequence(a).count(b),
    lambda a, b, o: _integer(o) == a.index(b),
    lambda a, b, o: bool(_sequence(o) == _sequence(a) + b),
    lambda a, b, o: bool(o == _sequence(a)[: _integer(b)]),
    lambda a, b, o: bool(o == _sequence(a)[_integer(b) :]),
    lambda a, b, o: len(_sequence(o)) == len(a) * _integer(b) and o == a * b,
)
_ORDERS = 2  # the output rises, the output falls
WIDTH = 2 * (2 * len(_ONE) + len(_TWO) + _ORDERS + len(_THREE))
"""Features of a property token: (some yes, some no) of each relation."""
SLOTS = ((0,), (1,), (2,), (0, 1), (1, 2), (0, 2))
"""The argument or the pair of arguments that each property token is about."""
_FAILURES = (
    ArithmeticError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


def _answers(relations: Sequence[Relation], rows: Sequence[tuple[object, ...]]) -> list[float]:
    features: list[float] = []
    for relation in relations:
        yes = no = 0.0
        for row in rows:
            try:
                answer = relation(*row)
            except _FAILURES:
                continue
            yes, no = (1.0, no) if answer else (yes, 1.0)
        features += (yes, no)
    return features


def _measure(value: Any) -> tuple[bool, float]:
    """Say whether a value is compared by its length, and give what is compared."""
    if isinstance(value, int | float):
        return False, value
    return True, len(_sized(value))


def _spans(rows: Sequence[tuple[object, ...]]) -> list[tuple[float, float]]:
    """Give the least and the largest output of each argument, in the order of the arguments.

    None at all where lengths and numbers are mixed: no order holds both.
    """
    found: dict[float, tuple[float, float]] = {}
    kinds = set()
    for row in rows:
        try:
            (long_argument, argument), (long_output, output) = map(_measure, row)
        except TypeError:
            continue
        kinds.add((long_argument, long_output))
        least, largest = found.get(argument, (output, output))
        found[argument] = min(least, output), max(largest, output)
    return [found[argument] for argument in sorted(found)] if len(kinds) == 1 else []


def _orders(rows: Sequence[tuple[object, ...]]) -> list[float]:
    """Ask of every two examples whether the output rises, and whether it falls, with the argument.

    Two with equal arguments are in no order and say nothing, so fewer than two arguments leave all
    unknown. "Falls: no" is an output that never falls, "rises: yes" one that always rises. Were
    there no such pair among neighbours there would be none at all, so neighbours are enough.
    """
    rises = not_rises = falls = not_falls = False
    for (least, largest), (next_least, next_largest) in pairwise(_spans(rows)):
        rises |= least < next_largest
        not_rises |= largest >= next_least
        falls |= largest > next_least
        not_falls |= least <= next_largest
    return [float(answer) for answer in (rises, not_rises, falls, not_falls)]


def _cheap(value: object) -> bool:
    if isinstance(value, int | float):
        return abs(value) < _MAX_NUMBER
    return not isinstance(value, str | list | tuple | set | dict) or len(value) < _MAX_LENGTH


def features(examples: Sequence[Example], arguments: tuple[int, ...]) -> list[float] | None:
    """Give WIDTH features that relate one or two arguments to the output.

    None where no example has these arguments in a size that is cheap to look at.
    """
    rows = [
        (*(example.args[index] for index in arguments), example.expected)
        for example in examples
        if max(arguments) < len(example.args)
    ]
    rows = [row for row in rows if all(map(_cheap, row))]
    if not rows:
        return None
    if len(arguments) == 2:
        found = _answers(_THREE, rows)
        return [0.0] * (WIDTH - len(found)) + found
    found = _answers(_ONE, [row[:1] for row in rows])
    found += _answers(_ONE, [row[1:] for row in rows])
    found += _answers(_TWO, rows)
    found += _orders(rows)
    return found + [0.0] * (WIDTH - len(found))
