"""The objective: one pure function from a batch's outputs to a total and its terms.

Shapes: M segments, B rows, L actions, V vocabulary, N drawn positions of the batch in row-major
order of `drawn`, C of them bound by a task's constraints, S strategy heads, P nodes of a draft, J
rows that edit one.

An edit is a choice of a node, then of the actions that take the place of its subtree: the node is
one more choice beside the actions, with the same advantage. What was kept of the draft was nobody's
choice and is in no term.

Every mean divides by a count of the *global* batch (`Counts`), so that data-parallel learners that
average their gradients, each with a shard and `counts.shard(n)`, agree with one that holds it all.

Sources: deep supervision and the Q targets, HRM (https://arxiv.org/abs/2506.21734); group-relative
advantage, GRPO (https://arxiv.org/abs/2402.03300); token means and the asymmetric clip, DAPO
(https://arxiv.org/abs/2503.14476); dual clip (https://arxiv.org/abs/1912.09729).
"""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import NamedTuple, Self

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from learner.config import ObjectiveConfig


class RowKind(IntEnum):
    """What a row of a batch is."""

    PADDING = -1
    """Fills a shard up; takes part in nothing."""
    REFERENCE = 0
    """A task's reference program."""
    ROLLOUT = 1
    """A program that an actor sampled, with its reward."""
    VERIFIED = 2
    """A program that passed every test some time ago: imitated, without a policy gradient."""
    REPAIR = 3
    """The edit that makes a failing program right: its node and its actions are imitated."""
    DRAFT = 4
    """A program once it was run, in its spec: the Q-heads judge it, nothing is written."""


@dataclass(frozen=True)
class Counts:
    """What each mean divides by: how many there are in the global batch (at least 1)."""

    reference_tokens: float
    verified_tokens: float
    rollout_tokens: float
    """Actions and nodes that actors chose."""
    repair_tokens: float
    repair_rows: float
    rows: float
    drafts: float
    strategy_rows: float
    constrained: float

    def shard(self, num_shards: int) -> Self:
        """Return the counts for one of `num_shards` learners that average their gradients."""
        return type(self)(*(getattr(self, f.name) / num_shards for f in fields(self)))


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What the objective reads of a batch."""

    actions: Int64[Tensor, "B L"]
    """The actions taken."""
    drawn: Bool[Tensor, "B L"]
    """Which of them were chosen: the rest was kept from the draft, or is padding."""
    mask: Bool[Tensor, "N V"]
    """Actions allowed at each drawn position; always holds the one taken."""
    constrained: Int64[Tensor, " C"]
    """Indices into N of the positions where the task's constraints forbid something."""
    grammar_mask: Bool[Tensor, "C V"]
    """Actions that the grammar alone allows there: a superset of `mask`."""
    kind: Int64[Tensor, " B"]
    """RowKind."""
    solved: Bool[Tensor, " B"]
    """The program passes every test (references do)."""
    reward: Float[Tensor, " B"]
    group_mean: Float[Tensor, " B"]
    """Mean reward of the task's samples."""
    group_std: Float[Tensor, " B"]
    """Standard deviation of the reward over the task's samples."""
    temperature: Float[Tensor, " B"]
    """What the behaviour policy divided its logits by."""
    behaviour_logprobs: Float[Tensor, "B L"]
    """Log-probabilities of the actions under the behaviour policy, mask and temperature."""
    node: Int64[Tensor, " B"]
    """Node of the draft (`policy.subtrees`) that was written anew; -1: there is no draft."""
    node_logprob: Float[Tensor, " B"]
    """Log-probability of that node under the behaviour policy, whatever its temperature was."""
    continue_value: Float[Tensor, " B"]
    """What the next edit of the episode showed this one's continuing to be worth, 0 to 1; -1 where
    there was none."""
    lag: Float[Tensor, " B"]
    """Versions by which the behaviour policy is older than the learner's."""
    strategy_labels: Int64[Tensor, "B S"]
    """Labels of the reference program; -1 where there is none."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveInputs(Targets):
    """Everything the objective reads: the batch and the policy's outputs for it."""

    logits: Float[Tensor, "M B L V"]
    """Unmasked logits of each action."""
    q_halt: Float[Tensor, "M B"]
    """Logit of the chance that the program is solved."""
    q_continue: Float[Tensor, "M B"]
    """Logit of the value of going on."""
    strategy: tuple[Float[Tensor, "M B K"], ...]
    """Logits of each strategy head."""
    pointer: Float[Tensor, "B P"] | None = None
    """Logits of the draft's nodes, -inf where none can be chosen; None: a policy without drafts."""
    q_continue_target: Float[Tensor, "M B"] | None = None
    """Probabilities that `q_continue` is taught where no later edit says better; None: by
    `continue_target` of the values here."""
    learn_continue: bool = True
    """Whether the value of going on is taught at all."""
    judges_drafts: bool = False
    """Whether the Q-heads judge programs once they were run: only rows of drafts teach them."""
    counts: Counts


