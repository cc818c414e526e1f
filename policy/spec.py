"""Task -> tensors: what the policy reads of a task.

Every modality can be switched off in `SpecConfig`, or dropped at random while training (`Dropout`).
Only what a solver may see is read: never `tests`, `test_code`, `reference` or `program`.

Shapes: N tasks, T tokens, F id fields, P property tokens.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from torch import Tensor

from policy import literals, properties, spec_tokens
from policy.config import SpecConfig
from policy.draft_tokens import draft_tokens
from policy.drafts import Draft
from policy.grammar import GRAMMAR, CodecError, Names, Root, RowContext
from policy.spec_tokens import MAX_PLACES, Ids, Kind, Slots, Token, piece_tokens, word_row
from tasks.schema import Param, Signature, Task

PROPERTY_TOKENS = len(properties.SLOTS)
"""Every spec begins with this many property tokens; the mask hides the empty ones. The program of
a draft follows them."""
_NAME_PIECES, _PARAM_PIECES = 16, 4
"""Tokens of the entry point's and of one parameter's name."""


class SpecError(ValueError):
    """A task that can't be shown to the policy; the message names the task and the reason."""


@dataclass(frozen=True)
class Dropout:
    """Chances of hiding a modality while training, so that the others suffice alone."""

    text: float = 0.0
    """Chance of encoding the task as if it had no description (its literals go with it)."""
    names: float = 0.0
    """Chance of hiding the words of the entry point and the parameters."""


@dataclass(frozen=True)
class Spec:
    """One encoded task, and what its programs' actions refer to."""

    ids: NDArray[np.int64]
    """[T, F] token fields."""
    numbers: NDArray[np.float32]
    """[T, NUMERIC]"""
    properties: NDArray[np.float32]
    """[P, properties.WIDTH]"""
    mask: NDArray[np.bool_]
    """[T]"""
    names: Names
    context: RowContext
    root: Root


class SpecBatch(NamedTuple):
    """Several specs, padded."""

    ids: Int[Tensor, "N T F"]
    numbers: Float[Tensor, "N T numeric"]
    properties: Float[Tensor, "N P width"]
    mask: Bool[Tensor, "N T"]

    def to(self, device: torch.device | str) -> "SpecBatch":
        """Move every tensor."""
        return SpecBatch(*(tensor.to(device, non_blocking=True) for tensor in self))


def encode(
    task: Task,
    config: SpecConfig,
    draft: Draft | None = None,
    *,
    dropout: Dropout | None = None,
    rng: random.Random | None = None,
) -> Spec:
    """Encode a task, and with `draft` a program of it that is to be refined.

    With `dropout` (and its `rng`) the result is one random view of it; encode its programs with
    the returned `names`, because a hidden description takes its literals along. That goes for a
    draft's program too: give `dropout` of chance 0 or 1 there, and the names of that view.

    Raises:
        SpecError: more parameters than the grammar can point at, or a draft that is no program.

    """
    signature = task.signature or Signature((), "None")
    if len(signature.params) > GRAMMAR.max_params:
        raise SpecError(
            f"task {task.id}: {len(signature.params)} parameters, the policy takes at most "
            f"{GRAMMAR.max_params}"
        )
    if dropout is not None:
        if rng is None:
            raise ValueError("dropout needs rng")
        task, config = _drop(task, config, dropout, rng)
    description = task.description if config.text else ""
    slots = Slots(literals.table(description, task.examples, GRAMMAR.max_literals))
    tokens = [Token(Ids(Kind.SPEC)), *_tokens(task, signature, config, slots)]
    names = Names(
        params=tuple(param.name for param in signature.params),
        entry_point=task.entry_point,
        literals=tuple(slots.literals),
    )
    tokens = tokens[: config.max_tokens - PROPERTY_TOKENS]
    if draft is not None:
        tokens = [*_draft(task, draft, config, slots), *tokens]
    return _assemble(task, signature, config, tokens, names)


def collate(specs: Sequence[Spec]) -> SpecBatch:
    """Pad specs to the longest."""
    longest = max(len(spec.ids) for spec in specs)

    def padded(arrays: list[NDArray[np.generic]]) -> Tensor:
        out = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), arrays[0].dtype)
        for row, array in zip(out, arrays, strict=True):
            row[: len(array)] = array
        return torch.from_numpy(out)

    return SpecBatch(
        padded([spec.ids for spec in specs]),
        padded([spec.numbers for spec in specs]),
        torch.from_numpy(np.stack([spec.properties for spec in specs])),
        padded([spec.mask for spec in specs]),
    )


def _drop(
    task: Task, config: SpecConfig, dropout: Dropout, rng: random.Random
) -> tuple[Task, SpecConfig]:
    if rng.random() < dropout.text:
        task = replace(task, description="")
    if rng.random() < dropout.names:
        config = config.model_copy(update={"names": False})
    return task, config


