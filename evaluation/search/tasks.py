"""Search of a group of tasks with a policy and a sandbox, as a configuration says.

searched = search_tasks(policy, tasks, client, config, generator)
searched.found[0].ranked[0].source
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.config import EvaluationConfig
from evaluation.search.beam import Beam
from evaluation.search.best_of import BestOf
from evaluation.search.budget import Budget
from evaluation.search.mcts import Mcts
from evaluation.search.rounds import Found, Strategy, search
from evaluation.search.workbench import PolicyWorkbench
from policy.model import Policy
from policy.uniforms import Generators
from sandbox.client import SandboxClient
from tasks.schema import Task


@dataclass(frozen=True)
class Searched:
    """What was found for each task, and the wall time of it: all, drawing, running."""

    found: tuple[Found, ...]
    seconds: float
    draw_seconds: float
    run_seconds: float


def search_tasks(
    policy: Policy,
    tasks: Sequence[Task],
    client: SandboxClient,
    config: EvaluationConfig,
    generator: Generators,
) -> Searched:
    """Search the tasks side by side; hidden tests are neither seen nor run.

    `generator`: one for all tasks, or one for each: then what is drawn for a task does not depend
    on the others, but where programs are edited.

    Raises:
        ValueError: the policy can't be searched so (`EvaluationConfig.check_model`, `prepared`).
        SandboxError: the sandbox can't be reached or refuses.

    """
    config.check_model(policy.config)
    seconds = None if config.search_seconds is None else config.search_seconds * len(tasks)
    budget = Budget(config.search_nodes, seconds)
    workbench = PolicyWorkbench(config.prepared(policy), tasks, client, config, generator)
    found = search(workbench, [strategy(config) for _ in tasks], budget)
    return Searched(tuple(found), budget.seconds, workbench.draw_seconds, workbench.run_seconds)


def strategy(config: EvaluationConfig) -> Strategy:
    """Begin the search of one task."""
    match config.search:
        case "beam":
            return Beam(config.beam_width, config.max_edits)
        case "mcts":
            return Mcts(config.mcts_leaves, config.max_edits, config.mcts_exploration)
        case "best_of":
            return BestOf(config.search_nodes, config.max_edits)
    raise ValueError("evaluation.search is none: there is nothing to search with")


def together(config: EvaluationConfig) -> int:
    """Give the number of tasks whose rounds fill a batch of the sampler."""
    return max(1, config.batch_rows // _round_programs(config))


def _round_programs(config: EvaluationConfig) -> int:
    """Give the programs that a task has drawn in one round at most."""
    if config.search == "none":
        return config.samples
    if config.search == "mcts":
        return min(config.mcts_leaves, config.search_nodes)
    return -(-config.search_nodes // config.max_edits)