@dataclass(frozen=True)
class ObjectiveOutputs:
    """The loss, its parts before weighting, and figures that carry no gradient."""

    total: Float[Tensor, ""]
    terms: dict[str, Float[Tensor, ""]]
    diagnostics: dict[str, Float[Tensor, ""]]


@dataclass(frozen=True)
class _Positions:
    """Indices into N, and into the flattened B x L, of the positions that each term reads."""

    flat: Int64[Tensor, " N"]
    row: Int64[Tensor, " N"]
    imitated: Int64[Tensor, " I"]
    rollout: Int64[Tensor, " R"]

    @classmethod
    def of(cls, inputs: ObjectiveInputs) -> Self:
        flat = inputs.drawn.flatten().nonzero().squeeze(1)
        row = flat // inputs.drawn.shape[1]
        is_rollout = inputs.kind == RowKind.ROLLOUT
        is_imitated = (inputs.kind != RowKind.PADDING) & (~is_rollout | inputs.solved)
        return cls(
            flat, row, is_imitated[row].nonzero().squeeze(1), is_rollout[row].nonzero().squeeze(1)
        )


def objective(inputs: ObjectiveInputs, config: ObjectiveConfig, step: int = 0) -> ObjectiveOutputs:
    """Weigh and add up all terms, each a mean over the global batch and over segments.

    `step` is the train step, for the weights' schedules.

    The policy gradient and the entropy read the last segment alone: it is the distribution that
    actors sample from, so it is the only one that the behaviour log-probabilities speak of.
    """
    where = _Positions.of(inputs)
    imitated, bound, rollout = _gather(inputs, where)
    terms, diagnostics = _imitation(inputs, where, imitated)
    chosen = [_actions_chosen(inputs, where, rollout)]
    if inputs.pointer is not None:
        chosen.append(_nodes_chosen(inputs, inputs.pointer))
        terms["pointer"] = _pointer(inputs, inputs.pointer)
    every = _Choices(*(torch.cat(parts) for parts in zip(*chosen, strict=True)))
    pg_terms, pg_diagnostics = _policy_gradient(inputs, every, config)
    terms |= pg_terms | _q_learning(inputs)
    terms["strategy"] = _strategy(inputs)
    terms["constraints"] = _constraints(inputs, bound)
    weights = config.weights_at(step)
    weights["entropy"] *= -1.0  # a bonus: more of it is better
    total = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
    return ObjectiveOutputs(total, terms, diagnostics | pg_diagnostics)


def _gather(inputs: ObjectiveInputs, where: _Positions) -> tuple[Tensor, Tensor, Tensor]:
    """Pick logits: imitated [M,I,V], constrained [M,C,V], the last segment's rollouts [R,V].

    One index_select, because each has a backward that fills a tensor of the logits' full size.
    """
    M, B, L, V = inputs.logits.shape
    offsets = torch.arange(M, device=where.flat.device).unsqueeze(1) * (B * L)
    parts = [
        (offsets + where.flat[where.imitated]).flatten(),
        (offsets + where.flat[inputs.constrained]).flatten(),
        offsets[-1] + where.flat[where.rollout],
    ]
    picked = inputs.logits.reshape(-1, V).index_select(0, torch.cat(parts))
    picked = picked.to(torch.promote_types(picked.dtype, torch.float32))
    imitated, bound, rollout = torch.split(picked, [len(part) for part in parts])
    return imitated.view(M, -1, V), bound.view(M, -1, V), rollout


