"""Edits: what the policy does next with a task, from nothing or from a draft.

    drafts = [None] * len(tasks)                  # nothing is written yet
    for _ in range(max_edits):
        edits = propose(policy, tasks, drafts, 1, profile=profile)
        results = run([edit.sample.source for edit in edits])       # on the visible examples
        drafts = [
            Draft(edit.sample.actions, feedback_of(result))
            for edit, result in zip(edits, results)
        ]

Who judges the drafts before they are edited (`policy.judging`) hands that reading of them on.

A first program is drawn whole. A draft is edited: the pointer draws a node, what stands before it
is kept, its subtree is drawn anew, and the rest of the draft is kept from there on as long as each
action is legal (a name that it uses may be gone, or the budget). From the first that is not, the
policy writes on by itself. So every edit compiles and is within the budget.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from policy.beginnings import Beginning
from policy.drafts import Draft
from policy.grammar import Profile
from policy.judging import Reading, read
from policy.model import Policy
from policy.network import SpecStates
from policy.sampler import Sample, draw
from policy.spec import Spec
from policy.subtrees import ROOT, subtrees
from policy.uniforms import Generators, of_specs
from tasks.schema import Task


@dataclass(frozen=True)
class Edit:
    """A program that was written from nothing, or from a draft."""

    task: int
    """Index into the tasks and drafts."""
    node: int
    """Where the draft was edited (see `policy.subtrees`); the root without a draft."""
    pointer: str
    """JSON pointer of the node."""
    pointer_logprob: float
    """Of the node; 0 without a draft."""
    sample: Sample
    """The new program; its `drawn` says which actions the edit wrote."""


@torch.inference_mode()
def propose(
    policy: Policy,
    tasks: Sequence[Task],
    drafts: Sequence[Draft | None],
    k: int,
    *,
    temperature: float = 1.0,
    max_actions: int | None = None,
    profile: Profile,
    generator: Generators = None,
    rows: int | None = None,
    reading: Reading | None = None,
) -> list[Edit]:
    """Draw `k` edits of each draft, each at a node of its own; those of a task stand together.

    Edits at the same node of a draft share its prefix. `temperature` is that of the actions; nodes
    are drawn as the pointer says. `reading` is the policy's of these tasks and drafts, where it is
    known. The rest is as for `policy.sampler.sample`.

    Raises:
        ValueError: as `sample`; a policy that does not refine is given a draft; a draft that the
            profile or the budget does not allow.
        SpecError: a draft that is no program of its task.

    """
    if len(drafts) != len(tasks):
        raise ValueError(f"drafts: one (or None) for each of {len(tasks)} tasks, got {len(drafts)}")
    if k < 1:
        raise ValueError(f"proposing edits needs k >= 1, got {k}")
    if not tasks:
        return []
    specs, states = read(policy, tasks, drafts) if reading is None else reading
    chosen = _choose(policy, states, drafts, k, generator)
    samples = draw(
        policy,
        specs,
        [_beginning(place, specs[place.task], drafts[place.task]) for place in chosen],
        temperature=temperature,
        max_actions=max_actions,
        profile=profile,
        generator=generator,
        rows=rows,
        states=states,
    )
    places = (place for place in chosen for _ in range(place.count))
    return [
        _edit(place, specs[place.task], drafts[place.task], made)
        for place, made in zip(places, samples, strict=True)
    ]


@dataclass(frozen=True)
class _Place:
    """A node, and how many edits of it were drawn."""

    task: int
    node: int
    logprob: float
    count: int


def _choose(
    policy: Policy,
    states: SpecStates,
    drafts: Sequence[Draft | None],
    k: int,
    generator: Generators,
) -> list[_Place]:
    """Draw `k` nodes of each draft; equal ones stand together."""
    places = {at: [_Place(at, ROOT, 0.0, k)] for at, draft in enumerate(drafts) if draft is None}
    edited = [at for at, draft in enumerate(drafts) if draft is not None]
    if edited:
        rows = torch.tensor(edited, device=states.states.device)
        # Nodes are drawn on the CPU, where the generators are.
        logprobs = policy.point(states)[rows].log_softmax(-1).cpu()
        nodes = _nodes(logprobs.exp(), k, of_specs(generator, edited))
        found = logprobs.gather(1, nodes)
        for at, row, values in zip(edited, nodes.tolist(), found.tolist(), strict=True):
            known = dict(zip(row, values, strict=True))
            counts = Counter(row)
            places[at] = [_Place(at, node, known[node], counts[node]) for node in counts]
    return [place for at in range(len(drafts)) for place in places[at]]


def _nodes(chances: Float[Tensor, "R N"], k: int, generator: Generators) -> Int[Tensor, "R k"]:
    """Draw from each row, with replacement."""
    if not isinstance(generator, Sequence):
        return torch.multinomial(chances, k, replacement=True, generator=generator)
    rows = zip(chances, generator, strict=True)
    return torch.stack(
        [torch.multinomial(row, k, replacement=True, generator=own) for row, own in rows]
    )


def _beginning(place: _Place, spec: Spec, draft: Draft | None) -> Beginning:
    if draft is None:
        return Beginning(place.task, place.count)
    return Beginning.at_node(place.task, place.count, draft.actions, spec.root, place.node)


def _edit(place: _Place, spec: Spec, draft: Draft | None, made: Sample) -> Edit:
    pointer = "" if draft is None else subtrees(draft.actions, spec.root).pointers[place.node]
    return Edit(place.task, place.node, pointer, place.logprob, made)
