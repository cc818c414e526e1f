"""The `evaluation:` section."""

import re

import pytest
from pydantic import ValidationError

from evaluation.config import EvaluationConfig
from policy.config import ModelConfig


@pytest.mark.parametrize(("ks", "samples"), [((11,), 10), ((0,), 10), ((1, 100), 99)])
def test_a_k_that_the_samples_cannot_give_is_refused(ks, samples):
    with pytest.raises(
        ValidationError, match=r"evaluation\.ks: pass@\d+ needs evaluation\.samples"
    ):
        EvaluationConfig(ks=ks, samples=samples)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"search": "beam"}, "search=beam needs evaluation.max_edits >= 2"),
        ({"search": "mcts", "max_edits": 1}, "search=mcts needs evaluation.max_edits >= 2"),
        ({"max_edits": 2}, "max_edits=2 needs evaluation.search=best_of, beam or mcts"),
        ({"search": "best_of", "search_nodes": 9}, "pass@10 needs evaluation.search_nodes >= 10"),
    ],
)
def test_settings_of_a_search_that_do_not_fit_together_are_refused(changed, said):
    with pytest.raises(ValidationError, match=re.escape(said)):
        EvaluationConfig.model_validate(changed)


def test_only_a_policy_that_edits_can_be_searched_with_edits():
    beam = EvaluationConfig(search="beam", max_edits=2)
    with pytest.raises(ValueError, match=r"needs a policy that edits.*model\.refine"):
        beam.check_model(ModelConfig())
    beam.check_model(ModelConfig(refine=True))
    EvaluationConfig(search="best_of").check_model(ModelConfig())


def test_a_program_longer_than_the_policys_is_refused():
    with pytest.raises(
        ValueError, match=r"evaluation\.max_actions \(192\) is above model.*\(100\)"
    ):
        EvaluationConfig().check_model(ModelConfig(max_actions=100))


def test_an_unknown_profile_is_refused():
    with pytest.raises(ValidationError, match="'cobol' is none of core, core_typed"):
        EvaluationConfig(profile="cobol")


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        EvaluationConfig.model_validate({"sample": 3})


def test_every_field_says_what_it_is():
    assert all(field.description for field in EvaluationConfig.model_fields.values())
