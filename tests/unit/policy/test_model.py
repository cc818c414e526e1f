import pytest
import torch

from policy.blocks import Surroundings
from policy.cache import DecodingCache
from policy.config import HRMConfig, ModelConfig, SpecConfig
from policy.grammar import GRAMMAR
from policy.layers import Masks
from policy.model import Policy
from policy.network import close_features
from policy.spec import collate, encode
from tasks.schema import Example, Param, Signature, Task

LENGTHS = torch.tensor([11, 3, 7, 1, 0, 10])
SMALL = {"width": 32, "heads": 2, "h_cycles": 2, "l_cycles": 2}


def spec(index):
    return encode(
        Task(
            id=f"t/{index}",
            entry_point="f",
            signature=Signature((Param("n", "int"),), "int"),
            description=f"Add {index + 40} to n, thrice" + " and again" * index,
            examples=(Example((1,), index), Example((2,), 5)),
        ),
        SpecConfig(),
    )


def batch(rows=6, length=11):
    """Random actions on random trees: every edge points backwards, as in real programs."""
    generator = torch.Generator().manual_seed(1)

    def draw(high, *shape):
        return torch.randint(high, shape, generator=generator)

    positions = torch.arange(length)
    edges = [(torch.rand(rows, length, generator=generator) * (positions + 1)).long() - 1
             for _ in range(3)]  # fmt: skip
    features = torch.stack(
        (
            draw(GRAMMAR.num_holes, rows, length),
            edges[0],
            edges[1],
            draw(32, rows, length),
            draw(32, rows, length),
            edges[2],
        ),
        dim=-1,
    )
    return (
        draw(GRAMMAR.num_actions, rows, length),
        features,
        positions < LENGTHS[:rows, None].clamp(max=length),
    )


def build(dtype=torch.float32, **settings):
    torch.manual_seed(0)
    whole = {name: settings.pop(name) for name in ModelConfig.model_fields if name in settings}
    config = ModelConfig(hrm=HRMConfig(**SMALL | settings), message_width=8, **whole)
    policy = Policy(config).to(dtype)
    torch.nn.init.normal_(policy.hrm.q_head.weight)
    return policy


def forward(policy, actions, features, valid, tasks=3):
    specs = collate([spec(index) for index in range(tasks)])
    specs = specs._replace(
        numbers=specs.numbers.to(policy.embedding.dtype),
        properties=specs.properties.to(policy.embedding.dtype),
    )
    states = policy.encode_spec(specs)
    rows = torch.arange(len(actions)) % tasks
    return states, rows, policy(states, rows, actions, features, valid)


SETTINGS = [
    {},
    {"heads": 4, "kv_heads": 2},
    {"norm": "pre"},
    {"share_levels": True, "h_layers": 2},
    {"positions": "learned", "feedback": True, "carry": "reset"},
    {"h_layers": 2, "l_layers": 2, "segments": 3, "h_cycles": 1, "l_cycles": 3},
    {"graph": False, "tie_output": False},
    {"spec_reader": "l"},
    {"spec_reader": "both", "distribution": "stablemax"},
    {"spec_reader": "prefix", "heads": 4, "kv_heads": 2, "l_layers": 2},
    {"spec_reader": "prefix", "share_levels": True, "positions": "learned", "norm": "pre"},
    {"h_layers": 2, "l_layers": 0, "h_cycles": 1, "l_cycles": 1, "segments": 1, "norm": "pre"},
    {"h_layers": 0, "l_layers": 2, "segments": 1, "spec_reader": "prefix"},
]


def begin(policy, states, rows, features):
    """A cache whose rows have no action yet."""
    own = states.select(rows)
    nothing = torch.zeros(len(rows), 0, dtype=torch.long)
    past = policy.begin(own, nothing, features[:, :1], torch.zeros_like(rows))
    positions = features.shape[1] + 1
    return DecodingCache(policy.config, past, torch.arange(len(rows)), positions)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cached_steps_equal_the_full_pass_on_ragged_rows(settings, dtype):
    policy = build(dtype=dtype, **settings)
    actions, features, valid = batch()
    with torch.no_grad():
        states, rows, full = forward(policy, actions, features, valid)
        reading = states.rows(rows)
        cache = begin(policy, states, rows, features)
        closed = close_features(features, valid)
        # In float64 an inexact cache could not hide behind rounding.
        limit = (1e-5 if dtype == torch.float32 else 1e-12) * full.logits.abs().max()
        for t in range(actions.shape[1] + 1):
            if t:
                cache.push(actions[:, t - 1])
            state = policy.step(reading, closed[:, t], cache)
            for row in range(len(actions)):
                if t < LENGTHS[row]:
                    difference = policy.project(state[row]) - full.logits[-1, row, t]
                    assert difference.abs().max() <= limit
                if t == LENGTHS[row]:
                    halt, go_on = policy.hrm.q_values(state[row])
                    torch.testing.assert_close(halt, full.q_halt[-1, row])
                    torch.testing.assert_close(go_on, full.q_continue[-1, row])


