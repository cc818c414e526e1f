"""What every algorithm keeps to: its budgets, full batches, the ends of a search."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.search.beam import Beam
from evaluation.search.best_of import BestOf
from evaluation.search.budget import Budget
from evaluation.search.mcts import Mcts
from evaluation.search.node import Node, ranked
from evaluation.search.rounds import Strategy, search

from .conftest import EXAMPLES, Path, TreeWorkbench

NAMES = ("best_of", "beam", "mcts")


def strategy(name: str, nodes: int, max_edits: int, width: int) -> Strategy:
    if name == "best_of":
        return BestOf(nodes, max_edits)
    return Beam(width, max_edits) if name == "beam" else Mcts(width, max_edits, 0.5)


@settings(deadline=None)
@given(
    name=st.sampled_from(NAMES),
    nodes=st.integers(1, 60),
    max_edits=st.integers(1, 6),
    width=st.integers(1, 9),
    branches=st.integers(1, 12),
    seed=st.randoms(use_true_random=False),
)
def test_programs_are_drawn_to_the_last_and_never_one_more(
    name, nodes, max_edits, width, branches, seed
):
    judged: dict[Path, tuple[int, float, float]] = {}

    def judge(path: Path) -> tuple[int, float, float]:
        # Some pass every example, but none is believed: nothing ends the search early.
        values = (seed.randint(0, EXAMPLES), -seed.random(), seed.gauss(0, 1))
        return judged.setdefault(path, values)

    bench = TreeWorkbench(judge, branches)
    found = search(
        bench, [strategy(name, nodes, max_edits, width) for _ in range(3)], Budget(nodes)
    )
    assert [one.drawn for one in found] == [nodes] * 3
    assert sum(bench.batches) == 3 * nodes
    for one in found:
        assert len(one.nodes) <= nodes
        assert all(node.edits <= max_edits for node in one.nodes)
        assert not any(node.parent.agrees for node in one.nodes if node.parent)


@pytest.mark.parametrize(
    ("name", "batches"),
    [("best_of", [24, 24, 24, 24]), ("beam", [24, 24, 24, 24]), ("mcts", [15] * 6 + [6])],
)
def test_one_batch_a_round_holds_the_edits_of_all_tasks(hopeless, name, batches):
    search(hopeless, [strategy(name, 32, 4, 5) for _ in range(3)], Budget(32))
    assert hopeless.batches == batches
    assert all({task for task, _ in call} == {0, 1, 2} for call in hopeless.calls)


@pytest.mark.parametrize("name", NAMES)
def test_time_is_looked_at_between_rounds(hopeless, name):
    now = 0.0

    def pass_a_second() -> None:
        nonlocal now
        now += 1.0

    hopeless.on_call = pass_a_second
    budget = Budget(1000, seconds=2.5, clock=lambda: now)
    [found] = search(hopeless, [strategy(name, 1000, 50, 7)], budget)
    assert len(hopeless.calls) == 3
    assert found.rounds == 3
    assert found.drawn == sum(hopeless.batches) == len(found.nodes)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_ends_with_a_program_that_is_believed_while_the_others_go_on(name):
    def judge(path: Path) -> tuple[int, float, float]:
        return (EXAMPLES, 2.0, 0.0) if path == (1,) else (0, -1.0, 0.0)

    class OneSolves(TreeWorkbench):
        def _draw(self, task: int, parent: Node | None) -> Node | None:
            node = super()._draw(task, parent)
            hard = node is not None and node.agrees and task == 1
            return None if hard else node

    bench = OneSolves(judge, branches=1000)
    easy, hard = search(bench, [strategy(name, 60, 6, 5) for _ in range(2)], Budget(60))
    assert easy.rounds == 1
    assert easy.ranked[0].source == "program (1,)"
    assert hard.drawn == 60
    assert not any(node.agrees for node in hard.nodes)
    assert {task for call in bench.calls[1:] for task, _ in call} == {1}


def test_the_ranking_goes_by_examples_then_q_halt_then_length():
    worth = {(0,): (4, -0.5, 0.0), (1,): (4, 1.5, 0.0), (2,): (3, 9.0, 0.0), (3, 3): (4, -0.5, 0.0)}
    bench = TreeWorkbench(lambda path: worth[path])
    nodes = [bench.node(path) for path in ((3, 3), (2,), (0,), (1,))]
    assert [node.draft.actions for node in ranked(nodes)] == [(1,), (0,), (3, 3), (2,)]
