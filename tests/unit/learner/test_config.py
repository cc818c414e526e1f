"""Settings that can't work are refused in words."""

import pytest
from pydantic import ValidationError

from learner.config import TERMS, LearnerConfig, ObjectiveConfig, Schedule


def test_every_term_has_a_weight():
    assert set(ObjectiveConfig().weights_at(0)) == set(TERMS)


def test_a_weight_is_a_number_or_a_schedule():
    config = ObjectiveConfig.model_validate(
        {"supervised": 0.5, "policy_gradient": {"start": 0.0, "end": 2.0, "to_step": 4}}
    )
    assert config.policy_gradient == Schedule(start=0.0, end=2.0, to_step=4)
    assert config.weights_at(2)["policy_gradient"] == 1.0
    assert config.weights_at(2)["supervised"] == 0.5


@pytest.mark.parametrize(
    "values", [{"supervised": -1.0}, {"entropy": {"start": 1.0}}, {"unknown": 1.0}]
)
def test_wrong_weights_are_refused(values: dict[str, object]):
    with pytest.raises(ValidationError):
        ObjectiveConfig.model_validate(values)


def test_no_rows_at_all_are_refused():
    with pytest.raises(ValidationError, match="supervised_rows and rollout_rows are both 0"):
        LearnerConfig(supervised_rows=0, rollout_rows=0)


def test_a_device_has_one_of_four_forms():
    for device in ("auto", "cpu", "cuda", "cuda:3"):
        assert LearnerConfig(device=device).device == device
    for wrong in ("gpu", "cuda:", "cuda:-1", "CPU", "cuda:0 "):
        with pytest.raises(ValidationError, match="expected auto, cpu, cuda or cuda:N"):
            LearnerConfig(device=wrong)
