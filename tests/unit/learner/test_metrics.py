"""What Prometheus reads of the learner."""

from prometheus_client import CollectorRegistry, generate_latest

from evaluation.records import EvalRecord, EvaluationResult, TrainRecord
from learner.metrics import LearnerMetrics


def train(reward: float | None) -> TrainRecord:
    return TrainRecord(
        step=3,
        seconds=1.0,
        policy_version=7,
        loss={"supervised": 1.5, "policy_gradient": None},
        programs_per_second=9.0,
        idle_ratio=0.25,
        reward_mean=reward,
    )


def test_every_metric_has_its_name_and_value():
    registry = CollectorRegistry()
    metrics = LearnerMetrics(registry)
    metrics.on_step(0.2, {"reference": 3, "rollout": 5})
    metrics.on_step(0.02, {"reference": 3})
    metrics.on_train(train(0.5))
    metrics.on_train(train(None))  # no rollout since: the last value stays
    metrics.on_evaluation(EvalRecord(3, 1.0, "heldout", "during", result()))
    value = registry.get_sample_value
    assert value("treewright_learner_steps_total") == 2
    assert value("treewright_learner_rows_total", {"kind": "reference"}) == 6
    assert value("treewright_learner_rows_total", {"kind": "rollout"}) == 5
    assert value("treewright_learner_loss", {"term": "supervised"}) == 1.5
    assert value("treewright_learner_loss", {"term": "policy_gradient"}) is None
    assert value("treewright_learner_reward_mean") == 0.5
    assert value("treewright_learner_idle_ratio") == 0.25
    assert value("treewright_learner_policy_version") == 7
    assert value("treewright_learner_step_seconds_count") == 2
    assert value("treewright_learner_step_seconds_bucket", {"le": "0.025"}) == 1
    assert value("treewright_learner_pass_rate", {"split": "heldout", "k": "1"}) == 0.125
    assert value("treewright_learner_pass_rate", {"split": "heldout", "k": "10"}) is None
    assert b"treewright_learner_step_seconds_bucket" in generate_latest(registry)


def result() -> EvaluationResult:
    return EvaluationResult(
        pass_at={"1": 0.125, "10": None},
        pass_at_by_stage={},
        scored_tasks={"1": 8, "10": 0},
        tasks=(),
        verdicts={},
        violations=0,
        internal=0,
        samples=8,
        executed=8,
        seconds=1.0,
        programs_per_second=8.0,
        temperature=1.0,
        profile="core",
        max_actions=48,
    )
