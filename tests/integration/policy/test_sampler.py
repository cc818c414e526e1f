import ast
import copy
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend

from policy import decoding
from policy.config import HRMConfig, ModelConfig
from policy.drawing import _draw
from policy.grammar import GRAMMAR, PROFILES, Automaton, Root
from policy.model import Policy
from policy.precision import at_precision
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


def check(chosen, policy, specs, temperature, tolerance=1e-4):
    """Compare log-probabilities and Q-values with those of one full pass."""
    lengths = torch.tensor([len(made.actions) for made in chosen])
    actions = torch.zeros(len(chosen), LIMIT, dtype=torch.long)
    for row, made in zip(actions, chosen, strict=True):
        row[: len(made.actions)] = torch.tensor(made.actions)
    contexts = [specs[made.task].context for made in chosen]
    machine = Automaton(PROFILES["core"], contexts, LIMIT, Root.BODY, torch.device("cpu"))
    trace = machine.replay(actions, lengths)
    assert trace.legal.all()
    valid = torch.arange(LIMIT) < lengths[:, None]
    with torch.no_grad():
        states = policy.encode_spec(collate(specs))
        rows = torch.tensor([made.task for made in chosen])
        output = policy(states, rows, actions, trace.features, valid)
    logits = (output.logits[-1] / temperature).masked_fill(~trace.mask, -torch.inf)
    expected = logits.log_softmax(-1).gather(2, actions[..., None])[..., 0]
    for row, made in enumerate(chosen):
        found = torch.tensor(made.logprobs)
        torch.testing.assert_close(found, expected[row, : lengths[row]], atol=tolerance, rtol=1e-5)
        assert made.q_halt == pytest.approx(output.q_halt[-1, row].item(), abs=tolerance)
        assert made.q_continue == pytest.approx(output.q_continue[-1, row].item(), abs=tolerance)


def test_what_sampling_says_is_what_teacher_forcing_says(policy, specs, samples):
    """Log-probs and Q-values of cached, shrinking batches equal those of one full pass."""
    chosen = [made for made in samples if specs[made.task].root is Root.BODY]
    check(chosen, policy, specs, TEMPERATURE)


def test_in_bfloat16_they_agree_to_its_rounding(policy, specs):
    half = at_precision(policy, "bfloat16")
    chosen = [made for made in draw(half, specs) if specs[made.task].root is Root.BODY]
    check(chosen, half, specs, TEMPERATURE, tolerance=0.3)


def test_in_bfloat16_log_probs_are_of_the_logits_that_were_drawn_from(policy, specs, monkeypatch):
    half, logits = at_precision(policy, "bfloat16"), []
    project = Policy.project

    def kept(self, state):
        logits.append(project(self, state))
        return logits[-1]

    monkeypatch.setattr(Policy, "project", kept)
    (made,) = draw(half, specs[4:5], k=1)
    assert {one.dtype for one in logits} == {torch.float32}
    actions, length = torch.tensor([made.actions]), torch.tensor([len(made.actions)])
    machine = Automaton(PROFILES["core"], [specs[4].context], LIMIT, Root.BODY, torch.device("cpu"))
    mask = machine.replay(actions, length).mask[0]
    # The last are those of the position after the program, where its Q-values are.
    said = (torch.cat(logits[:-1]) / TEMPERATURE).masked_fill(~mask, -torch.inf).log_softmax(-1)
    found = said.gather(1, actions.T)[:, 0]
    torch.testing.assert_close(torch.tensor(made.logprobs), found, atol=1e-5, rtol=1e-5)


def test_the_generator_alone_decides(policy, specs, samples):
    assert draw(policy, specs) == samples
    assert draw(policy, specs, seed=1) != samples


