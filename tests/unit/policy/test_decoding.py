"""Cached decoding equals the full pass: every switch, ragged rows, forks and rows that join."""

import itertools
from contextlib import nullcontext
from statistics import fmean
from unittest.mock import patch

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy import decoding, fixed, packed
from policy.cache import DecodingCache
from policy.config import HRMConfig, ModelConfig, SpecConfig
from policy.fixed import Arena
from policy.grammar import GRAMMAR
from policy.layers import Linear
from policy.model import Policy
from policy.network import close_features
from policy.precision import at_precision
from policy.spec import collate, encode
from tasks.schema import Example, Param, Signature, Task

LENGTH = 12
TOLERANCE = {"float32": 1e-5, "bfloat16": 5e-2}


def spec(index):
    return encode(
        Task(
            id=f"t/{index}",
            entry_point="f",
            signature=Signature((Param("n", "int"),), "int"),
            description=f"Add {index + 40} to n" + " and again" * index,
            examples=(Example((1,), index),),
        ),
        SpecConfig(),
    )


@st.composite
def configs(draw):
    heads = draw(st.sampled_from([1, 2, 4]))
    layers = draw(st.sampled_from([(1, 1), (2, 1), (1, 2), (2, 0), (0, 2)]))
    share = draw(st.booleans()) and layers[0] > 0
    readers = ["both", "prefix"] + ["h"] * (layers[0] > 0) + ["l"] * (layers[1] > 0)
    core = HRMConfig(
        width=16,
        heads=heads,
        kv_heads=draw(st.sampled_from([n for n in (1, 2, 4) if heads % n == 0])),
        h_layers=layers[0],
        l_layers=layers[1],
        h_cycles=draw(st.integers(1, 2)),
        l_cycles=draw(st.integers(1, 2)),
        segments=draw(st.integers(1, 3)),
        carry=draw(st.sampled_from(["keep", "reset"])),
        gradient_horizon=draw(st.integers(0, 2)),
        share_levels=share,
        feedback=draw(st.booleans()),
        norm=draw(st.sampled_from(["post", "pre"])),
        positions=draw(st.sampled_from(["rope", "learned"])),
        spec_reader=draw(st.sampled_from(readers)),
        act=draw(st.sampled_from(["off", "halt", "halt_continue"])),
        q_position=draw(st.sampled_from(["last", "first"])),
    )
    return ModelConfig(
        hrm=core,
        graph=draw(st.booleans()),
        message_width=8,
        tie_output=draw(st.booleans()),
        distribution=draw(st.sampled_from(["softmax", "stablemax"])),
        max_actions=LENGTH + draw(st.integers(0, 3)),
    )


@st.composite
def plans(draw):
    """Prefix lengths of the tasks, and task and length of each program: at least its prefix."""
    begins = draw(st.lists(st.integers(0, LENGTH), min_size=1, max_size=3))
    tasks = draw(st.lists(st.integers(0, len(begins) - 1), min_size=1, max_size=8))
    lengths = [draw(st.integers(begins[task], LENGTH)) for task in tasks]
    return begins, tasks, lengths, draw(st.integers(1, len(tasks)))


def programs(begins, tasks, seed):
    """Random actions on random trees; those of a task begin alike."""
    generator = torch.Generator().manual_seed(seed)
    rows = len(begins) + len(tasks)

    def some(high):
        return torch.randint(high, (rows, LENGTH), generator=generator)

    def edge():
        positions = torch.arange(LENGTH)
        return (torch.rand(rows, LENGTH, generator=generator) * (positions + 1)).long() - 1

    columns = (some(GRAMMAR.num_holes), edge(), edge(), some(32), some(32), edge())
    actions, features = some(GRAMMAR.num_actions), torch.stack(columns, dim=-1)
    for row, task in enumerate(tasks):
        for values in (actions, features):
            values[len(begins) + row, : begins[task]] = values[task, : begins[task]]
    return actions, features


