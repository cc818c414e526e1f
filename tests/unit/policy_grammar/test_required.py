"""What a task requires is in every program, whatever the profile, the root and the budget."""

import ast

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from policy.grammar import GRAMMAR, PROFILES, Automaton, Names, Root, RowContext, codec
from policy.grammar.errors import ConstraintError
from policy.grammar.nodes import count_nodes
from policy.grammar.untrained import why_not

CPU = torch.device("cpu")
NAMES = Names(("n", "xs"), "solve", (7, "a'b\"\\{\n", 2.5, b"q"))
LITERALS = ("int", "str", "float", "bytes")
FREE = RowContext(num_params=2, num_literals=4, literal_types=LITERALS, return_type="int")
# Profile, what is required, what is forbidden: statements, what stands in a loop or in a function
# alone, several levels of expressions, operators, contexts, and what all of a kind derive from.
ASKED = [
    ("core", ("For",), ("While",)),
    ("core", ("Break",), ()),
    ("core", ("Gt", "ListComp"), ()),
    ("core_typed", ("FormattedValue", "While"), ("Call",)),
    ("standard", ("ImportFrom",), ()),
    ("python", ("ExceptHandler",), ()),
    ("python", ("Await",), ()),
    ("python", ("Del", "MatchStar"), ()),
    ("python", ("Yield", "arg"), ()),
]


def row_of(
    require: tuple[str, ...], forbid: tuple[str, ...] = (), nodes: int | None = None
) -> RowContext:
    return RowContext(2, 4, LITERALS, (), "int", forbid, require, nodes)


def automaton(*rows: RowContext, profile: str, root: Root, limit: int) -> Automaton:
    return Automaton(PROFILES[profile], rows, limit, root, CPU)


def drawn(machine: Automaton, seed: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    steps = []
    while not machine.finished.all():
        chosen = torch.multinomial(machine.mask().float(), 1, generator=generator)[:, 0]
        machine.push(chosen)
        steps.append(chosen)
    return [[a for a in row if a] for row in torch.stack(steps, 1).tolist()]


def classes(tree: ast.AST) -> set[str]:
    return {base.__name__ for node in ast.walk(tree) for base in type(node).__mro__}


def check(rows: list[RowContext], programs: list[list[int]], root: Root, limit: int) -> None:
    for row, actions in zip(rows, programs, strict=True):
        assert why_not(actions, NAMES, root) is None
        assert len(actions) <= limit
        tree = codec.decode(actions, NAMES, root)
        assert row.max_nodes is None or count_nodes(tree) <= row.max_nodes
        for held in (classes(tree), classes(ast.parse(ast.unparse(tree)))):
            assert held.issuperset(row.require)
            assert not held.intersection(row.forbid)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    asked=st.sampled_from(ASKED),
    root=st.sampled_from(list(Root)),
    limit=st.sampled_from([3, 5, 6, 8, 14, 40]),
    nodes=st.sampled_from([None, None, 6, 8, 12]),
    seed=st.integers(0, 2**32),
)
def test_every_program_holds_what_its_row_requires(
    asked: tuple[str, tuple[str, ...], tuple[str, ...]],
    root: Root,
    limit: int,
    nodes: int | None,
    seed: int,
) -> None:
    profile, require, forbid = asked
    rows = [FREE, row_of(require, forbid, nodes), row_of(require)] * 4
    try:
        machine = automaton(*rows, profile=profile, root=root, limit=limit)
    except ConstraintError:
        assume(False)
    check(rows, drawn(machine, seed), root, limit)


@pytest.mark.parametrize(("profile", "require", "forbid"), ASKED)
def test_the_smallest_budget_that_is_taken_is_enough(
    profile: str, require: tuple[str, ...], forbid: tuple[str, ...]
) -> None:
    row = row_of(require, forbid)
    for limit in range(1, 20):
        try:
            machine = automaton(*[row] * 8, profile=profile, root=Root.BODY, limit=limit)
        except ConstraintError:
            continue
        assert limit > 1
        check([row] * 8, drawn(machine, limit), Root.BODY, limit)
        return
    pytest.fail("no budget is enough")


def body(*lines: str) -> torch.Tensor:
    source = "def solve(n, xs):\n" + "".join(f"    {line}\n" for line in lines)
    return torch.tensor([codec.encode(ast.parse(source), NAMES, Root.BODY)])


