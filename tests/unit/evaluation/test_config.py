"""The `evaluation:` section."""

import pytest
from pydantic import ValidationError

from evaluation.config import EvaluationConfig


@pytest.mark.parametrize(("ks", "samples"), [((11,), 10), ((0,), 10), ((1, 100), 99)])
def test_a_k_that_the_samples_cannot_give_is_refused(ks, samples):
    with pytest.raises(
        ValidationError, match=r"evaluation\.ks: pass@\d+ needs evaluation\.samples"
    ):
        EvaluationConfig(ks=ks, samples=samples)


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        EvaluationConfig.model_validate({"sample": 3})


def test_every_field_says_what_it_is():
    assert all(field.description for field in EvaluationConfig.model_fields.values())
