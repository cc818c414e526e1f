"""The local backend learns real programs, and resumes bit for bit."""

from pathlib import Path

import pytest
import torch

from learner import checkpoint
from learner.batch import collate
from learner.checkpoint import Checkpoint
from learner.config import LearnerConfig, ObjectiveConfig, OptimizerConfig
from learner.local import LocalBackend
from learner.publish import load_policy
from policy.grammar import GRAMMAR, PROFILES
from policy.model import Policy
from policy.sampler import sample
from policy.text import VOCABULARY
from tests.unit.learner import samples

CONFIG = LearnerConfig(device="cpu", precision="float32", text_dropout=0.2, names_dropout=0.2)


def make(config: LearnerConfig = CONFIG, seed: int = 4) -> LocalBackend:
    return LocalBackend(samples.MODEL, ObjectiveConfig(), config, seed=seed)


class Supply:
    """References in their order beside the same trajectories at every step."""

    def __init__(self) -> None:
        self.references = samples.references(CONFIG)
        self._rollouts = samples.rows(0)

    def shards(self):
        rows = [*self.references.draw(16), *self._rollouts]
        return collate(rows, num_parts=2, policy_version=5)


def losses(backend: LocalBackend, supply: Supply, steps: int) -> list[dict[str, float]]:
    return [backend.update(supply.shards()) for _ in range(steps)]


def test_resume_is_bit_for_bit(tmp_path: Path):
    backend, supply = make(), Supply()
    losses(backend, supply, 3)
    checkpoint.save(
        tmp_path,
        Checkpoint(
            learner=backend.state(),
            grammar_version=GRAMMAR.version,
            text_version=VOCABULARY.version,
            policy_version=1,
            config={"model": samples.MODEL.model_dump(mode="json")},
            loop={"references": supply.references.state()},
        ),
        keep=1,
    )
    expected = losses(backend, supply, 6)

    loaded = checkpoint.load(
        tmp_path, grammar_version=GRAMMAR.version, text_version=VOCABULARY.version
    )
    torch.manual_seed(99)
    resumed, again = make(seed=8), Supply()
    losses(resumed, again, 1)  # whatever it was doing before
    resumed.load_state(loaded.learner)
    again.references.load_state(loaded.loop["references"])
    assert losses(resumed, again, 6) == expected
    final = backend.state()
    assert final.steps == resumed.steps == 9
    for name, value in resumed.state().tensors.items():
        assert torch.equal(value, final.tensors[name]), name


def test_the_same_seed_trains_the_same_and_another_does_not():
    first, second, third = (losses(make(seed=s), Supply(), 2)[-1] for s in (1, 1, 2))
    assert first == second
    assert first["loss/total"] != third["loss/total"]


def test_a_few_tasks_are_learned_by_heart(tmp_path: Path):
    """References alone: after a while the policy writes them, greedily decoded."""
    config = LearnerConfig(
        device="cpu",
        text_dropout=0.0,
        names_dropout=0.0,
        optimizer=OptimizerConfig(learning_rate=1e-2, warmup_steps=10, ema_decay=0.9),
    )
    backend = make(config)
    rows = samples.references(config).draw(8)
    shards = collate(rows, num_parts=2)
    first = backend.update(shards)
    for _ in range(120):
        last = backend.update(shards)
    assert last["loss/supervised"] < 0.1 * first["loss/supervised"]
    assert last["token_accuracy"] > 0.98
    saved = Checkpoint(
        learner=backend.state(),
        grammar_version=GRAMMAR.version,
        text_version=VOCABULARY.version,
        policy_version=1,
        config={"model": samples.MODEL.model_dump(mode="json")},
        loop={},
    )
    checkpoint.save(tmp_path, saved, keep=1)
    policy, _ = load_policy(tmp_path)
    drawn = sample(
        policy,
        [row.spec for row in rows],
        1,
        temperature=0.01,
        max_actions=samples.MAX_ACTIONS,
        profile=PROFILES[samples.PROFILE],
        generator=torch.Generator().manual_seed(1),
    )
    right = [
        list(one.actions) == row.program.actions.tolist()
        for one, row in zip(drawn, rows, strict=True)
    ]
    assert sum(right) >= 7


def test_rollouts_behaviour_matches_the_policy_that_sampled_them():
    """The ratio of a policy to itself is 1: masks, temperature and features are the sampler's."""
    torch.manual_seed(5)
    policy = Policy(samples.MODEL)
    backend = make()
    state = backend.state()
    weights = {f"weights/{name}": value for name, value in policy.state_dict().items()}
    backend.load_state(type(state)(state.tensors | weights, 0))
    figures = backend.update(collate(samples.rows(0), policy_version=2))
    assert figures["clip_fraction"] == 0.0
    assert figures["kl_behaviour"] == pytest.approx(0.0, abs=1e-8)


def test_weights_are_the_average_and_fit_the_policy():
    backend, supply = make(), Supply()
    losses(backend, supply, 3)
    weights, state = backend.weights(), backend.state()
    Policy(samples.MODEL).load_state_dict(weights)
    raw = {name: state.tensors[f"weights/{name}"] for name in weights}
    assert any(not torch.equal(raw[name], value) for name, value in weights.items())


def test_bfloat16_trains_close_to_float32_and_its_state_is_float32():
    half = make(CONFIG.model_copy(update={"precision": "bfloat16"}))
    full, shards = make(), Supply().shards()
    assert (half.precision, full.precision) == ("bfloat16", "float32")
    for _ in range(3):
        found, expected = half.update(shards), full.update(shards)
    assert found["loss/total"] == pytest.approx(expected["loss/total"], rel=0.02)
    assert found["loss/total"] != expected["loss/total"]
    states = half.state(), full.state()
    for one in states:
        kinds = {value.dtype for name, value in one.tensors.items() if not name.startswith("rng/")}
        assert kinds == {torch.float32}
    # Either goes on from the other's state, as near to it as before.
    for backend, state in zip((half, full), reversed(states), strict=True):
        backend.load_state(state)
    found, expected = full.update(shards), half.update(shards)
    assert found["loss/total"] == pytest.approx(expected["loss/total"], rel=0.05)


def test_several_learners_need_ray():
    with pytest.raises(ValueError, match=r"learner\.num_learners is 2.*runtime=ray"):
        make(LearnerConfig(num_learners=2))