@pytest.mark.parametrize(
    ("require", "lines"),
    [
        (("ListComp", "Gt"), ("return [v0 for v0 in xs if v0 > n]",)),
        (("For", "If", "Break"), ("for v0 in xs:", "    if v0:", "        break", "return n")),
        (("While",), ("if n:", "    while n:", "        return 1", "return n")),
        (("Lambda", "Call", "USub"), ("return sorted(xs, key=lambda v0: -v0)",)),
        (("AugAssign", "Store", "operator"), ("n += 1", "return n")),
        (("FunctionDef", "arg", "Module", "AST"), ("return n",)),
    ],
)
def test_a_program_that_holds_all_is_legal_wherever_it_holds_it(
    require: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    actions = body(*lines)
    machine = automaton(row_of(require), profile="core", root=Root.BODY, limit=80)
    assert machine.replay(actions, torch.tensor([actions.shape[1]])).legal.all()


@pytest.mark.parametrize(
    ("require", "lines"),
    [(("For",), ("return n",)), (("Gt", "ListComp"), ("return [v0 for v0 in xs if v0]",))],
)
def test_a_program_that_lacks_something_is_not(
    require: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    actions = body(*lines)
    machine = automaton(row_of(require), profile="core", root=Root.BODY, limit=80)
    trace = machine.replay(actions, torch.tensor([actions.shape[1]]))
    assert not trace.legal.any()
    # Without what is required it would be.
    assert trace.grammar_mask.gather(2, actions[:, :, None]).all()


def test_rows_that_require_nothing_are_as_they_are_alone() -> None:
    few = RowContext(num_params=2, forbid=("For",), max_nodes=25)
    alone = automaton(FREE, few, profile="python", root=Root.BODY, limit=50)
    beside = automaton(FREE, few, row_of(("Await",)), profile="python", root=Root.BODY, limit=50)
    generator = torch.Generator().manual_seed(3)
    while not alone.finished.all():
        mask = beside.mask()
        assert torch.equal(mask[:2], alone.mask())
        chosen = torch.multinomial(mask.float(), 1, generator=generator)[:, 0]
        beside.push(chosen)
        alone.push(chosen[:2])


def test_stepping_replaying_and_forking_agree() -> None:
    rows = [row_of(("For", "Gt"), (), 20), FREE, row_of(("ListComp",))] * 3
    programs = drawn(automaton(*rows, profile="core", root=Root.BODY, limit=60), 5)
    padded = torch.zeros(len(rows), 60, dtype=torch.int64)
    for at, actions in enumerate(programs):
        padded[at, : len(actions)] = torch.tensor(actions)
    fresh = automaton(*rows, profile="core", root=Root.BODY, limit=60)
    trace = fresh.fork(torch.arange(len(rows))).replay(padded, (padded != 0).sum(1))
    assert trace.legal.all()
    stepped = fresh.fork(torch.arange(len(rows)))
    for position, column in enumerate(padded.unbind(1)):
        assert torch.equal(stepped.mask(), trace.mask[:, position])
        stepped.push(column)
    stepped.put(torch.tensor([1]), fresh.fork(torch.tensor([0])))
    assert torch.equal(stepped.mask()[1], trace.mask[0, 0])


@pytest.mark.parametrize(
    ("profile", "row", "limit", "message"),
    [
        ("core", row_of(("Try",)), 90, "core is sure to have room for Try; take it out or"),
        ("core", row_of(("BinOp",), ("operator",)), 90, "without operator .* room for BinOp"),
        ("core", row_of(("Loop",)), 90, "'Loop' is no node class of Python's ast"),
        ("core", row_of(("For",)), 3, "max_actions: 1 more needed .* holds For"),
        ("core", row_of(("For",), (), 5), 90, "constraints.max_nodes: 1 more needed .* For"),
        ("core", row_of(("If", "For", "Gt", "Call", "Dict")), 90, "at most 4 node classes"),
    ],
)
def test_what_cannot_be_met_is_refused_by_name(
    profile: str, row: RowContext, limit: int, message: str
) -> None:
    with pytest.raises(ConstraintError, match=message):
        automaton(FREE, row, profile=profile, root=Root.BODY, limit=limit)


def test_the_last_slot_is_left_to_a_parameter_that_is_required() -> None:
    last = GRAMMAR.action_ids[f"LOCAL_{GRAMMAR.max_locals - 1}"]
    stores = [line for i in range(GRAMMAR.max_locals - 1) for line in (f"v{i} = n",)]
    row = RowContext(num_params=0, return_type="int", require=("arg",))
    names = Names((), "solve")
    source = "def solve():\n" + "".join(f"    {line.replace('n', '1')}\n" for line in stores)
    actions = codec.encode(ast.parse(source), names, Root.BODY)[:-3]
    machine = automaton(row, profile="core", root=Root.BODY, limit=90)
    for action in actions:
        machine.push(torch.tensor([action]))
    store = GRAMMAR.action_ids["Assign(0:1)"]
    assert machine.mask()[0, store]
    machine.push(torch.tensor([store]))
    assert not machine.mask()[0, last]
