"""What a device makes of the policy: train step and MFU, attention, decoding, sampling, in one run.

    python -m benchmarks.device [--device auto] [--precision auto] [--model base_27m] [--rows N]
                                [--small] [--results FOLDER]

    peak        the fastest product of two large matrices in the precision: what MFU is a share of,
                beside the maker's figure where it is known
    learner     train steps on references of procedural tasks; model FLOPs are those of the matrix
                products of one such step, attention and padding in full, forward, backward and
                the calls without gradient (torch.utils.flop_counter)
    puzzles     the same against the published step (`benchmarks.train_step`), of 27 million
                parameters on puzzles of 81 cells
    attention   flash-attn against SDPA on the learner's shapes, forward and backward, causal
    decoding    64 programs, cached and recomputed, eager and compiled (on a GPU as CUDA graphs)
    sampling    programs a second, eager and compiled, from the task to source text

Contenders take turns; figures are medians. Seconds are those of `benchmarks.clock`, on one CPU
thread. --small is for a look on any machine: a tiny network, few rows, small matrices.
"""

import argparse
import copy
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
import yaml
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import train_step
from benchmarks.clock import Place, in_turn, nominal, peak, seconds
from benchmarks.decode import EVERY, MODELS, nothing_compiled, programs, trees
from benchmarks.measure import RESULTS, hardware, keep
from benchmarks.reference_step import Shape
from learner.backend import Shard
from learner.batch import collate
from learner.config import LearnerConfig, ObjectiveConfig
from learner.step import TrainStep
from learner.supervised import SupervisedRows
from policy.attention import flash
from policy.cache import DecodingCache
from policy.config import ModelConfig, Precision
from policy.decoding import CompileError, decode, set_decoding, widened
from policy.device import DeviceError, device_of
from policy.model import Policy
from policy.network import close_features
from policy.precision import at_precision, resolve
from policy.spec import collate as collate_specs
from policy.spec import encode
from policy.untrained import varied_tasks
from tasks.config import TasksConfig
from tasks.schema import Task
from tasks.sources import build


class Sizes(NamedTuple):
    """How much is measured."""

    model: str
    rows: int
    """Of a learner step."""
    matrix: int
    """Side of the matrices that show the peak."""
    programs: int
    """That are decoded together."""
    positions: int
    """Decoded of each, and of attention."""
    tasks: int
    """That programs are sampled for, eight for each."""
    puzzles: Shape
    puzzle_rows: int
    rounds: int

    @property
    def network(self) -> ModelConfig:
        """Of every part but the puzzles."""
        settings = yaml.safe_load((MODELS / f"{self.model}.yaml").read_text())
        return ModelConfig.model_validate(settings | {"max_actions": max(64, self.positions)})


SMALL = Sizes(
    model="tiny",
    rows=4,
    matrix=128,
    programs=4,
    positions=16,
    tasks=1,
    puzzles=Shape(width=32, heads=2, layers=1),
    puzzle_rows=2,
    rounds=1,
)


def learner(sizes: Sizes, place: Place, tasks: Sequence[Task], rate: float) -> dict[str, Any]:
    """Time train steps."""
    model = sizes.network
    shard = _shard(model, sizes.rows, place, tasks)
    step = _step(model, place.precision, place)
    taken = in_turn({"step": partial(step, shard)}, place.device, sizes.rounds)["step"]
    flops = _flops(model, shard, place)
    return {
        "rows": sizes.rows,
        "actions_a_row": shard["0/lengths"].double().mean().item(),
        "positions_a_row": 1 + shard["0/actions"].shape[1],
        "seconds": taken,
        "rows_per_second": sizes.rows / taken,
        "model_flops": flops,
        "mfu": flops / taken / rate,
    }


def _shard(model: ModelConfig, rows: int, place: Place, tasks: Sequence[Task]) -> Shard:
    found = SupervisedRows(
        tasks,
        model,
        LearnerConfig(),
        profile="core",
        max_actions=model.max_actions,
        seed=0,
    )
    (shard,) = collate(found.draw(rows))
    return {name: value.to(place.device) for name, value in shard.items()}


