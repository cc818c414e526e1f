"""Inputs of a drawn program: edges and values near its constants first, then random ones.

The inputs that show most are shown as examples; the others are the hidden tests.
"""

from collections.abc import Callable, Iterable, Sequence
from random import Random

from tasks.families.draft import Domain, Draft
from tasks.schema import Example

MAX_RESULT = 10**12
"""Results stay below this, so that they are cheap to compute, to send and to read."""

EXAMPLES = (4, 6)
TESTS = (8, 10)
_EDGES = 7
_OTHERS = 11
_RARE = 5
_MORE = 100
_BORDERS = 3

Case = Callable[[Example], object]


def calls(draft: Draft, rng: Random) -> tuple[tuple[Example, ...], tuple[Example, ...]] | None:
    """Return examples and tests of a draft; None where there are too few, or all alike.

    Raises whatever the program raises: a reference must not fail inside its domains.
    """
    function = compile_function(draft.reference, draft.name)
    case = _case_function(draft)
    source = _Inputs(draft, rng)
    found = _run(function, source.take(_EDGES, edge=True))
    found += _run(function, source.take(_EDGES + _OTHERS - len(found), edge=False))
    if len(found) < EXAMPLES[0] + TESTS[0]:
        return None
    cases = [case(call) for call in found]
    usual = max(cases, key=cases.count)
    rare = [call for call, kind in zip(found, cases, strict=True) if kind != usual]
    common = [call for call, kind in zip(found, cases, strict=True) if kind == usual]
    if len(rare) < _RARE:
        more = _run(function, source.take(_MORE, edge=False))
        rare += [call for call in more if case(call) != usual][: _RARE - len(rare)]
    results = {call.expected for call in found + rare}
    if not rare or len(results) < 2:
        return None
    rng.shuffle(rare)
    borders = []
    if draft.case or 2 * len(results) <= len(found):
        borders = _borders(zip(rare[:_BORDERS], common, strict=False), function, case)
    return _split(borders, rare, common, rng)


def _case_function(draft: Draft) -> Case:
    """Return what tells the cases of a draft apart: its own expression, else the result."""
    if not draft.case:
        return lambda call: call.expected
    names = ", ".join(name for name, _ in draft.params)
    case = compile_function(f"def case({names}):\n    return {draft.case}", "case")
    return lambda call: case(*call.args)


def _borders(
    pairs: Iterable[tuple[Example, Example]], function: Callable[..., object], case: Case
) -> list[Example]:
    """Return neighbours that differ by one in one argument and fall into different cases.

    They tell `<` from `<=`, and a threshold from the next one.
    """
    found: list[Example] = []
    for start, end in pairs:
        for i in range(len(start.args)):
            args = (*start.args[:i], end.args[i], *start.args[i + 1 :])
            step = Example(args, function(*args))
            if case(step) != case(start):
                near = _narrow(start, step, i, function, case)
                found += [call for call in near if call not in found and _is_small(call.expected)]
                break
            start = step
    return found


def _narrow(
    start: Example, end: Example, i: int, function: Callable[..., object], case: Case
) -> tuple[Example, Example]:
    """Bisect argument `i` between two calls of different cases."""
    near, far = start.args[i], end.args[i]
    assert isinstance(near, int)
    assert isinstance(far, int)
    while abs(near - far) > 1:
        middle = (near + far) // 2
        args = (*start.args[:i], middle, *start.args[i + 1 :])
        call = Example(args, function(*args))
        if case(call) == case(start):
            start, near = call, middle
        else:
            end, far = call, middle
    return start, end


def compile_function(source: str, name: str) -> Callable[..., object]:
    """Return the function that a reference of ours defines."""
    namespace: dict[str, object] = {}
    exec(source, namespace)  # noqa: S102 (programs of our own families, never a policy's)
    function = namespace[name]
    if not callable(function):
        raise TypeError(f"{name} is not a function")
    return function


def _run(function: Callable[..., object], args: Sequence[tuple[int, ...]]) -> list[Example]:
    found = [Example(arg, function(*arg)) for arg in args]
    return [call for call in found if _is_small(call.expected)]


def _is_small(value: object) -> bool:
    return not isinstance(value, int | float) or abs(value) <= MAX_RESULT


class _Inputs:
    """Draws arguments of a draft, never the same twice."""

    def __init__(self, draft: Draft, rng: Random) -> None:
        self._rng = rng
        self._domains = [domain for _, domain in draft.params]
        self._special = [_special(domain, draft.constants) for domain in self._domains]
        self._seen: set[tuple[int, ...]] = set()

    def take(self, count: int, *, edge: bool) -> list[tuple[int, ...]]:
        """Return at most `count` new inputs, fewer where the domains are exhausted."""
        found = []
        for _ in range(3 * count):
            args = tuple([self._value(i, edge) for i in range(len(self._domains))])
            if args not in self._seen:
                self._seen.add(args)
                found.append(args)
                if len(found) == count:
                    break
        return found

    def _value(self, i: int, edge: bool) -> int:
        domain, special = self._domains[i], self._special[i]
        if edge or self._rng.random() < 0.2:
            return special[int(self._rng.random() * len(special))]
        if domain.high - domain.low > 1000:  # Large domains are drawn by length, as people do.
            return min(domain.high, max(domain.low, int(10 ** (5 * self._rng.random()))))
        return domain.low + int(self._rng.random() * (domain.high - domain.low + 1))


def _special(domain: Domain, constants: tuple[int, ...]) -> list[int]:
    """Return the ends of a domain, small numbers, and numbers near constants."""
    near = [value for c in constants for value in (c - 1, c, c + 1, 2 * c, 3 * c)]
    wanted = [domain.low, domain.low + 1, domain.high, 0, 1, 2, 10, *near]
    return sorted({value for value in wanted if domain.low <= value <= domain.high})


def _split(
    borders: list[Example], rare: list[Example], common: list[Example], rng: Random
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Show a few calls with different results, two of a border or of rare cases among them."""
    first, later = borders[:2], borders[2:]
    taken = {call.args for call in borders}
    rare = [call for call in rare if call.args not in taken]
    common = [call for call in common if call.args not in taken]
    wanted = min(rng.randint(*EXAMPLES), len(rare) + len(common) + len(borders) - TESTS[0])
    half = wanted // 2
    queue = [*first, *rare[:2], *common[:half], *rare[2:], *common[half:], *later]
    results: set[object] = set()
    new: list[Example] = []
    old: list[Example] = []
    for call in queue:
        (old if call.expected in results else new).append(call)
        results.add(call.expected)
    order = new + old
    shown = order[:wanted]
    # Borders first, so that none of them is cut off.
    hidden = sorted(order[wanted:], key=lambda call: call.args not in taken)[: rng.randint(*TESTS)]
    rng.shuffle(shown)
    rng.shuffle(hidden)
    return tuple(shown), tuple(hidden)
