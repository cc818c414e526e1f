"""Batched sampling of programs, by an exact cache that programs which begin alike share.

    for made in sample(policy, specs, k=8, profile=PROFILES["core"]):
        print(made.source)

`draw` is the same for programs that begin in any way, such as edits (`policy.edits`).
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice

import torch
from jaxtyping import Int
from torch import Tensor

from policy import packed
from policy.beginnings import Beginning, begin
from policy.drawing import Drawn, Run
from policy.grammar import Automaton, Profile, Root, RowContext, codec
from policy.model import Policy
from policy.network import SpecStates
from policy.spec import Spec, collate
from policy.uniforms import Generators, Uniforms


@dataclass(frozen=True)
class Sample:
    """One sampled program."""

    task: int
    """Index into the specs that were sampled for."""
    actions: tuple[int, ...]
    """Of the whole program, its prefix and what an edit kept included."""
    drawn: tuple[int, ...]
    """Positions of the actions that were drawn: neither those of a prefix nor those kept."""
    logprobs: tuple[float, ...]
    """Of each action that was drawn, under the mask and the temperature."""
    q_halt: float
    """Logit of the chance that the program is right; 0, as `q_continue`, where the Q-heads judge
    programs once they were run (`policy.judging`)."""
    q_continue: float
    source: str


def sample(
    policy: Policy,
    specs: Sequence[Spec],
    k: int,
    *,
    temperature: float = 1.0,
    max_actions: int | None = None,
    profile: Profile,
    generator: Generators = None,
    prefixes: Sequence[Sequence[int]] | None = None,
    rows: int | None = None,
) -> list[Sample]:
    """Draw `k` programs for each spec, in the order of the specs.

    `max_actions` bounds a program (default and limit: the model's); the grammar closes it in time.
    `generator` lives on the CPU. No gradients are kept. `prefixes` gives, per spec,
    the actions that its programs begin with. Specs join while their programs have room within
    `rows` rows (default: all at once); what is drawn for a given generator depends on it, and with
    one generator for each spec does not, nor on the other specs.

    Raises:
        ValueError: temperature <= 0, k < 1, rows < 1, more actions than the model has positions,
            another number of generators than of specs, or a prefix that the grammar does not allow.

    """
    begun = [()] * len(specs) if prefixes is None else prefixes
    if len(begun) != len(specs):
        raise ValueError(f"prefixes: one for each of {len(specs)} specs, got {len(begun)}")
    return draw(
        policy,
        specs,
        [Beginning(index, k, tuple(prefix)) for index, prefix in enumerate(begun)],
        temperature=temperature,
        max_actions=max_actions,
        profile=profile,
        generator=generator,
        rows=rows,
    )


def draw(
    policy: Policy,
    specs: Sequence[Spec],
    beginnings: Sequence[Beginning],
    *,
    temperature: float = 1.0,
    max_actions: int | None = None,
    profile: Profile,
    generator: Generators = None,
    rows: int | None = None,
    states: SpecStates | None = None,
) -> list[Sample]:
    """Draw the programs of each beginning, in their order; `sample` says what the rest means.

    `states` are those of the specs where they are known (`Policy.encode_spec`).

    Raises:
        ValueError: as `sample`.

    """
    limit = policy.config.max_actions
    max_actions = limit if max_actions is None else max_actions
    if isinstance(generator, Sequence) and len(generator) != len(specs):
        raise ValueError(f"generator: one for each of {len(specs)} specs, got {len(generator)}")
    counts = [one.count for one in beginnings]
    fewest = min(counts, default=1)
    rows = max(1, sum(counts)) if rows is None else rows
    if temperature <= 0 or fewest < 1 or rows < 1 or not 1 < max_actions <= limit:
        raise ValueError(
            f"sampling needs temperature > 0, k >= 1, rows >= 1 and 2 <= max_actions <= {limit} "
            f"(model.max_actions), got {temperature}, {fewest}, {rows} and {max_actions}"
        )
    # Compilers know inference mode badly, and graphs recorded in it worse.
    with torch.inference_mode(not policy.compiled), torch.no_grad(), packed.weights():
        if states is None and specs:
            states = policy.encode_spec(collate(specs).to(policy.output_bias.device))
        samples: dict[int, list[Sample]] = {}
        for root in Root:
            chosen = [at for at, one in enumerate(beginnings) if specs[one.spec].root is root]
            if not chosen or states is None:
                continue
            group = _Group(specs, [beginnings[at] for at in chosen])
            automaton = Automaton(profile, group.contexts, max_actions, root, states.states.device)
            begun = begin(policy, group.states(states), group.beginnings, automaton)
            counted = ((one.spec, one.count) for one in group.beginnings)
            uniforms = Uniforms.of(generator, counted, max_actions, states.states.device)
            run = Run(policy, begun, group.counts(states), rows, max_actions, uniforms)
            samples.update(zip(chosen, group.read(run.draw(temperature)), strict=True))
    return [made for at in range(len(beginnings)) for made in samples[at]]


def source_text(spec: Spec, actions: Sequence[int]) -> str:
    """Write a program as Python source, with the entry function's def line."""
    return ast.unparse(codec.decode(list(actions), spec.names, spec.root)) + "\n"


@dataclass(frozen=True)
class _Group:
    """Beginnings whose specs have one root."""

    specs: Sequence[Spec]
    beginnings: list[Beginning]

    @property
    def contexts(self) -> list[RowContext]:
        return [self.specs[one.spec].context for one in self.beginnings]

    def states(self, states: SpecStates) -> SpecStates:
        """Give each beginning the states of its spec."""
        rows = torch.tensor([one.spec for one in self.beginnings], device=states.states.device)
        return states.select(rows)

    def counts(self, states: SpecStates) -> Int[Tensor, " N"]:
        """Say how many programs begin at each."""
        return torch.tensor([one.count for one in self.beginnings], device=states.states.device)

    def read(self, drawn: Drawn) -> Iterator[list[Sample]]:
        """Yield the programs of each beginning."""
        # Writing a source text costs as much as drawing, and programs come again.
        text = cache(lambda spec, actions: source_text(self.specs[spec], actions))
        rows = zip(*(values.tolist() for values in drawn), strict=True)
        for one in self.beginnings:
            write = partial(text, one.spec)
            yield [_sample(one, write, *row) for row in islice(rows, one.count)]


def _sample(
    one: Beginning,
    write: Callable[[tuple[int, ...]], str],
    padded: list[int],
    logprobs: list[float],
    kept: list[bool],
    length: int,
    q: list[float],
) -> Sample:
    actions = tuple(padded[:length])
    positions = [at for at in range(len(one.prefix), length) if not kept[at]]
    return Sample(
        task=one.spec,
        actions=actions,
        drawn=tuple(positions),
        logprobs=tuple(logprobs[at] for at in positions),
        q_halt=q[0],
        q_continue=q[1],
        source=write(actions),
    )
