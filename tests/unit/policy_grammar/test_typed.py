"""Typed holes: sound for real programs, and worth something in random ones."""

import ast

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.grammar import GRAMMAR, PROFILES, Automaton, Names, Root, RowContext, codec
from policy.grammar.untrained import CONTEXT, draw, why_not
from policy.grammar.value_types import ATOMS, Type, join, of_parameter, of_result

CPU = torch.device("cpu")
NAMES = Names(("n", "xs"), "solve", (7, "a"))
ROW = RowContext(
    num_params=2,
    num_literals=2,
    literal_types=("int", "str"),
    param_types=("int", "list[int]"),
    return_type="int",
)
TYPED = sorted(name for name, profile in PROFILES.items() if profile.typed)


def refused_at(lines: tuple[str, ...], row: RowContext = ROW, profile: str = "core_typed") -> str:
    """The first action that the masks refuse, '' where the program is legal."""
    source = "def solve(n, xs):\n" + "".join(f"    {line}\n" for line in lines)
    actions = codec.encode(ast.parse(source), NAMES, Root.BODY)
    trace = Automaton(PROFILES[profile], [row], 300, Root.BODY, CPU).replay(
        torch.tensor([actions]), torch.tensor([len(actions)])
    )
    for position, action in enumerate(actions):
        if not trace.mask[0, position, action]:
            return GRAMMAR.action_name(action)
    assert trace.legal[0]
    return ""


@pytest.mark.parametrize(
    "lines",
    [
        ("return n * (n + 1) // 2",),
        (
            "v0 = None",
            "for v1 in xs:",
            "    if v0 is None or v1 > v0:",
            "        v0 = v1",
            "return v0",
        ),
        ("v0 = 0", "for v1 in xs:", "    v0 += v1 / 2", "return int(v0)"),
        ("v0 = xs[0]", "v0 = str(v0)", "return len(v0.strip())"),
        ("if n < 0:", "    return 'none'", "return n"),
        ("v0 = 'a'", "if n:", "    v0 = [n]", "return v0[0] + 1"),
        ("return sum(map(abs, xs)) + max(*xs) + min(xs, default=0)",),
        ("return n and len(xs)",),
        ("for v0, v1 in enumerate(xs):", "    if v1 > v0:", "        return v0", "return -1"),
        ("return max([v0 * 2 for v0 in xs if v0 % 2 == 0] + [n])",),
        ("v0 = {}", "for v1 in xs:", "    v0[v1] = v0.get(v1, 0) + 1", "return v0[n]"),
        ("xs += (n,)", "xs *= 2", "return len(xs[::-1])"),
        ("def v0(v1):", "    return 'a' + v1", "return len(v0('b'))"),
        ("return len('%d of %s' % (n, xs)) + len(f'{n:03d}')",),
        ("return int(isinstance(n, int)) + (not n)",),
        ("return sum((v0 < v1 for v0, v1 in zip(xs, xs[1:])))",),
        ("return dict.fromkeys(xs, 0)[n] + len(str.upper('a'))",),
        ("v0 = set(xs) | {n}", "v0 -= {1}", "return len(sorted(v0, key=abs))"),
        ("v0 = print", "v0(n)", "return divmod(*xs)[0] if xs else n"),
    ],
)
def test_programs_that_run_are_legal(lines: tuple[str, ...]) -> None:
    assert refused_at(lines) == ""


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (("return 'a'",), "LIT_1"),
        (("return xs",), "PARAM_1"),
        (("return n + 'a'",), "LIT_1"),
        (("return n + xs",), "PARAM_1"),
        (("return len(n)",), "PARAM_0"),
        (("return len(xs, xs)",), "len"),
        (("return n[0]",), "PARAM_0"),
        (("return n.strip()",), "PARAM_0"),
        (("return sorted(xs)",), "sorted"),
        (("v0 = len(xs)", "return v0[0]"), "LOCAL_0"),
        (("for v0 in xs:", "    v0.append(n)", "return n"), "LOCAL_0"),
        (("for v0 in range(n):", "    n += len(v0)", "return n"), "LOCAL_0"),
        (("v0 = 'a'", "return v0"), "LOCAL_0"),
        (("return -[n]",), "List[1]"),
        (("return abs('a')",), "LIT_1"),
        (("return n if n < xs else 0",), "PARAM_1"),
        (("return {xs: n}[n]",), "PARAM_1"),
        (("for v0 in n:", "    pass", "return n"), "PARAM_0"),
        (("return n()",), "PARAM_0"),
        (("n += 'a'", "return n"), "LIT_1"),
        (("v0, v1 = 7", "return v0"), "Tuple[2]"),
        (("return abs - n",), "abs"),
        (("return ... + n",), "..."),
    ],
)
def test_what_must_raise_a_type_error_is_refused(lines: tuple[str, ...], refused: str) -> None:
    assert refused_at(lines) == refused
    assert refused_at(lines, profile="core") == ""