def _step(model: ModelConfig, precision: Precision, place: Place) -> TrainStep:
    torch.manual_seed(0)
    config = LearnerConfig(precision=precision)
    return TrainStep(Policy(model).to(place.device), ObjectiveConfig(), config)


def _flops(model: ModelConfig, shard: Shard, place: Place) -> int:
    """Count a step's; every kernel of attention but the plain one hides some from the counter."""
    step = _step(model, "float32", place)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        step(shard)
    return int(counter.get_total_flops())


def puzzles(sizes: Sizes, place: Place) -> dict[str, Any]:
    """Set our step beside the published one."""
    found = train_step.measure(sizes.rounds, sizes.puzzle_rows, place, sizes.puzzles)
    medians = {name: one.median for name, one in found.items()}
    ratios = {name: medians["reference"] / each for name, each in medians.items()}
    return {
        "rows": sizes.puzzle_rows,
        "seconds": medians,
        "times_as_fast_as_the_reference": ratios,
        "largest_relative_loss_difference": train_step.differences(found)[0],
    }


def attention(sizes: Sizes, place: Place) -> dict[str, Any]:
    """Set flash-attn beside SDPA, forward and backward."""
    core = sizes.network.hrm
    shape = sizes.rows, core.heads, sizes.positions, core.width // core.heads
    made = (torch.randn(shape, device=place.device).to(place.dtype) for _ in range(4))
    q, k, v, gradient = (one.requires_grad_() for one in made)

    def run(attend: Callable[[], Tensor]) -> None:
        torch.autograd.grad(attend(), (q, k, v), gradient)

    def by_flash() -> Tensor:
        assert kernel is not None
        found = kernel(*(part.transpose(1, 2) for part in (q, k, v)), causal=True)
        return (found[0] if isinstance(found, tuple) else found).transpose(1, 2)

    by_sdpa = partial(functional.scaled_dot_product_attention, q, k, v, is_causal=True)
    contenders = {"sdpa": partial(run, by_sdpa)}
    kernel = flash()
    why = _no_flash(kernel is not None, place)
    if not why:
        contenders["flash-attn"] = partial(run, by_flash)
    taken = in_turn(contenders, place.device, sizes.rounds)
    return {"shape": shape, "seconds": taken, **({"flash-attn": why} if why else {})}


def _no_flash(installed: bool, place: Place) -> str:
    """Say why flash-attn is not measured; nothing where it is."""
    if place.device.type != "cuda":
        return "not measured: it needs a GPU"
    if place.dtype is not torch.bfloat16:
        return "not measured: it takes tensors of 16 bits alone"
    return "" if installed else "not measured: it is not installed"


class Decoding:
    """Programs of random actions, decoded by a policy."""

    def __init__(self, policy: Policy, sizes: Sizes) -> None:
        self.policy, self.device = policy, policy.output_bias.device
        specs = [encode(task, policy.config.spec) for task in varied_tasks()]
        made = trees(sizes.programs, sizes.positions)
        self.actions, self.features = (values.to(self.device) for values in made)
        self.states = policy.encode_spec(collate_specs(specs).to(self.device))
        self.tasks = torch.arange(sizes.programs, device=self.device) % len(specs)

    def cached(self, positions: int) -> None:
        """Decode the first positions by the cache."""
        policy, tasks = self.policy, len(self.states.states)
        nothing = self.actions.new_zeros(tasks, 0)
        past = policy.begin(
            self.states, nothing, self.features[:1, :1].expand(tasks, 1, -1), nothing.sum(1)
        )
        cache = DecodingCache(policy.config, past, self.tasks, positions + 1, policy.arena)
        reading = self.states.rows(self.tasks)
        reading = widened(reading) if policy.compiled else reading
        for at in range(positions):
            decode(policy, reading, self.features[:, at].contiguous(), cache)
            cache.push(self.actions[:, at])

    def recomputed(self, length: int) -> None:
        """Compute the position after so many actions from all of them."""
        policy, valid = self.policy, self.actions[:, :length] >= 0
        closed = close_features(self.features[:, :length], valid)
        x = policy.embed(self.actions[:, :length], closed)
        *_, z_h = policy.hrm.segments(x, policy.surroundings(self.states.rows(self.tasks), closed))
        policy.project(z_h[:, -1])


