import ast

import pytest
import torch

from policy.config import HRMConfig, ModelConfig
from policy.grammar import PROFILES, Automaton, Root
from policy.model import Policy
from policy.sampler import sample
from policy.spec import collate, encode
from policy.untrained import compile_share, compiles, varied_tasks

SMALL = HRMConfig(width=32, heads=2, h_cycles=2, l_cycles=2)
SWITCHED = {"spec_reader": "prefix", "q_position": "first", "act": "off"}
MODEL = ModelConfig(hrm=SMALL)
TEMPERATURE = 0.7
LIMIT = 40


@pytest.fixture(scope="module", params=[{}, SWITCHED], ids=["default", "switched"])
def policy(request):
    torch.manual_seed(0)
    made = Policy(ModelConfig(hrm=SMALL.model_copy(update=request.param))).eval()
    torch.nn.init.normal_(made.hrm.q_head.weight)
    return made


@pytest.fixture(scope="module")
def specs():
    return [encode(task, MODEL.spec) for task in varied_tasks()]


def draw(policy, specs, k=3, seed=0, profile="core"):
    return sample(
        policy,
        specs,
        k,
        temperature=TEMPERATURE,
        max_actions=LIMIT,
        profile=PROFILES[profile],
        generator=torch.Generator().manual_seed(seed),
    )


@pytest.fixture(scope="module")
def samples(policy, specs):
    return draw(policy, specs)


def test_every_task_gets_its_k_samples_in_order(specs, samples):
    assert [made.task for made in samples] == [i for i in range(len(specs)) for _ in range(3)]
    assert all(1 <= len(made.actions) <= LIMIT for made in samples)
    assert len({made.actions for made in samples}) > len(samples) // 2


def test_sources_hold_the_entry_function_of_their_task(specs, samples):
    for made in samples:
        tree = ast.parse(made.source)
        assert compiles(made.source)
        names = specs[made.task].names
        if names.entry_point is not None:
            (function,) = tree.body
            assert isinstance(function, ast.FunctionDef)
            assert function.name == names.entry_point
            assert tuple(arg.arg for arg in function.args.args) == names.params
            assert function.returns is None


def test_what_sampling_says_is_what_teacher_forcing_says(policy, specs, samples):
    """Log-probs and Q-values of cached, shrinking batches equal those of one full pass."""
    chosen = [made for made in samples if specs[made.task].root is Root.BODY]
    lengths = torch.tensor([len(made.actions) for made in chosen])
    actions = torch.zeros(len(chosen), LIMIT, dtype=torch.long)
    for row, made in zip(actions, chosen, strict=True):
        row[: len(made.actions)] = torch.tensor(made.actions)
    trace = Automaton(
        PROFILES["core"],
        [specs[made.task].context for made in chosen],
        LIMIT,
        Root.BODY,
        torch.device("cpu"),
    ).replay(actions, lengths)
    assert trace.legal.all()
    valid = torch.arange(LIMIT) < lengths[:, None]
    with torch.no_grad():
        states = policy.encode_spec(collate(specs))
        rows = torch.tensor([made.task for made in chosen])
        output = policy(states, rows, actions, trace.features, valid)
    logits = (output.logits[-1] / TEMPERATURE).masked_fill(~trace.mask, -torch.inf)
    expected = logits.log_softmax(-1).gather(2, actions[..., None])[..., 0]
    for row, made in enumerate(chosen):
        found = torch.tensor(made.logprobs)
        torch.testing.assert_close(found, expected[row, : lengths[row]], atol=1e-4, rtol=1e-5)
        assert made.q_halt == pytest.approx(output.q_halt[-1, row].item(), abs=1e-4)
        assert made.q_continue == pytest.approx(output.q_continue[-1, row].item(), abs=1e-4)


def test_the_generator_alone_decides(policy, specs, samples):
    assert draw(policy, specs) == samples
    assert draw(policy, specs, seed=1) != samples


def test_a_colder_policy_repeats_itself_more(policy, specs):
    def distinct(temperature):
        made = sample(
            policy,
            specs[1:2],
            40,
            temperature=temperature,
            max_actions=LIMIT,
            profile=PROFILES["core"],
            generator=torch.Generator().manual_seed(0),
        )
        return len({program.actions for program in made})

    assert distinct(0.01) < distinct(1.0)


@pytest.mark.parametrize("profile", ["core", "python"])
def test_every_sample_of_an_untrained_policy_compiles(profile):
    report = compile_share(68, profile=profile, config=MODEL, max_actions=64)
    assert report.programs == 68
    assert report.share == 1.0, report.failures


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0.0}, {"k": 0}, {"max_actions": 1}, {"max_actions": 10_000}]
)
def test_impossible_requests_are_refused(policy, specs, wrong):
    arguments = {"k": 1, "temperature": 1.0} | wrong
    with pytest.raises(ValueError, match="sampling needs"):
        sample(policy, specs, profile=PROFILES["core"], **arguments)


def test_an_unknown_profile_is_refused_by_name():
    with pytest.raises(ValueError, match="'c'"):
        compile_share(1, profile="c")
