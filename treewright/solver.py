"""A policy and a sandbox, loaded once to look for programs: what both ways of `synth` share.

with ready(options) as solver:
    solver.find([task]).answers[0].source
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from evaluation.config import EvaluationConfig
from evaluation.search.node import Node
from evaluation.search.tasks import together
from evaluation.synthesis import Synthesis, synthesise
from policy.diffs import SearchReplace, unified_diff
from policy.model import Policy
from policy.precision import arithmetic
from sandbox.local import Reached
from tasks.schema import Task
from treewright import stored
from treewright.config import Config, ConfigError, override
from treewright.sampling import check_sampling, refuse_samples, sandbox, with_target

NONE_FOUND = 1
"""Exit status where no program agrees with the examples."""
_SAMPLES = 64

Form = Literal["diff", "blocks"]


@dataclass(frozen=True)
class Options:
    """How to look for programs, as the command line says it."""

    checkpoint: Path
    samples: int | None
    temperature: float
    target: str | None
    seed: int
    threads: int | None
    show_edits: Form | None
    timings: bool
    overrides: Sequence[str]
    began: float
    """When the command began, on the monotonic clock."""


@dataclass(frozen=True)
class Solver:
    """Looks for programs."""

    policy: Policy
    box: Reached
    settings: EvaluationConfig
    seed: int
    seconds: Mapping[str, float]
    """Wall time until it was ready, by what it was spent on."""

    @property
    def together(self) -> int:
        """Tasks that fill a batch of the sampler."""
        return together(self.settings)

    def find(self, tasks: Sequence[Task]) -> Synthesis:
        """Look for a program for each task; see `synthesise` for what it raises.

        Each has random numbers of its own, the same in every call.
        """
        generators = [torch.Generator().manual_seed(self.seed) for _ in tasks]
        return synthesise(self.policy, tasks, self.box.client, self.settings, generators)


@contextmanager
def ready(options: Options) -> Iterator[Solver]:
    """Load the policy and start the sandbox, or reach the one that is named.

    Raises:
        ConfigError: an option that makes no sense, or not with this policy.
        CheckpointError, ExportError: see `stored.load_to_sample`.
        DeviceError, CompileError: see `SamplingConfig.prepared`.
        SandboxError: the sandbox does not answer, or cannot isolate programs on this machine.

    """
    imported = time.monotonic()
    policy, config = stored.load_to_sample(options.checkpoint)
    torch.set_num_threads(options.threads or config.learner.torch_threads)
    config = _configured(config, options)
    policy = config.evaluation.prepared(policy)
    loaded = time.monotonic()
    with sandbox(with_target(config, options.target)) as box:
        seconds = {
            "import": imported - options.began,
            "load": loaded - imported,
            "start the sandbox": time.monotonic() - loaded,
        }
        yield Solver(policy, box, config.evaluation, options.seed, seconds)


def _configured(config: Config, options: Options) -> Config:
    changed = {
        "samples": options.samples or _SAMPLES,
        "ks": (1,),
        "temperature": options.temperature,
    }
    config = override(config, "evaluation", changed, options.overrides)
    refuse_samples(config.evaluation, options.samples)
    check_sampling(config)
    if options.show_edits and config.evaluation.max_edits == 1:
        raise ConfigError("--show-edits: nothing is edited without a search and max_edits above 1")
    return config


def edits(episode: Sequence[Node], form: Form) -> Iterator[tuple[Node, str]]:
    """Yield each program of an episode, with the change from the one before."""
    for node in episode:
        old = node.parent.source if node.parent else ""
        if form == "diff":
            yield node, unified_diff(old, node.source)
        else:
            yield node, str(SearchReplace.between(old, node.source) or "")


def timings(policy: Policy, seconds: Mapping[str, float]) -> str:
    """Tell times, and how and where the policy multiplies, in a line."""
    parts = (f"{name} {value:.3f} s" for name, value in seconds.items())
    where = policy.output_bias.device
    return f"# {', '.join(parts)}; sampled in {arithmetic(policy)} on {where}"