def _imitation(
    inputs: ObjectiveInputs, where: _Positions, logits_MIV: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Cross-entropy of what is imitated, by where it comes from, deeply supervised."""
    M, num_imitated, V = logits_MIV.shape
    masked_MIV = logits_MIV.masked_fill(~inputs.mask[where.imitated], -torch.inf)
    action_I = inputs.actions.flatten()[where.flat[where.imitated]]
    nll_MI = cross_entropy(
        masked_MIV.view(-1, V), action_I.expand(M, num_imitated).reshape(-1), reduction="none"
    ).view(M, num_imitated)
    kind_I = inputs.kind[where.row[where.imitated]]
    reference_I, repair_I = kind_I == RowKind.REFERENCE, kind_I == RowKind.REPAIR
    nll_I, counts = nll_MI.mean(0), inputs.counts
    terms = {
        "supervised": (nll_I * reference_I).sum() / counts.reference_tokens,
        "imitation": (nll_I * ~(reference_I | repair_I)).sum() / counts.verified_tokens,
    }
    if inputs.pointer is not None:
        terms["repair"] = (nll_I * repair_I).sum() / counts.repair_tokens
    hit_I = masked_MIV[-1].detach().argmax(-1) == action_I
    accuracy = (hit_I & reference_I).sum() / counts.reference_tokens
    return terms, {"token_accuracy": accuracy}


class _Choices(NamedTuple):
    """R choices that rollouts made, of actions and of nodes."""

    row: Int64[Tensor, " R"]
    logp: Float[Tensor, " R"]
    """Log-probabilities of what was chosen, now."""
    behaviour_logp: Float[Tensor, " R"]
    """The same when it was chosen."""
    entropy: Float[Tensor, " R"]

    @classmethod
    def of(
        cls, row: Tensor, logits: Tensor, temperature: Tensor, index: Tensor, behaviour: Tensor
    ) -> Self:
        """Read choices off masked logits [R, choices], all else being [R]."""
        logp = (logits / temperature.unsqueeze(1)).log_softmax(-1)
        entropy_R = -(logp.exp() * logp.masked_fill(logits.isneginf(), 0.0)).sum(-1)
        return cls(row, logp.gather(1, index.unsqueeze(1)).squeeze(1), behaviour, entropy_R)


def _actions_chosen(inputs: ObjectiveInputs, where: _Positions, logits_RV: Tensor) -> _Choices:
    row_R, flat_R = where.row[where.rollout], where.flat[where.rollout]
    return _Choices.of(
        row_R,
        logits_RV.masked_fill(~inputs.mask[where.rollout], -torch.inf),
        inputs.temperature[row_R],
        inputs.actions.flatten()[flat_R],
        inputs.behaviour_logprobs.flatten()[flat_R],
    )


def _nodes_chosen(inputs: ObjectiveInputs, logits_BP: Tensor) -> _Choices:
    row_J = ((inputs.kind == RowKind.ROLLOUT) & (inputs.node >= 0)).nonzero().squeeze(1)
    return _Choices.of(
        row_J,
        logits_BP[row_J],
        torch.ones_like(inputs.temperature[row_J]),
        inputs.node[row_J],
        inputs.node_logprob[row_J],
    )


def _pointer(inputs: ObjectiveInputs, logits_BP: Tensor) -> Tensor:
    """Cross-entropy of the nodes at which repairs begin."""
    row_J = ((inputs.kind == RowKind.REPAIR) & (inputs.node >= 0)).nonzero().squeeze(1)
    nll = cross_entropy(logits_BP[row_J], inputs.node[row_J], reduction="sum")
    return nll / inputs.counts.repair_rows


def _policy_gradient(
    inputs: ObjectiveInputs, chosen: _Choices, config: ObjectiveConfig
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Clipped, group-relative policy gradient and the entropy, over what rollouts chose."""
    # exp(20) is far beyond every clip: the clamp only keeps the unclipped side finite.
    log_ratio_R = (chosen.logp - chosen.behaviour_logp).clamp(max=20.0)
    advantage_B = (inputs.reward - inputs.group_mean) / (
        inputs.group_std + config.advantage_epsilon
    )
    surrogate_R = clipped_surrogate(log_ratio_R.exp(), advantage_B[chosen.row], config)
    fresh_R = (config.staleness_decay ** inputs.lag.clamp(min=0.0))[chosen.row]
    tokens = inputs.counts.rollout_tokens
    terms = {
        "policy_gradient": -(surrogate_R * fresh_R).sum() / tokens,
        "entropy": chosen.entropy.sum() / tokens,
    }
    with torch.no_grad():
        outside_R = (log_ratio_R.exp() - 1.0 < -config.clip_low) | (
            log_ratio_R.exp() - 1.0 > config.clip_high
        )
        diagnostics = {
            "clip_fraction": outside_R.sum() / tokens,
            # The k3 estimate of KL(behaviour || policy): http://joschu.net/blog/kl-approx.html
            "kl_behaviour": (log_ratio_R.exp() - 1.0 - log_ratio_R).sum() / tokens,
        }
    return terms, diagnostics


def clipped_surrogate(
    ratio: Float[Tensor, " R"], advantage: Float[Tensor, " R"], config: ObjectiveConfig
) -> Float[Tensor, " R"]:
    """PPO's pessimistic surrogate with an asymmetric clip and a floor for negative advantages."""
    clipped = ratio.clamp(1.0 - config.clip_low, 1.0 + config.clip_high)
    surrogate = torch.minimum(ratio * advantage, clipped * advantage)
    floor = config.clip_negative * advantage
    return torch.where(advantage < 0.0, torch.maximum(surrogate, floor), surrogate)


def _q_learning(inputs: ObjectiveInputs) -> dict[str, Tensor]:
    """Binary cross-entropy of both Q heads, over what they judge and segments."""
    judged_B, judged = inputs.kind != RowKind.PADDING, inputs.counts.rows
    if inputs.judges_drafts:
        judged_B, judged = inputs.kind == RowKind.DRAFT, inputs.counts.drafts
    solved_MB = inputs.solved.to(inputs.q_halt.dtype).expand_as(inputs.q_halt)
    halt_MB = binary_cross_entropy_with_logits(inputs.q_halt, solved_MB, reduction="none")
    terms = {"q_halt": (halt_MB.mean(0) * judged_B).sum() / judged}
    if not inputs.learn_continue:
        return terms | {"q_continue": halt_MB.new_zeros(())}
    target_MB = inputs.q_continue_target
    if target_MB is None:
        target_MB = continue_target(inputs.q_halt, inputs.q_continue)
    target_MB = torch.where(inputs.continue_value < 0.0, target_MB, inputs.continue_value)
    continue_MB = binary_cross_entropy_with_logits(inputs.q_continue, target_MB, reduction="none")
    return terms | {"q_continue": (continue_MB.mean(0) * judged_B).sum() / judged}


def continue_target(
    q_halt: Float[Tensor, "M B"],
    q_continue: Float[Tensor, "M B"],
    q_beyond: Float[Tensor, " B"] | None = None,
) -> Float[Tensor, "M B"]:
    """Value of going on: the better of the next segment's two values, detached.

    After the last segment one must halt: going on there is worth halting after one more
    (`q_beyond`) or, where nobody ran it, what halting at once is.
    """
    best_next = torch.maximum(q_halt, q_continue)[1:]
    last = q_halt[-1] if q_beyond is None else q_beyond
    return torch.cat([best_next, last[None]]).detach().sigmoid()


def _strategy(inputs: ObjectiveInputs) -> Tensor:
    """Cross-entropy of the strategy heads, over labelled rows, heads and segments."""
    losses = []
    for logits_MBK, label_B in zip(inputs.strategy, inputs.strategy_labels.unbind(1), strict=True):
        M, B, K = logits_MBK.shape
        losses.append(
            cross_entropy(
                logits_MBK.reshape(-1, K),
                label_B.expand(M, B).reshape(-1),
                ignore_index=-1,
                reduction="sum",
            )
            / M
        )
    if not losses:
        return inputs.q_halt.new_zeros(())
    return torch.stack(losses).mean() / inputs.counts.strategy_rows


def _constraints(inputs: ObjectiveInputs, logits_MCV: Tensor) -> Tensor:
    """-log of the share of grammar-legal probability on actions that the constraints allow."""
    allowed_CV = inputs.mask[inputs.constrained]
    obedient_MC = logits_MCV.masked_fill(~allowed_CV, -torch.inf).logsumexp(-1)
    legal_MC = logits_MCV.masked_fill(~inputs.grammar_mask, -torch.inf).logsumexp(-1)
    return (legal_MC - obedient_MC).mean(0).sum() / inputs.counts.constrained
