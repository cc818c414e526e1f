"""A step is tensor operations alone: nothing waits for a value, no shape depends on one."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from policy.grammar import GRAMMAR, PROFILES, Automaton, Root, RowContext, context, rules
from policy.grammar.grammar import PAD
from policy.grammar.untrained import CONTEXT, draw

CPU = torch.device("cpu")
CONSTRAINED = RowContext(num_params=2, forbid=("For", "BinOp"), max_nodes=30)
REQUIRING = RowContext(num_params=2, require=("Break", "Gt"))
# What reads a value on the host, or makes a shape of values.
WAITING = {"aten._local_scalar_dense", "aten.nonzero", "aten.masked_select", "aten.unique_dim"}


class Recorded(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.calls.append(str(func.overloadpacket))
        booleans = [
            item
            for item in args
            if isinstance(item, (list, tuple))
            for item in item
            if isinstance(item, torch.Tensor) and item.dtype is torch.bool
        ]
        if str(func.overloadpacket).startswith("aten.index") and booleans:
            self.calls.append("aten.nonzero")
        return func(*args, **(kwargs or {}))


def machine(*rows: RowContext, count: int = 4, profile: str = "python") -> Automaton:
    return Automaton(PROFILES[profile], list(rows) * count, 60, Root.BODY, CPU)


def step(automaton: Automaton, actions: torch.Tensor) -> tuple[torch.Tensor, ...]:
    automaton.push(actions)
    return automaton.mask(), automaton.grammar_mask(), automaton.features(), automaton.finished


SETTINGS = [
    ((CONTEXT,), "python"),
    ((CONTEXT, CONSTRAINED), "python"),
    ((CONTEXT, CONSTRAINED), "core_typed"),
    ((CONTEXT, REQUIRING), "core"),
    ((CONTEXT, REQUIRING, CONSTRAINED), "core_typed"),
]


@pytest.mark.parametrize(("rows", "profile"), SETTINGS)
def test_a_step_reads_no_value_and_its_size_does_not_grow(
    rows: tuple[RowContext, ...], profile: str
) -> None:
    sizes = set()
    for count in (4, 32):
        automaton = machine(*rows, count=count, profile=profile)
        automaton.mask()  # makes what is kept for all
        pushed = torch.full((count * len(rows),), GRAMMAR.action_ids["Return[value]."])
        with Recorded() as recorded:
            step(automaton, pushed)
        assert not WAITING & set(recorded.calls)
        sizes.add(len(recorded.calls))
    assert len(sizes) == 1


@pytest.mark.parametrize(("rows", "profile"), SETTINGS)
def test_a_step_is_one_graph(rows: tuple[RowContext, ...], profile: str) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(step, fullgraph=True, backend="eager")
    one, other = (machine(*rows, profile=profile) for _ in range(2))
    generator = torch.Generator().manual_seed(0)
    for _ in range(6):
        chosen = torch.multinomial(one.mask().float(), 1, generator=generator)[:, 0]
        for found, expected in zip(compiled(other, chosen), step(one, chosen), strict=True):
            assert torch.equal(found, expected)


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("forbid", [(), ("For", "While"), ("Call", "BinOp", "Name"), ("Constant",)])
def test_every_hole_has_a_filling_that_is_cheapest_in_both_ways(
    profile: str, forbid: tuple[str, ...]
) -> None:
    """So that whoever has nothing to spare, of actions or of nodes, still has an action."""
    found = rules.rules(PROFILES[profile], forbid)
    sure = rules.certain_fillings(PROFILES[profile], found.allowed)
    cheapest = (sure & (found.excess == 0).all(-1)).any(1)
    for hole in range(1, GRAMMAR.num_holes):
        assert cheapest[hole] or found.least[hole, 0] >= rules.INFINITE


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("root", list(Root))
def test_no_reachable_state_is_without_an_action(profile: str, root: Root) -> None:
    rows = [
        CONTEXT,
        RowContext(),
        RowContext(num_params=2, max_nodes=6),
        RowContext(num_params=2, forbid=("For", "While", "Call"), max_nodes=12),
        RowContext(num_params=8, has_entry=False, return_type="None"),
    ] * 8
    for budget in (8, 24, 90):
        automaton = Automaton(PROFILES[profile], rows, budget, root, CPU)
        generator = torch.Generator().manual_seed(budget)
        for _ in range(budget):
            mask = automaton.mask()
            assert mask.any(1).all()
            assert torch.equal(mask[:, PAD], automaton.finished)
            automaton.push(torch.multinomial(mask.float(), 1, generator=generator)[:, 0])
        assert automaton.finished.all()


def test_kinds_of_holes_ask_what_their_holes_would() -> None:
    assert {context.kind(hole) for hole in GRAMMAR.holes} == set(context.Kind) - {context.Kind.HALF}


def test_a_drawn_program_is_the_generators_alone() -> None:
    first, again = (draw(5, PROFILES["core"], Root.BODY, max_actions=40, seed=9) for _ in range(2))
    assert torch.equal(first, again)
