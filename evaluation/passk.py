"""The unbiased pass@k estimator of Chen et al. 2021, arXiv:2107.03374, section 2.1."""

from collections.abc import Iterable
from math import comb, fsum


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """Return the chance that at least one of `k` programs drawn without replacement is correct.

    `samples` programs were drawn for one task and `correct` of them pass. The paper's
    `1 - C(n-c, k) / C(n, k)`, in exact integers, so the one rounding is the final division's.

    Raises ValueError when a count is negative, `correct` exceeds `samples` or `k` is not in
    1..samples.
    """
    if not 0 <= correct <= samples:
        raise ValueError(f"pass@k: {correct} correct of {samples} samples is not a count")
    if not 1 <= k <= samples:
        raise ValueError(f"pass@{k} needs at least {max(k, 1)} samples a task, got {samples}")
    draws = comb(samples, k)
    return (draws - comb(samples - correct, k)) / draws


def mean_pass_at_k(counts: Iterable[tuple[int, int]], k: int) -> tuple[float | None, int]:
    """Return the mean of `pass_at_k` over tasks of (samples, correct), and how many it covers.

    A task with fewer than `k` samples (some were lost to the sandbox's own faults) has no
    unbiased estimate and is left out. With no task left the rate is None.
    """
    rates = [pass_at_k(samples, correct, k) for samples, correct in counts if samples >= k]
    return (fsum(rates) / len(rates) if rates else None), len(rates)
