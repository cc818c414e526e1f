"""What tells the algorithms apart, on trees whose best leaf is known."""

import math
import random

import pytest

from evaluation.search.beam import Beam
from evaluation.search.best_of import BestOf
from evaluation.search.budget import Budget
from evaluation.search.mcts import Arm, Mcts
from evaluation.search.rounds import search

from .conftest import Path, TreeWorkbench

BEST = (2, 1, 2, 0)


def towards_the_best(path: Path) -> tuple[int, float, float]:
    """An example more for every right edit: four make a program that passes all."""
    right = 0
    for mine, best in zip(path, BEST, strict=False):
        if mine != best:
            break
        right += 1
    return right, -1.0, right - 2.0


def test_ucb1_finds_the_best_leaf_of_a_known_tree():
    bench = TreeWorkbench(towards_the_best, branches=3)
    [found] = search(bench, [Mcts(leaves=1, max_edits=4, exploration=0.3)], Budget(60))
    assert found.ranked[0].draft.actions == BEST
    # It looks where it found something: most programs lie below the best first edit.
    below = [node for node in found.nodes if node.draft.actions[0] == BEST[0]]
    assert len(below) > len(found.nodes) / 2


@pytest.mark.parametrize("leaves", [4, 8])
def test_leaves_chosen_together_still_find_it(leaves):
    bench = TreeWorkbench(towards_the_best, branches=3)
    [found] = search(bench, [Mcts(leaves, max_edits=4, exploration=0.3)], Budget(80))
    assert found.ranked[0].draft.actions == BEST
    # A virtual loss sends leaves of one round to different programs.
    assert any(len(call) > 1 for call in bench.calls)


def test_ucb1_keeps_to_its_regret_bound():
    """Auer et al. 2002, theorem 1, for rewards of 0 and 1 and the exploration √2."""
    means, rounds = (0.8, 0.5, 0.3), 4000
    for seed in range(5):
        rng = random.Random(seed)
        arms = [Arm(1, float(rng.random() < mean)) for mean in means]
        for tries in range(len(arms), rounds):
            bounds = [arm.bound(tries, math.sqrt(2)) for arm in arms]
            at = bounds.index(max(bounds))
            arms[at].tries += 1
            arms[at].reward += rng.random() < means[at]
        for arm, mean in zip(arms[1:], means[1:], strict=True):
            most = 8 * math.log(rounds) / (means[0] - mean) ** 2 + 1 + math.pi**2 / 3
            assert arm.tries < most


def test_q_continue_says_which_program_to_edit_first():
    def judge(path: Path) -> tuple[int, float, float]:
        return 1, -1.0, 4.0 if path[0] == 1 else -4.0

    bench = TreeWorkbench(judge, branches=3)
    search(bench, [Mcts(leaves=3, max_edits=2, exploration=0.1)], Budget(6))
    edited = {request.parent.draft.actions for _, request in bench.calls[1] if request.parent}
    assert edited == {(1,)}


def test_a_beam_keeps_the_best_programs_of_every_round():
    worth = {0: 1, 1: 3, 2: 2}
    bench = TreeWorkbench(lambda path: (worth[path[-1]], -1.0, 0.0), branches=3)
    search(bench, [Beam(width=2, max_edits=3)], Budget(18))
    parents = [[request.parent for _, request in call] for call in bench.calls]
    assert parents[0] == [None]
    assert [node.draft.actions for node in parents[1] if node] == [(1,), (2,)]
    assert all(node.passed == 3 for node in parents[2] if node)
    assert [request.count for _, request in bench.calls[1]] == [3, 3]


def test_a_worse_edit_does_not_push_its_parent_out_of_the_beam():
    bench = TreeWorkbench(lambda path: (3 - len(path), -1.0, 0.0), branches=9)
    search(bench, [Beam(width=1, max_edits=3)], Budget(9))
    parents = [call[0][1].parent for call in bench.calls]
    assert [parent and parent.draft.actions for parent in parents] == [None, (0,), (0,)]


def test_best_of_edits_each_program_until_its_episode_is_over():
    def judge(path: Path) -> tuple[int, float, float]:
        return 4 if path == (0, 0) else 1, -1.0, 0.0

    bench = TreeWorkbench(judge, branches=1000)
    search(bench, [BestOf(nodes=8, max_edits=4)], Budget(8))
    asked = [[request.parent and request.parent.draft.actions for _, request in call]
             for call in bench.calls]  # fmt: skip
    # Two episodes; the first passes all examples after two edits, and a third one begins.
    assert asked == [[None], [(0,), (1,)], [None, (1, 0)], [(2,), (1, 0, 0)]]


def test_best_of_with_one_edit_draws_everything_at_once():
    bench = TreeWorkbench(lambda path: (0, 0.0, 0.0), branches=1000)
    search(bench, [BestOf(nodes=8, max_edits=1)], Budget(8))
    assert bench.batches == [8]