def policy_of(config, seed, precision):
    torch.manual_seed(seed)
    policy = Policy(config).eval()
    torch.nn.init.normal_(policy.hrm.q_head.weight)
    torch.nn.init.zeros_(policy.hrm.q_head.bias)
    return at_precision(policy, precision)


def merge(policy):
    """Let blocks have two products where they had up to six."""

    def product(weight):
        inputs, outputs = weight.T.shape
        made = Linear(inputs, outputs, bias=False)
        made.weight.copy_(weight)
        return made

    for level in policy.hrm.levels:
        for block in level.blocks():
            block.merge(product)


class Run:
    """Decodes given programs as the sampler does drawn ones, and checks every position."""

    def __init__(
        self, config, plan, seed, precision="float32", arena=None, *, fixed=False, merged=False
    ):
        begins, tasks, lengths, self.rows = plan
        count = len(begins)
        self.policy = policy_of(config, seed, precision)
        self.policy.arena, self.policy.compiled = arena or Arena(), fixed
        self.precision, self.errors = precision, list[float]()
        actions, features = programs(begins, tasks, seed)
        self.states = self.policy.encode_spec(collate([spec(index) for index in range(count)]))
        self.tasks, self.lengths = torch.tensor(tasks), torch.tensor(lengths)
        self.actions = actions[count:]
        valid = torch.arange(LENGTH) < self.lengths[:, None]
        self.features = close_features(features[count:], valid)
        self.full = self.policy(self.states, self.tasks, self.actions, features[count:], valid)
        if merged:
            merge(self.policy)
            self.states = self.policy.encode_spec(collate([spec(index) for index in range(count)]))
        longest = max(begins)
        self.past = self.policy.begin(
            self.states,
            actions[:count, :longest],
            features[:count, : max(1, longest)],
            torch.tensor(begins),
        )
        self.compared = 0

    def run(self, leaves):
        live = torch.arange(self.rows)
        queued = list(range(self.rows, len(self.tasks)))
        cache = DecodingCache(
            self.policy.config, self.past, self.tasks[live], LENGTH + 1, self.policy.arena
        )
        done = torch.zeros_like(live, dtype=torch.bool)
        while not done.all() or queued:
            reading = self.states.rows(self.tasks[live])
            ages = cache.ages.clone()
            if self.policy.compiled:
                reading = decoding.widened(reading)
            decoded = decoding.decode(self.policy, reading, self.features[live, ages], cache)
            self.compare_rows(decoded, live, ages, done)
            done = done | (ages == self.lengths[live])
            if done.any() and not done.all() and not queued and next(leaves):
                kept = (~done).nonzero()[:, 0].flip(0)
                cache.select(kept)
                live, done, ages = live[kept], done[kept], ages[kept]
            cache.push(self.actions[live, ages.clamp(max=LENGTH - 1)])
            if done.any() and queued and (done.all() or next(leaves)):
                rows = done.nonzero()[: len(queued), 0]
                live[rows] = torch.tensor([queued.pop(0) for _ in rows])
                done[rows] = False
                cache.put(rows, self.past, self.tasks[live[rows]])

    def compare_rows(self, decoded, live, ages, done):
        depths = torch.full_like(self.tasks, self.policy.config.hrm.segments - 1)
        if self.past.depths is not None:
            depths = self.past.depths[self.tasks]
        logits, q = decoded.logits, self.policy.hrm.q_values(decoded.state)
        for row, (program, age) in enumerate(zip(live.tolist(), ages.tolist(), strict=True)):
            if done[row]:
                continue
            self.compared += 1
            depth, length = depths[program], self.lengths[program]
            if age < length:
                expected = self.full.logits[depth, program, age]
                self.compare(self.scores(logits[row]), self.scores(expected))
            elif self.policy.config.hrm.q_position == "last":
                self.compare(q[0][row], self.full.q_halt[-1, program])
                self.compare(q[1][row], self.full.q_continue[-1, program])

    def scores(self, logits):
        """What the rounding is relative to: stablemax's logits are logarithms of that."""
        if self.policy.config.distribution == "softmax":
            return logits
        return logits.sign() * logits.abs().expm1()

    def compare(self, found, expected):
        error = (found - expected).abs().max() / max(1.0, expected.abs().max())
        self.errors.append(error.item())

    @property
    def agrees(self):
        """In float32 everywhere; in bfloat16, whose rounding recurs in every call, on the whole."""
        summed = max if self.precision == "float32" else fmean
        return not self.errors or summed(self.errors) <= TOLERANCE[self.precision]