def test_programs_go_on_from_the_prefixes_they_are_given(policy, specs, samples):
    """Unequal prefixes, the empty one and a whole program; what follows is legal and drawn."""
    chosen = [samples[3 * index] for index in range(len(specs))]
    prefixes = [made.actions[: 5 * (index % 4)] for index, made in enumerate(chosen)]
    prefixes[0] = chosen[0].actions
    drawn = sample(
        policy,
        specs,
        4,
        max_actions=LIMIT,
        profile=PROFILES["core"],
        generator=torch.Generator().manual_seed(5),
        prefixes=prefixes,
    )
    for made in drawn:
        prefix = prefixes[made.task]
        assert made.actions[: len(prefix)] == prefix
        assert len(made.logprobs) == len(made.actions) - len(prefix)
        assert compiles(made.source)
    assert {made.actions for made in drawn[:4]} == {chosen[0].actions}
    assert drawn[0].q_halt == pytest.approx(chosen[0].q_halt, abs=1e-4)


def test_a_prefix_changes_no_probability(policy, specs):
    """Almost at temperature 0 the likeliest program comes again from each of its prefixes."""
    cold: dict[str, Any] = {"temperature": 1e-4, "max_actions": LIMIT, "profile": PROFILES["core"]}
    (whole,) = sample(policy, specs[4:5], 1, **cold)
    for length in (1, len(whole.actions) // 2, len(whole.actions) - 1):
        (made,) = sample(policy, specs[4:5], 1, prefixes=[whole.actions[:length]], **cold)
        assert made.actions == whole.actions
        torch.testing.assert_close(
            torch.tensor(made.logprobs), torch.tensor(whole.logprobs[length:]), atol=2e-2, rtol=1e-3
        )


def test_a_prefix_that_the_grammar_refuses_is_named(policy, specs, samples):
    wrong = (*samples[0].actions[:2], GRAMMAR.action_ids["PAD"])
    with pytest.raises(ValueError, match=r"action 2 of prefix 0, PAD, is not allowed"):
        sample(policy, specs[:1], 1, profile=PROFILES["core"], prefixes=[wrong])


def test_a_small_batch_with_a_queue_draws_what_teacher_forcing_says(policy, specs):
    """51 programs through 5 places: each joins rows that are further on."""
    drawn = sample(
        policy,
        specs,
        3,
        max_actions=LIMIT,
        profile=PROFILES["core"],
        generator=torch.Generator().manual_seed(2),
        rows=5,
    )
    assert [made.task for made in drawn] == [i for i in range(len(specs)) for _ in range(3)]
    assert all(compiles(made.source) for made in drawn)
    chosen = [made for made in drawn if specs[made.task].root is Root.BODY]
    check(chosen, policy, specs, 1.0)


def decoding_by(compiled, policy, monkeypatch):
    """Give a copy of the policy that decodes by a compiled step."""
    monkeypatch.setattr(decoding, "_compiled", lambda device: compiled)
    same = copy.deepcopy(policy)
    decoding.set_decoding(same, "compiled")
    return same


def draw_and_check(policy, specs, k, rows=None):
    drawn = sample(
        policy,
        specs,
        k,
        temperature=TEMPERATURE,
        max_actions=LIMIT,
        profile=PROFILES["core"],
        generator=torch.Generator().manual_seed(k),
        rows=rows,
    )
    chosen = [made for made in drawn if specs[made.task].root is Root.BODY]
    check(chosen, policy, specs, TEMPERATURE)


@pytest.mark.parametrize("changed", [{}, SWITCHED], ids=["default", "switched"])
def test_one_graph_serves_batches_of_every_size_and_other_weights(changed, specs, monkeypatch):
    torch._dynamo.reset()
    torch.manual_seed(0)
    policy = Policy(ModelConfig(hrm=HRMConfig(width=16, heads=2, segments=1, **changed))).eval()
    graphs = CompileCounterWithBackend("eager")
    compiled = torch.compile(decoding._step, fullgraph=True, backend=graphs)
    one, other = (decoding_by(compiled, policy, monkeypatch) for _ in range(2))
    draw_and_check(one, specs, 3, rows=5)
    draw_and_check(one, specs[4:5], 1)
    draw_and_check(other, specs[1:], 9)
    assert graphs.frame_count == 1


@pytest.mark.slow
@pytest.mark.timeout(1200)  # the compiler: 50 s of a free core
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch itself, on import
def test_a_compiled_step_is_exact(specs, monkeypatch, tmp_path):
    """One block, of every part: inductor takes a while."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch._dynamo.reset()
    torch.manual_seed(0)
    core = HRMConfig(width=16, heads=2, h_layers=0, spec_reader="l", segments=1)
    policy = Policy(ModelConfig(hrm=core)).eval()
    decoding.set_decoding(policy, "compiled")
    draw_and_check(policy, specs, 3, rows=5)


def test_with_a_generator_each_specs_are_drawn_as_if_alone(policy, specs):
    def drawn(which, rows=None):
        made = sample(
            policy,
            [specs[at] for at in which],
            3,
            max_actions=16,
            profile=PROFILES["core"],
            generator=[torch.Generator().manual_seed(at) for at in which],
            rows=rows,
        )
        return [(which[one.task], one.actions) for one in made]

    alone = {at: drawn([at]) for at in range(3)}
    for which, rows in (([0, 1, 2], None), ([2, 0, 1], 4)):
        assert drawn(which, rows) == [one for at in which for one in alone[at]]
    assert len({actions for made in alone.values() for _, actions in made}) > 5
    with pytest.raises(ValueError, match="generator: one for each of 2 specs, got 1"):
        sample(policy, specs[:2], 1, profile=PROFILES["core"], generator=[torch.Generator()])


def test_draws_follow_the_probabilities_and_never_the_impossible():
    weights = torch.zeros(705)
    weights[[0, 31, 32, 400, 704]] = torch.tensor([0.1, 0.2, 0.3, 0.15, 0.25])
    uniform = torch.rand(20_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    drawn, logprobs = _draw(weights[None], torch.zeros(20_000, dtype=torch.long), uniform)
    counts = drawn.bincount(minlength=705) / len(drawn)
    assert (counts[weights == 0] == 0).all()
    torch.testing.assert_close(counts, weights, atol=0.015, rtol=0)
    torch.testing.assert_close(logprobs, weights[drawn].log())


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


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize(("budget", "edits"), [(4, 0), (64, 0), (64, 1)])
def test_every_sample_of_an_untrained_policy_compiles_within_its_budget(profile, budget, edits):
    count = 68 * (1 + edits)
    report = compile_share(count, profile=profile, max_actions=budget, edits=edits)
    assert report.programs == count
    assert report.kept, report.failures


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0.0}, {"k": 0}, {"max_actions": 1}, {"max_actions": 10_000}]
)
def test_impossible_requests_are_refused(policy, specs, wrong):
    arguments = {"k": 1, "temperature": 1.0} | wrong
    with pytest.raises(ValueError, match="sampling needs"):
        sample(policy, specs, profile=PROFILES["core"], **arguments)


def test_an_unknown_profile_is_refused_by_name():
    with pytest.raises(ValueError, match="'c'"):
        compile_share(1, profile="c", max_actions=9)


def rows_computed(policy, monkeypatch):
    """Count the rows of every step from here on."""
    counted: list[int] = []
    step = Policy.step

    def counting(self, reading, features, cache):
        counted.append(len(features))
        return step(self, reading, features, cache)

    monkeypatch.setattr(Policy, "step", counting)
    return counted


def test_programs_that_begin_alike_are_computed_once(policy, specs, monkeypatch):
    counted = rows_computed(policy, monkeypatch)
    arguments: dict[str, Any] = {"max_actions": LIMIT, "profile": PROFILES["core"]}
    cold = sample(policy, specs[4:5], 50, temperature=1e-4, **arguments)
    assert len({made.actions for made in cold}) == 1
    assert counted == [1] * (len(cold[0].actions) + 1)
    del counted[:]
    warm = sample(policy, specs[4:5], 50, temperature=1.0, **arguments)
    # A row for each beginning that some programs share, and one for each whole program.
    beginnings = {made.actions[:end] for made in warm for end in range(len(made.actions))}
    distinct = len(beginnings) + len({made.actions for made in warm})
    assert sum(counted) == distinct
    assert max(counted) > 20