@torch.no_grad()
def decoding(sizes: Sizes, place: Place, ways: dict[str, Policy]) -> dict[str, Any]:
    """Time positions of all programs: cached both ways, and recomputed."""
    length, record = sizes.positions, dict[str, Any]()
    made = {name: Decoding(policy, sizes) for name, policy in ways.items()}
    if "compiled" in made:
        began = time.monotonic()
        with nothing_compiled():
            made["compiled"].cached(1)
        record["first_compiled_step_seconds"] = time.monotonic() - began
    contenders = {name: partial(one.cached, length) for name, one in made.items()}
    taken = in_turn(contenders, place.device, sizes.rounds)
    timed = range(EVERY // 2, length, EVERY)
    made["eager"].recomputed(length - 1)
    again = [seconds(partial(made["eager"].recomputed, at), place.device) for at in timed]
    record["seconds_a_position"] = {name: each / length for name, each in taken.items()}
    record["seconds_a_position"]["recomputed"] = sum(again) / len(again)
    return record


def sampling(
    sizes: Sizes, place: Place, tasks: Sequence[Task], ways: dict[str, Policy]
) -> dict[str, float]:
    """Give the programs a second, by the way of decoding."""
    chosen, samples = tasks[: sizes.tasks], 8
    contenders = {name: partial(programs, one, chosen, samples) for name, one in ways.items()}
    taken = in_turn(contenders, place.device, sizes.rounds)
    return {name: len(chosen) * samples / each for name, each in taken.items()}


def ways_of(sizes: Sizes, place: Place) -> dict[str, Policy]:
    """Give a policy that decodes eagerly, and one that is compiled where a GPU records it."""
    torch.manual_seed(0)
    policy = at_precision(Policy(sizes.network).eval().to(place.device), place.precision)
    ways = {"eager": policy}
    if place.device.type == "cuda":
        other = copy.deepcopy(policy)
        try:
            set_decoding(other, "compiled")
        except CompileError as error:
            print(error)
        else:
            ways["compiled"] = other
    return ways


def measure(sizes: Sizes, place: Place) -> dict[str, Any]:
    """Measure everything, telling each part as it is known."""
    rate = peak(place, sizes.matrix, sizes.rounds)
    ways, tasks = ways_of(sizes, place), build(TasksConfig(per_family=8))
    parts: dict[str, Callable[[], Any]] = {
        "learner": partial(learner, sizes, place, tasks.train, rate),
        "puzzles": partial(puzzles, sizes, place),
        "attention": partial(attention, sizes, place),
        "decoding": partial(decoding, sizes, place, ways),
        "programs_per_second": partial(sampling, sizes, place, tasks.heldout, ways),
    }
    record: dict[str, Any] = {"flops_per_second": {"measured": rate, "nominal": nominal(place)}}
    print(record, flush=True)
    for name, part in parts.items():
        record[name] = part()
        print(f"{name}: {record[name]}", flush=True)
    return record


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model", default="base_27m")
    parser.add_argument("--rows", type=int, help="of a learner step [default: 256, on a CPU 16]")
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        device = device_of(given.device, "benchmarks")
    except DeviceError as error:
        parser.error(str(error))
    place = Place(device, resolve(given.precision, device))
    on_gpu = device.type == "cuda"
    sizes = Sizes(
        model=given.model,
        rows=given.rows or (256 if on_gpu else 16),
        matrix=8192 if on_gpu else 1024,
        programs=64,
        positions=256 if on_gpu else 64,
        tasks=64 if on_gpu else 8,
        puzzles=Shape(),
        puzzle_rows=768 if on_gpu else 2,
        rounds=given.rounds,
    )
    sizes = SMALL if given.small else sizes
    record: dict[str, Any] = {
        "hardware": hardware(),
        "gpu": torch.cuda.get_device_name(device) if on_gpu else None,
        "torch": torch.__version__,
        "precision": place.precision,
        "model": sizes.model,
        "threads": 1,
    }
    print(keep("device", record | measure(sizes, place), given.results))


if __name__ == "__main__":
    main()
