import ast

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.grammar import GRAMMAR, PROFILES, Automaton, Names, Root, RowContext, codec, context
from policy.grammar.layout import SIGNAL_SHIFT
from policy.grammar.moves import hole_names
from policy.grammar.nodes import count_nodes
from policy.grammar.untrained import CONTEXT, draw, untrained, why_not

CPU = torch.device("cpu")
NAMES = Names(("n", "xs"), "solve", (7, "a"))
ROW = RowContext(num_params=2, num_literals=2, literal_types=("int", "str"))


def automaton(
    *rows: RowContext, profile: str = "core", root: Root = Root.BODY, limit: int = 400
) -> Automaton:
    return Automaton(PROFILES[profile], rows or (ROW,), limit, root, CPU)


def ids(source: str, root: Root = Root.BODY) -> list[int]:
    return codec.encode(ast.parse(source), NAMES, root)


def body(*lines: str) -> str:
    return "def solve(n, xs):\n" + "".join(f"    {line}\n" for line in lines)


def legal(source: str, profile: str, root: Root = Root.BODY) -> bool:
    actions = torch.tensor([ids(source, root)])
    replayed = automaton(profile=profile, root=root).replay(
        actions, torch.tensor([actions.shape[1]])
    )
    return bool(replayed.legal[0])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    profile=st.sampled_from(sorted(PROFILES)),
    root=st.sampled_from(list(Root)),
    budget=st.sampled_from([3, 4, 5, 8, 16, 40, 90, 192]),
    seed=st.integers(0, 2**32),
)
def test_every_random_sample_compiles_within_its_budget(
    profile: str, root: Root, budget: int, seed: int
) -> None:
    found = untrained(12, PROFILES[profile], root, max_actions=budget, seed=seed)
    assert not found.failures
    assert found.programs == 12


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), root=st.sampled_from(list(Root)))
def test_what_is_sampled_encodes_and_comes_back(seed: int, root: Root) -> None:
    names = Names(("n", "xs"), "solve", (7, "b", 2.5, b"q"))
    for row in draw(8, PROFILES["python"], root, max_actions=80, seed=seed).tolist():
        tree = codec.decode(row, names, root)
        again = codec.decode(codec.encode(tree, names, root), names, root)
        assert ast.dump(again) == ast.dump(tree)


def test_stepping_and_replaying_agree() -> None:
    drawn = draw(20, PROFILES["python"], Root.MODULE, max_actions=60, seed=5)
    stepped = Automaton(PROFILES["python"], [CONTEXT] * 20, 60, Root.MODULE, CPU)
    fresh = Automaton(PROFILES["python"], [CONTEXT] * 20, 60, Root.MODULE, CPU)
    trace = fresh.replay(drawn, (drawn != 0).sum(1))
    assert trace.legal.all()
    assert trace.grammar_mask.shape == trace.mask.shape
    for position, actions in enumerate(drawn.unbind(1)):
        assert torch.equal(stepped.features(), trace.features[:, position])
        assert torch.equal(stepped.mask(), trace.mask[:, position])
        stepped.push(actions)
    assert stepped.finished.all()


def test_rows_do_not_touch_each_other() -> None:
    drawn = draw(6, PROFILES["python"], Root.BODY, max_actions=60, seed=2)
    together = Automaton(PROFILES["python"], [CONTEXT] * 6, 60, Root.BODY, CPU)
    trace = together.replay(drawn, (drawn != 0).sum(1))
    for i in range(6):
        alone = Automaton(PROFILES["python"], [CONTEXT], 60, Root.BODY, CPU)
        one = alone.replay(drawn[i : i + 1], (drawn[i : i + 1] != 0).sum(1))
        assert torch.equal(one.mask[0], trace.mask[i])
        assert torch.equal(one.features[0], trace.features[i])


def test_a_row_may_begin_in_the_place_of_another_that_is_ahead_of_it() -> None:
    drawn = draw(4, PROFILES["python"], Root.BODY, max_actions=60, seed=3)
    alone = Automaton(PROFILES["python"], [CONTEXT] * 4, 60, Root.BODY, CPU)
    trace = alone.fork(torch.arange(4)).replay(drawn, (drawn != 0).sum(1))
    rows = alone.fork(torch.tensor([0, 1]))
    for step in range(drawn.shape[1]):
        if step == 3:
            rows.put(torch.tensor([0]), alone.fork(torch.tensor([2])))
        began = [(1, 0), (0, 0) if step < 3 else (2, 3)]
        for place, (program, first) in zip((1, 0), began, strict=True):
            assert torch.equal(rows.features()[place], trace.features[program, step - first])
            assert torch.equal(rows.mask()[place], trace.mask[program, step - first])
        (_, (program, first)) = began
        rows.push(torch.stack((drawn[program, step - first], drawn[1, step])))


