"""Inputs of a drawn program: edges and values near its constants first, then random ones.

The inputs that show most are shown as examples; the others are the hidden tests.
"""

from collections.abc import Callable, Sequence
from random import Random

from tasks.families.draft import Domain, Draft
from tasks.schema import Example

MAX_RESULT = 10**12
"""Results stay below this, so that they are cheap to compute, to send and to read."""

EXAMPLES = (4, 6)
TESTS = (8, 10)
_EDGES = 9
_CANDIDATES = 24


def calls(draft: Draft, rng: Random) -> tuple[tuple[Example, ...], tuple[Example, ...]] | None:
    """Return examples and tests of a draft; None where its results don't tell anything.

    Raises whatever the program raises: a reference must not fail inside its domains.
    """
    edges, others = _candidates(draft, rng)
    function = compile_function(draft.reference, draft.name)
    shown = _run(function, edges), _run(function, others)
    results = [call.expected for group in shown for call in group]
    if len(results) < EXAMPLES[1] + TESTS[0] or len(set(results)) < 2:
        return None
    return _split(*shown, rng)


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


def _candidates(draft: Draft, rng: Random) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    domains = [domain for _, domain in draft.params]
    pools = [_special(domain, draft.constants) for domain in domains]
    seen: set[tuple[int, ...]] = set()
    edges, others = [], []
    for attempt in range(3 * _CANDIDATES):
        edge = attempt % 3 == 0
        args = tuple(
            rng.choice(pool) if edge or rng.random() < 0.2 else _uniform(domain, rng)
            for pool, domain in zip(pools, domains, strict=True)
        )
        if args in seen or (edge and len(edges) == _EDGES):
            continue
        seen.add(args)
        (edges if edge else others).append(args)
        if len(seen) == _CANDIDATES:
            break
    return edges, others


def _special(domain: Domain, constants: tuple[int, ...]) -> list[int]:
    """Return the ends of a domain, small numbers, and numbers near and at multiples of constants."""
    near = [value for c in constants for value in (c - 1, c, c + 1, 2 * c, 3 * c)]
    wanted = [domain.low, domain.low + 1, domain.high, 0, 1, 2, 10, *near]
    return sorted({value for value in wanted if domain.low <= value <= domain.high})


def _uniform(domain: Domain, rng: Random) -> int:
    if domain.high - domain.low > 1000:  # Large domains are drawn by length, as people do.
        return min(domain.high, max(domain.low, rng.randrange(10 ** rng.randint(1, 5))))
    return rng.randint(domain.low, domain.high)


def _split(
    edges: list[Example], others: list[Example], rng: Random
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Show a few calls with different results, one or two edges among them; hide the rest."""
    wanted = rng.randint(*EXAMPLES)
    queue = [*others[: wanted - 2], *edges[:2], *others[wanted - 2 :], *edges[2:]]
    results: set[object] = set()
    shown = []
    for call in queue:
        if len(shown) < wanted and call.expected not in results:
            results.add(call.expected)
            shown.append(call)
    for call in queue:
        if len(shown) < wanted and call not in shown:
            shown.append(call)
    hidden = [call for call in [*edges, *others] if call not in shown]
    rng.shuffle(shown)
    return tuple(shown), tuple(hidden[: rng.randint(*TESTS)])
