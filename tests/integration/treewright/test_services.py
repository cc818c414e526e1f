"""What a run owes its training when the sandbox is away."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from learner.rollouts import RolloutRows
from learner.runfolder import RunFolder
from learner.supply import Supply
from learner.verified import VerifiedRows
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxUnavailable
from sandbox.local import Access, LocalServer, Reached
from tasks.sources import build
from treewright.config import load
from treewright.parts import Parts, parts
from treewright.services import RunServices

from .conftest import SMOKE


@pytest.fixture
def away(tmp_path: Path) -> Iterator[tuple[RunServices, Parts]]:
    """Those of a run whose sandbox has gone away."""
    config = load(SMOKE, ["actors.num_actors=0"])
    folder = RunFolder.create(tmp_path, "demo")
    with LocalServer(SandboxConfig(slots=1)) as server:
        access = Access(server.target)
    with access.client(timeout_seconds=1.0) as client, ExitStack() as stack:
        box = Reached(access, client, lambda: "it was killed by SIGKILL")
        made = stack.enter_context(parts(config, folder, "demo", box))
        rollouts = RolloutRows(config.model.spec)
        verified = VerifiedRows(rollouts, per_task=1, seed=0)
        supply = Supply(
            None, rollouts, verified, None, made.replay.reader, config.learner, num_shards=1
        )
        tasks, stop = build(config.tasks), threading.Event()
        yield RunServices(config, folder, tasks, made, supply, box, stop), made


def test_an_outage_costs_an_evaluation_and_not_the_training(away, caplog):
    services, made = away
    assert services.evaluate(made.backend.weights(), "heldout", "during", 2, 5) is None
    (line,) = caplog.messages
    assert line.startswith("the evaluation of heldout at step 5 is left out: the sandbox at")


def test_a_run_whose_own_sandbox_has_ended_is_not_gone_on_with(away):
    services, _ = away
    with pytest.raises(SandboxUnavailable, match="killed by SIGKILL"):
        services.poll()


def test_without_the_sandbox_no_figure_of_the_end_is_made_up(away):
    services, made = away
    with pytest.raises(SandboxUnavailable, match="does not answer"):
        services.evaluate(made.backend.weights(), "heldout", "after", 2, 5)