def test_select_keeps_and_permutes_rows() -> None:
    drawn = draw(6, PROFILES["core"], Root.BODY, max_actions=50, seed=3)
    whole = Automaton(PROFILES["core"], [CONTEXT] * 6, 50, Root.BODY, CPU)
    part = Automaton(PROFILES["core"], [CONTEXT] * 6, 50, Root.BODY, CPU)
    order = torch.tensor([4, 1, 1])
    for position, actions in enumerate(drawn.unbind(1)):
        if position == 3:
            part.select(order)
        whole.push(actions)
        part.push(actions[order] if position >= 3 else actions)
        if position >= 3:
            assert torch.equal(part.mask(), whole.mask()[order])
            assert torch.equal(part.features(), whole.features()[order])


def test_a_finished_row_takes_pad_alone_and_ignores_what_is_pushed() -> None:
    machine = automaton(profile="python")
    machine.push(torch.tensor([GRAMMAR.action_ids["Pass."]]))
    assert machine.finished.all()
    before = machine.features()
    machine.push(torch.tensor([GRAMMAR.action_ids["Add"]]))
    assert machine.mask().nonzero().tolist() == [[0, 0]]
    assert torch.equal(machine.features(), before)
    assert before.tolist() == [[0, -1, -1, 0, 0, -1]]


@pytest.mark.parametrize(
    "lines",
    [
        ("return n * (n + 1) // 2",),
        ("v0 = 0", "for v1 in range(n):", "    v0 += v1", "return v0"),
        ("v0, v1 = (0, 1)", "while v0 < n:", "    v0, v1 = (v1, v0 + v1)", "return v0"),
        ("if n < 2:", "    return 1", "return n * solve(n - 1, xs)"),
        ("if n < 2:", "    return 1", "else:", "    return n * solve(n - 1, xs)"),
        ("return [v0 for v0 in xs if v0 % 2 == 0]",),
        ("return sorted(xs, key=lambda v0: -v0, reverse=True)[:n]",),
        ("v0 = {}", "for v1 in xs:", "    v0[v1] = v0.get(v1, 0) + 1", "return v0"),
        ("def v0(v1):", "    return v1 * n", "return list(map(v0, xs))"),
        ("for v0 in xs:", "    if v0 > n:", "        return True", "return False"),
        ("return sum((v0 * v1 for v0, v1 in zip(xs, xs[1:])))",),
        ("return f'{n}-{len(xs):03d}'",),
        ("v0 = max(xs, default=0)", "xs.append(v0)", "return xs[::-1]"),
    ],
)
def test_ordinary_programs_are_legal_in_every_profile(lines: tuple[str, ...]) -> None:
    for profile in PROFILES:
        assert legal(body(*lines), profile)


@pytest.mark.parametrize(
    "lines",
    [
        ("return v0",),
        ("v1 = 0", "return v1"),
        ("break",),
        ("for v0 in xs:", "    def v1():", "        break", "return n"),
        ("return [v0 for v0 in xs] + v0",),
        ("yield n", "await n"),
        ("return [(v0 := v1) for v1 in xs]",),
        ("return (lambda v0, v0=1: 0)",),
        ("return f'{f\"{n}\"}'",),
        ("async def v0():", "    yield 1", "    return 2", "return v0"),
        (
            "async def v0():",
            "    def v1(v2=(yield)):",
            "        return n",
            "    return v1",
            "return v0",
        ),
        ("try:", "    return n", "except* ValueError:", "    return n"),
        ("return sorted(xs, key=n, key=n)",),
        ("*v0, *v1 = xs", "return v0"),
        ("match n:", "    case _:", "        return 1", "    case 1:", "        return 2"),
    ],
)
def test_what_python_refuses_is_illegal(lines: tuple[str, ...]) -> None:
    tree = _parse_loosely(body(*lines))
    actions = torch.tensor([codec.encode(tree, NAMES, Root.BODY)])
    machine = automaton(profile="python")
    assert not machine.replay(actions, torch.tensor([actions.shape[1]])).legal[0]


def _parse_loosely(source: str) -> ast.Module:
    """`ast.parse` refuses a few of the programs itself: build those from others."""
    if "f'{f" in source:
        inner = ast.JoinedStr([ast.FormattedValue(ast.Name("n", ast.Load()), -1)])
        value = ast.JoinedStr([ast.FormattedValue(inner, -1)])
        tree = ast.parse(body("return n"))
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        function.body = [ast.Return(value)]
        return tree
    source = source.replace("key=n, key=n", "key=n, reverse=n")
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            node.arg = "key"
    return tree


def test_a_yield_in_a_decorator_is_the_outer_functions() -> None:
    lines = ("@(yield n)", "async def v0():", "    return 1", "return v0")
    assert legal(body(*lines), "python")


def test_names_stand_at_places_of_their_own_in_a_word() -> None:
    """A word says of all names what is seen, and its highest free bits what is signalled."""
    bits = [bit for action in GRAMMAR.actions if (bit := context.name_bit(action)) is not None]
    assert len(set(bits)) == len(bits)
    assert not (context.SIGNALS << SIGNAL_SHIFT) & sum(1 << bit for bit in bits)
    # Slots are counted from their first place on.
    assert GRAMMAR.action_ids["LOCAL_0"] % 64 == 0