def test_the_cache_keeps_its_rows_apart_when_some_leave():
    policy = build()
    actions, features, _ = batch(length=70)
    valid = torch.ones(6, 70, dtype=torch.bool)
    with torch.no_grad():
        states, rows, full = forward(policy, actions, features, valid)
        reading, kept = states.rows(rows), torch.arange(6)
        cache = begin(policy, states, rows, features)
        for t in range(70):
            state = policy.step(reading, features[:, t], cache)
            torch.testing.assert_close(
                policy.project(state), full.logits[-1, kept, t], atol=2e-5, rtol=1e-5
            )
            if t in (20, 40):
                stay = torch.tensor({20: [3, 0, 5, 2], 40: [2, 0]}[t])
                kept, actions, features = kept[stay], actions[stay], features[stay]
                cache.select(stay)
                reading = states.rows(rows[kept])
            cache.push(actions[:, t])


@pytest.mark.parametrize("act", ["halt", "halt_continue"])
def test_rows_that_stop_early_decode_as_that_segment_of_the_full_pass(act):
    policy = build(q_position="first", act=act, segments=3, dtype=torch.float64)
    actions, features, _ = batch()
    valid = torch.ones_like(actions, dtype=torch.bool)
    with torch.no_grad():
        before = forward(policy, actions, features, valid)[2]
        margin = before.q_halt[0] - (before.q_continue[0] if act == "halt_continue" else 0)
        policy.hrm.q_head.bias[0] -= margin.mean()  # some rows stop after one segment, some later
        states, rows, full = forward(policy, actions, features, valid)
        threshold = full.q_continue if act == "halt_continue" else torch.zeros_like(full.q_halt)
        wanted = full.q_halt > threshold
        depths = [next((m for m in range(2) if wanted[m, row]), 2) for row in range(6)]
        cache = begin(policy, states, rows, features)
        for t in range(actions.shape[1]):
            state = policy.step(states.rows(rows), features[:, t], cache)
            cache.push(actions[:, t])
            expected = full.logits[torch.tensor(depths), torch.arange(6), t]
            torch.testing.assert_close(policy.project(state), expected)
    assert len(set(depths)) > 1
    torch.testing.assert_close(cache.depths, torch.tensor(depths))


def test_a_prefix_is_the_front_of_one_sequence():
    """The spec run once by itself, then the actions, equal both run together under one mask."""
    policy = build(dtype=torch.float64, spec_reader="prefix", l_layers=2, segments=2)
    actions, features, _ = batch(rows=3)
    valid = torch.ones_like(actions, dtype=torch.bool)
    states, _, full = forward(policy, actions, features, valid)
    mask, closed = states.reading.mask, close_features(features, valid)
    assert not mask.all()
    x = torch.cat((states.states, policy.embed(actions, closed)), dim=1)
    (_, spec_length), length = mask.shape, x.shape[1]
    sees = torch.ones(length, length, dtype=torch.bool).tril()
    sees[:spec_length, :spec_length] = True
    sees = sees & torch.nn.functional.pad(mask, (0, length - spec_length), value=True)[:, None]
    table = policy.hrm.rotary
    places = [*range(spec_length), *range(128, 128 + length - spec_length)]
    neighbours = torch.zeros(3, length, 3, dtype=torch.long)
    neighbours[:, spec_length:] = closed[..., [1, 2, 5]] + 1 + spec_length
    # Nobody sends a message to the spec: cut what its blocks would get.
    around = Surroundings(
        rotation=(table.cos[places], table.sin[places]),
        neighbours=neighbours,
        masks=Masks(pairs=sees),
    )
    from_actions = (torch.arange(length) >= spec_length)[:, None]
    handles = [
        block.messages.register_forward_hook(lambda module, args, output: output * from_actions)
        for block in policy.hrm.L_level.blocks()
    ]
    together = list(policy.hrm.segments(x, around))
    for handle in handles:
        handle.remove()
    logits = policy.project(torch.stack(together)[:, :, spec_length:-1])
    torch.testing.assert_close(full.logits, logits)
    weight = policy.hrm.L_level.layers[0].self_attn.qkv_proj.weight
    one, other = (torch.autograd.grad(y.square().sum(), weight)[0] for y in (full.logits, logits))
    torch.testing.assert_close(one, other)