SETTINGS = settings(
    max_examples=12,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
PLANS = {
    "config": configs(),
    "plan": plans(),
    "leaves": st.lists(st.booleans()),
    "seed": st.integers(0, 99),
}


def decode(config, plan, leaves, seed, precision="float32", arena=None, *, packs=False, **ways):
    begins, tasks, lengths, _ = plan
    with torch.no_grad():
        run = Run(config, plan, seed, precision, arena, **ways)
        with packed.weights() if packs else nullcontext():
            run.run(itertools.chain(leaves, itertools.repeat(True)))
    assert run.agrees
    # Each position after the prefix once, and the one after the last action.
    assert run.compared == sum(
        length - begins[task] + 1 for task, length in zip(tasks, lengths, strict=True)
    )


@SETTINGS
@given(**PLANS)
def test_cached_logits_are_those_of_the_full_pass(config, plan, leaves, seed):
    arena = Arena()
    decode(config, plan, leaves, seed, "float32", arena)
    # Now where the first batch was.
    decode(config, plan, leaves, seed + 1, "float32", arena)


@settings(SETTINGS, max_examples=6)
@given(**PLANS)
def test_they_are_so_with_merged_products(config, plan, leaves, seed):
    decode(config, plan, leaves, seed, merged=True)


@settings(SETTINGS, max_examples=6)
@given(**PLANS)
def test_they_are_so_with_packed_weights(config, plan, leaves, seed):
    with patch.multiple(packed, _FEWEST_INPUTS=8, _FEWEST_OUTPUTS=8):
        decode(config, plan, leaves, seed, packs=True)


@pytest.fixture(scope="module")
def uncompiled():
    """Steps of fixed shapes, smaller ones than ours, as they are written: Python runs them."""
    with (
        patch.object(decoding, "_compiled", lambda device: decoding._step),
        patch.object(fixed, "_MULTIPLE", 4),
    ):
        yield


@SETTINGS
@given(**PLANS)
@pytest.mark.usefixtures("uncompiled")
def test_so_are_those_of_steps_of_fixed_shapes(config, plan, leaves, seed):
    arena = Arena()
    decode(config, plan, leaves, seed, "float32", arena, fixed=True)
    decode(config, plan, leaves, seed + 1, "float32", arena, fixed=True)


@settings(SETTINGS, max_examples=6)
@given(**PLANS)
def test_in_bfloat16_they_are_as_near_as_its_rounding(config, plan, leaves, seed):
    decode(config, plan, leaves, seed, "bfloat16")


def test_a_row_that_joins_late_wraps_around_the_ring():
    """Three programs through one place: the clock passes the number of columns twice."""
    config = ModelConfig(hrm=HRMConfig(width=16, heads=2), message_width=8, max_actions=LENGTH)
    with torch.no_grad():
        run = Run(config, ([0, 5], [0, 1, 0, 0], [LENGTH, LENGTH, LENGTH, 9], 1), 0)
        run.run(itertools.repeat(True))
    assert run.agrees
    assert run.compared == 3 * LENGTH - 5 + 9 + 4


@pytest.mark.parametrize("precision", TOLERANCE)
def test_a_cache_that_mixes_rows_up_would_be_seen(precision):
    config = ModelConfig(hrm=HRMConfig(width=16, heads=2), message_width=8, max_actions=LENGTH)
    with torch.no_grad():
        run = Run(config, ([0, 4], [0, 1, 1], [LENGTH, LENGTH, LENGTH], 3), 0, precision)
        run.past = run.past._replace(kv=run.past.kv.flip(2))
        run.run(itertools.repeat(True))
    assert not run.agrees