def test_a_core_function_returns_a_value() -> None:
    source = body("v0 = n")
    assert not legal(source, "core")
    assert legal(source, "python")
    actions = torch.tensor([ids(source)])
    row = RowContext(num_params=2, return_type="None")
    replayed = automaton(row).replay(actions, torch.tensor([actions.shape[1]]))
    assert replayed.legal[0]


def test_replay_flags_wrong_lengths() -> None:
    actions = torch.tensor([[*ids(body("return n")), 0]])
    assert automaton().replay(actions, torch.tensor([actions.shape[1] - 1])).legal[0]
    assert not automaton().replay(actions, torch.tensor([actions.shape[1]])).legal[0]
    assert not automaton().replay(actions[:, :1], torch.tensor([1])).legal[0]


def test_forbidden_nodes_never_appear() -> None:
    forbid = ("For", "While", "Call", "comprehension", "BinOp")
    row = RowContext(num_params=2, forbid=forbid)
    machine = automaton(*([row] * 40), ROW, limit=60)
    generator = torch.Generator().manual_seed(1)
    steps = []
    while not machine.finished.all():
        mask = machine.mask()
        assert (machine.grammar_mask() | ~mask).all()
        steps.append(torch.multinomial(mask.float(), 1, generator=generator)[:, 0])
        machine.push(steps[-1])
    banned = tuple(getattr(ast, name) for name in forbid)
    for actions in torch.stack(steps, 1)[:40].tolist():
        tree = codec.decode(actions, NAMES, Root.BODY)
        assert not any(isinstance(node, banned) for node in ast.walk(tree))
        assert why_not(actions, NAMES, Root.BODY) is None


def test_the_node_limit_holds() -> None:
    rows = [RowContext(num_params=2, max_nodes=limit) for limit in (3, 4, 9, 20) for _ in range(20)]
    machine = automaton(*rows, limit=120)
    generator = torch.Generator().manual_seed(1)
    steps = []
    while not machine.finished.all():
        steps.append(torch.multinomial(machine.mask().float(), 1, generator=generator)[:, 0])
        machine.push(steps[-1])
    sizes = []
    for row, actions in zip(rows, torch.stack(steps, 1).tolist(), strict=True):
        tree = codec.decode(actions, NAMES, Root.BODY)
        sizes.append(count_nodes(tree))
        assert row.max_nodes is not None
        assert sizes[-1] <= row.max_nodes
    assert max(sizes) > 15


@pytest.mark.parametrize(
    ("row", "limit", "message"),
    [
        (RowContext(num_params=9), 50, "9 parameters"),
        (RowContext(num_literals=33), 50, "33 literals"),
        (RowContext(forbid=("Imports",)), 50, "'Imports' is no node class"),
        (RowContext(forbid=("Return",)), 50, "no program is left without Return"),
        (RowContext(max_nodes=1), 50, "max_nodes"),
        (ROW, 0, "max_actions: the shortest program takes 1"),
    ],
)
def test_impossible_rows_are_refused_by_name(row: RowContext, limit: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        automaton(row, limit=limit)


def test_features_name_parent_sibling_depth_slot_and_last_use() -> None:
    names = hole_names()
    source = body("v0 = n", "v0 = v0 % n", "return v0")
    actions = torch.tensor([ids(source)])
    words = [GRAMMAR.action_name(a) for a in actions[0].tolist()]
    trace = automaton().replay(actions, torch.tensor([actions.shape[1]]))
    rows = dict(zip(range(len(words)), trace.features[0].tolist(), strict=True))
    assert words[:4] == ["Assign", "PARAM_0", "LOCAL_0", "Assign"]
    assert [names[rows[i][0]] for i in range(4)] == ["block", "expr", "target", "stmts"]
    assert [rows[i][1] for i in range(4)] == [-1, 0, 0, -1]
    assert [rows[i][2] for i in range(4)] == [-1, -1, 1, 0]
    assert [rows[i][3] for i in range(4)] == [0, 1, 1, 0]
    assert [rows[i][4] for i in range(4)] == [0, 0, 1, 1]
    last = {i: rows[i + 1][5] for i in range(len(words) - 1)}
    uses = [i for i, word in enumerate(words) if word == "LOCAL_0"]
    assert [last[i] for i in uses[:-1]] == [-1, *uses[:-2]]
    assert last[words.index("Assign")] == -1


def test_the_budget_shortens_what_can_still_be_written() -> None:
    widths = [int(automaton(limit=limit).mask().sum()) for limit in (1, 2, 3, 20)]
    assert 0 < widths[0] < widths[1] < widths[2] < widths[3]
    for action in automaton(limit=1).mask()[0].nonzero()[:, 0].tolist():
        assert why_not([action], NAMES, Root.BODY) is None