def test_one_more_segment_gives_the_published_target_and_no_gradient():
    policy, longer = (build(segments=n, q_target="second_forward") for n in (2, 3))
    assert policy.state_dict().keys() == longer.state_dict().keys()
    one, other = (forward(each, *batch())[2] for each in (policy, longer))
    torch.testing.assert_close(one.q_beyond, other.q_halt[2])
    assert not one.q_beyond.requires_grad
    with torch.no_grad():
        assert forward(policy, *batch())[2].q_beyond is None
    assert forward(build(), *batch())[2].q_beyond is None


def test_stablemax_is_the_softmax_of_what_the_policy_projects():
    plain, stable = build(), build(distribution="stablemax")
    state = torch.randn(5, 32) * 3
    x = plain.project(state)
    scores = torch.where(x < 0, 1 / (1 - x), x + 1)
    torch.testing.assert_close(
        stable.project(state).softmax(-1), scores / scores.sum(-1, keepdim=True)
    )


def test_a_plain_transformer_is_one_pass_through_its_blocks():
    policy = build(h_layers=3, l_layers=0, h_cycles=1, l_cycles=1, segments=1, graph=False)
    states, rows, full = forward(policy, *batch(rows=3))
    actions, features, valid = batch(rows=3)
    x = policy.embed(actions, close_features(features, valid))
    reading = states.rows(rows)
    x = x + 2 * policy.hrm.H_init + policy.hrm.L_init
    for block, kv in zip(policy.hrm.H_level.blocks(), reading.kv, strict=True):
        x = block(x, Surroundings(policy.hrm.rotation(0, 12), spec=reading), kv)
    torch.testing.assert_close(policy.project(x[:, :-1]), full.logits[0])


@pytest.mark.parametrize("settings", SETTINGS)
def test_logits_see_no_action_at_or_after_their_own_position(settings):
    policy = build(**settings)
    actions, features, _ = batch()
    valid = torch.ones_like(actions, dtype=torch.bool)
    changed, moved = actions.clone(), features.clone()
    changed[:, 6:] = (changed[:, 6:] + 1) % GRAMMAR.num_actions
    moved[:, 7:, 0] = (moved[:, 7:, 0] + 1) % GRAMMAR.num_holes
    before = forward(policy, actions, features, valid)[2]
    after = forward(policy, changed, moved, valid)[2]
    torch.testing.assert_close(before.logits[:, :, :7], after.logits[:, :, :7])
    assert not torch.allclose(before.logits[:, :, 7], after.logits[:, :, 7])
    assert not torch.allclose(before.q_halt, after.q_halt)
    for one, other in zip(before.strategy, after.strategy, strict=True):
        torch.testing.assert_close(one, other)


def test_the_last_action_moves_the_q_values():
    policy = build()
    actions, features, valid = batch()
    changed = actions.clone()
    changed[0, LENGTHS[0] - 1] += 1
    before = forward(policy, actions, features, valid)[2]
    after = forward(policy, changed, features, valid)[2]
    assert (before.q_halt[:, 0] != after.q_halt[:, 0]).all()
    torch.testing.assert_close(before.q_halt[:, 1:], after.q_halt[:, 1:])


def test_padding_changes_nothing():
    policy = build()
    actions, features, valid = batch()
    before = forward(policy, actions, features, valid)[2]
    actions, features = actions.clone(), features.clone()
    actions[~valid], features[~valid] = 5, 1
    after = forward(policy, actions, features, valid)[2]
    torch.testing.assert_close(before.logits[:, valid], after.logits[:, valid])
    torch.testing.assert_close(before.q_halt, after.q_halt)


def test_a_program_reads_the_spec_of_its_own_row_only():
    policy = build()
    actions, features, valid = (part[:1].repeat_interleave(3, 0) for part in batch())
    together = forward(policy, actions, features, valid)[2]
    assert not torch.allclose(together.logits[:, 0], together.logits[:, 1])
    alone = forward(policy, actions[:1], features[:1], valid[:1], tasks=1)[2]
    torch.testing.assert_close(together.logits[:, 0], alone.logits[:, 0])


def test_every_parameter_learns():
    policy = build(feedback=True, positions="learned")
    actions, features, valid = batch()
    output = forward(policy, actions, features, valid)[2]
    total = output.logits.square().mean() + output.q_halt.sum() + output.q_continue.sum()
    (total + sum(logits.square().sum() for logits in output.strategy)).backward()
    idle = [name for name, p in policy.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_shapes_are_those_of_the_interface():
    policy = build(segments=3)
    output = forward(policy, *batch())[2]
    assert output.logits.shape == (3, 6, 11, GRAMMAR.num_actions)
    assert output.q_halt.shape == output.q_continue.shape == (3, 6)
    assert [logits.shape[:2] for logits in output.strategy] == [(3, 6)] * len(output.strategy)


def test_too_many_actions_are_refused():
    policy = build()
    actions, features, valid = batch(length=200)
    with pytest.raises(ValueError, match=r"200 actions, but model\.max_actions is 192"):
        forward(policy, actions, features, valid)
