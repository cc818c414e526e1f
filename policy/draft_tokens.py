"""Tokens of a draft: its program's actions, and what each visible example said of it.

They stand between the properties and the rest of a spec, the program first, so that the token of
node i is in the same place for every draft: the node pointer reads it there.
"""

from collections.abc import Iterator

from policy import spec_tokens
from policy.config import SpecConfig
from policy.drafts import NO_VALUE, Draft, Feedback
from policy.grammar import Root
from policy.spec_tokens import ACTUAL_ROLE, MAX_PROGRAM_DEPTH, Ids, Kind, Slots, Token, word_row
from policy.subtrees import subtrees


def most_tokens(config: SpecConfig) -> int:
    """Tokens that a draft takes at most."""
    program = 1 + config.max_program_tokens if config.program else 0
    an_example = 1 + _value_budget(config)
    return program + (1 + config.max_examples * an_example if config.feedback else 0)


def draft_tokens(draft: Draft, root: Root, config: SpecConfig, slots: Slots) -> Iterator[Token]:
    """Yield a draft's tokens; `slots` is the task's literal table. Raises CodecError."""
    if config.program:
        yield from _program(draft, root, config.max_program_tokens)
    if config.feedback and draft.feedback:
        yield _summary(draft.feedback)
        for index, one in enumerate(draft.feedback[: config.max_examples]):
            yield from _feedback(index, one, config, slots)


def _program(draft: Draft, root: Root, most: int) -> Iterator[Token]:
    tree = subtrees(draft.actions, root)
    depths, selectable = tree.depths.tolist(), tree.selectable.tolist()
    yield Token(Ids(Kind.PROGRAM, node=1))
    for place, action in enumerate(draft.actions[:most]):
        yield Token(
            Ids(
                Kind.PROGRAM,
                place=1 + place,
                depth=min(depths[place], MAX_PROGRAM_DEPTH - 1),
                action=1 + action,
                node=int(selectable[1 + place]),
            )
        )


def _summary(feedback: tuple[Feedback, ...]) -> Token:
    """Say of all examples, also those that are not shown, how many the program passed."""
    passed = sum(one.passed for one in feedback)
    share = "all" if passed == len(feedback) else "some" if passed else "none"
    return Token(Ids(Kind.FEEDBACK, word=word_row(f"passed {share}")), spec_tokens.numbers(passed))


def _feedback(index: int, one: Feedback, config: SpecConfig, slots: Slots) -> Iterator[Token]:
    yield Token(Ids(Kind.FEEDBACK, word=word_row(f"verdict {one.verdict}"), example=1 + index))
    if one.actual is not NO_VALUE:
        at = Ids(Kind.VALUE, role=ACTUAL_ROLE, example=1 + index)
        yield from spec_tokens.value_tokens(one.actual, at, slots, _value_budget(config))


def _value_budget(config: SpecConfig) -> int:
    """Tokens of an actual value: as many as the expected one may take."""
    return max(1, config.max_example_tokens // 2)