def test_without_types_nothing_is_refused_for_its_names() -> None:
    assert refused_at(("return n + xs",), RowContext(num_params=2)) == ""
    row = RowContext(num_params=2, param_types=("bad type", "int | None"), return_type="Any")
    assert refused_at(("return n.strip() if xs is None else xs",), row) == ""


def _misuses_a_value(source: str) -> bool:
    space: dict[str, object] = {}
    try:
        exec(compile(source, "<drawn>", "exec"), space)
        space["solve"](3, [4, 1, 2])  # type: ignore[operator]
    except (TypeError, AttributeError):
        return True
    except (ArithmeticError, LookupError, NameError, ValueError):
        return False
    return False


def _expressions(profile: str, seed: int) -> list[str]:
    """Random programs of operators, comparisons, subscripts and displays: they end at once."""
    forbid = ("For", "While", "Call", "comprehension", "FunctionDef", "Pow", "LShift", "Mult")
    row = RowContext(num_params=2, param_types=("int", "list[int]"), return_type="int",
                     forbid=forbid)  # fmt: skip
    drawn = draw(40, PROFILES[profile], Root.BODY, max_actions=14, seed=seed, context=row)
    trees = (codec.decode(actions, Names(("n", "xs"), "solve"), Root.BODY)
             for actions in drawn.tolist())  # fmt: skip
    return [ast.unparse(tree) for tree in trees]


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_fewer_random_programs_misuse_a_value() -> None:
    raised = {
        profile: sum(
            _misuses_a_value(source) for seed in range(4) for source in _expressions(profile, seed)
        )
        for profile in ("core", "core_typed")
    }
    assert raised["core_typed"] < 0.75 * raised["core"]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    profile=st.sampled_from(TYPED),
    budget=st.sampled_from([3, 5, 9, 30, 100]),
    seed=st.integers(0, 2**32),
    forbid=st.sets(st.sampled_from(["List", "Dict", "Name", "Tuple", "Call", "BinOp"])),
    types=st.tuples(*[st.sampled_from(["int", "str", "list[str]", "dict[int, int]", "Any"])] * 3),
)
def test_random_programs_compile_within_their_budget_whatever_is_asked(
    profile: str, budget: int, seed: int, forbid: set[str], types: tuple[str, ...]
) -> None:
    row = RowContext(
        num_params=2,
        param_types=types[:2],
        return_type=types[2],
        forbid=tuple(sorted(forbid)),
        num_literals=2,
        literal_types=("int", "str"),
    )
    for actions in draw(
        8, PROFILES[profile], Root.BODY, max_actions=budget, seed=seed, context=row
    ).tolist():
        assert why_not(actions, NAMES, Root.BODY) is None


@settings(max_examples=5, deadline=None)
@given(profile=st.sampled_from(TYPED), seed=st.integers(0, 2**32))
def test_typed_masks_are_subsets_that_replay_as_they_were_stepped(profile: str, seed: int) -> None:
    drawn = draw(6, PROFILES[profile], Root.BODY, max_actions=50, seed=seed)
    lengths = (drawn != 0).sum(1)
    typed, plain = (
        Automaton(PROFILES[name], [CONTEXT] * 6, 50, Root.BODY, CPU).replay(drawn, lengths)
        for name in (profile, profile.removesuffix("_typed"))
    )
    assert typed.legal.all()
    assert not (typed.mask & ~plain.mask).any()
    assert typed.mask.sum() < 0.9 * plain.mask.sum()
    stepped = Automaton(PROFILES[profile], [CONTEXT] * 6, 50, Root.BODY, CPU)
    for position, actions in enumerate(drawn.unbind(1)):
        assert torch.equal(stepped.mask(), typed.mask[:, position])
        stepped.push(actions)


def test_rows_keep_their_types_where_they_move() -> None:
    drawn = draw(4, PROFILES["core_typed"], Root.BODY, max_actions=40, seed=4)
    whole = Automaton(PROFILES["core_typed"], [CONTEXT] * 4, 40, Root.BODY, CPU)
    moved = whole.fork(torch.arange(4))
    order = torch.tensor([2, 0])
    for position, actions in enumerate(drawn.unbind(1)):
        if position == 5:
            moved = whole.fork(torch.tensor([0, 0]))
            moved.put(torch.tensor([0, 1]), whole.fork(order))
        if position >= 5:
            assert torch.equal(moved.mask(), whole.mask()[order])
            moved.push(actions[order])
        whole.push(actions)


@given(st.sampled_from(list(Type)), st.sampled_from(list(Type)))
def test_a_name_stored_twice_may_be_either(first: Type, second: Type) -> None:
    found = join(join(Type.UNBOUND, first), second)
    assert ATOMS[found] & (ATOMS[first] | ATOMS[second]) == ATOMS[first] | ATOMS[second]


def test_types_of_signatures() -> None:
    assert of_parameter("list[list[int]]") is Type.LISTS
    assert of_parameter("int | None") is Type.UNKNOWN
    assert of_result("bool | None") == ATOMS[Type.INT] | ATOMS[Type.NONE]
    assert of_result("bytes") == ATOMS[Type.UNKNOWN]