def _tokens(task: Task, signature: Signature, config: SpecConfig, slots: Slots) -> Iterator[Token]:
    yield from _signature(task.entry_point, signature, named=config.names)
    if config.metadata:
        yield from _metadata(task)
    if config.constraints:
        yield from _constraints(task)
    if config.text:
        yield from _text(task.description, config, slots)
    if config.examples:
        yield from _examples(task, config, slots)


def _signature(entry_point: str | None, signature: Signature, *, named: bool) -> Iterator[Token]:
    for index, param in enumerate(signature.params):
        yield from _param(index, param, named=named)
    yield Token(Ids(Kind.RETURN, word=word_row(f"t:{signature.returns}"), role=1))
    if named and entry_point:
        yield from piece_tokens(literals.words(entry_point), Ids(Kind.NAME, place=1), _NAME_PIECES)


def _param(index: int, param: Param, *, named: bool) -> Iterator[Token]:
    yield Token(Ids(Kind.PARAM, word=word_row(f"t:{param.type}"), role=2 + index))
    if named:
        at = Ids(Kind.NAME, role=2 + index, place=1)
        yield from piece_tokens(literals.words(param.name), at, _PARAM_PIECES)


def _metadata(task: Task) -> Iterator[Token]:
    if task.stage:
        yield Token(Ids(Kind.STAGE, word=word_row(task.stage)))
    for tag in task.tags[:8]:
        yield Token(Ids(Kind.TAG, word=word_row(tag)))


def _constraints(task: Task) -> Iterator[Token]:
    limits = task.constraints
    if limits.max_nodes is not None:
        word = word_row("max_nodes")
        yield Token(Ids(Kind.CONSTRAINT, word=word), spec_tokens.numbers(limits.max_nodes))
    for how, classes in (("forbid", limits.forbid), ("require", limits.require)):
        for name in classes[:8]:
            yield Token(Ids(Kind.CONSTRAINT, word=word_row(f"{how} {name}")))


def _examples(task: Task, config: SpecConfig, slots: Slots) -> Iterator[Token]:
    for index, example in enumerate(task.examples[: config.max_examples]):
        at = Ids(Kind.VALUE, example=1 + index)
        half = max(1, config.max_example_tokens // 2)
        output = list(spec_tokens.value_tokens(example.expected, at._replace(role=1), slots, half))
        yield from output
        args = example.args[: GRAMMAR.max_params]
        left = config.max_example_tokens - len(output)
        for number, value in enumerate(args):
            share = max(1, left // (len(args) - number))
            role = at._replace(role=2 + number)
            made = list(spec_tokens.value_tokens(value, role, slots, share))
            yield from made
            left -= len(made)


def _text(description: str, config: SpecConfig, slots: Slots) -> Iterator[Token]:
    left = config.max_text_tokens
    for part in literals.parts(description):
        place = min(1 + config.max_text_tokens - left, MAX_PLACES - 1)
        if left == 0:
            return
        if part.literal is None:
            made = list(piece_tokens((part.word,), Ids(Kind.WORD, place=place), left))
        else:
            at = Ids(Kind.LITERAL, place=place)
            made = list(spec_tokens.value_tokens(part.literal, at, slots, 1))
        yield from made
        left -= len(made)


def _draft(task: Task, draft: Draft, config: SpecConfig, slots: Slots) -> list[Token]:
    try:
        return list(draft_tokens(draft, _root(task), config, slots))
    except CodecError as error:
        raise SpecError(f"task {task.id}: the draft is no program: {error}") from None


def _assemble(
    task: Task,
    signature: Signature,
    config: SpecConfig,
    tokens: list[Token],
    names: Names,
) -> Spec:
    length = PROPERTY_TOKENS + len(tokens)
    ids = np.zeros((length, len(Ids._fields)), np.int64)
    numbers = np.zeros((length, spec_tokens.NUMERIC), np.float32)
    mask = np.ones(length, np.bool_)
    relations = np.zeros((PROPERTY_TOKENS, properties.WIDTH), np.float32)
    for row, arguments in enumerate(properties.SLOTS):
        found = properties.features(task.examples, arguments) if config.properties else None
        mask[row] = found is not None
        if found is not None:
            ids[row] = Ids(
                Kind.PROPERTY,
                role=2 + arguments[0],
                place=1 + arguments[-1],
                depth=len(arguments) - 1,
            )
            relations[row] = found
    for row, token in enumerate(tokens, PROPERTY_TOKENS):
        ids[row] = token.ids
        if token.numbers:
            numbers[row] = token.numbers
    return Spec(ids, numbers, relations, mask, names, _context(task, signature, names), _root(task))


def _context(task: Task, signature: Signature, names: Names) -> RowContext:
    return RowContext(
        num_params=len(signature.params),
        num_literals=len(names.literals),
        literal_types=tuple(type(value).__name__ for value in names.literals),
        param_types=tuple(param.type for param in signature.params),
        return_type=signature.returns,
        forbid=task.constraints.forbid,
        require=task.constraints.require,
        max_nodes=task.constraints.max_nodes,
        has_entry=names.entry_point is not None,
    )


def _root(task: Task) -> Root:
    return Root.BODY if task.signature is not None else Root.MODULE
