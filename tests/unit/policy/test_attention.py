import math

import pytest
import torch

from policy.attention import attend


def reference(q, k, v, allowed):
    scores = (q @ k.transpose(-1, -2)) / math.sqrt(q.shape[-1])
    return scores.masked_fill(~allowed, -torch.inf).softmax(-1) @ v


def heads(rows, length, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 2, length, 8, generator=generator)


def test_bidirectional_attention_sees_every_key():
    q, k, v = (heads(3, 7, seed) for seed in range(3))
    everything = torch.ones(7, 7, dtype=torch.bool)
    torch.testing.assert_close(attend(q, k, v), reference(q, k, v, everything))


def test_causal_attention_sees_no_later_key():
    q, k, v = (heads(3, 7, seed) for seed in range(3))
    earlier = torch.ones(7, 7, dtype=torch.bool).tril()
    torch.testing.assert_close(attend(q, k, v, causal=True), reference(q, k, v, earlier))


def test_a_single_cached_query_is_the_last_row_of_the_causal_result():
    q, k, v = (heads(3, 7, seed) for seed in range(3))
    last = attend(q[:, :, -1:], k, v, causal=True)
    torch.testing.assert_close(last, attend(q, k, v, causal=True)[:, :, -1:])


def test_masked_keys_change_nothing():
    q, k, v = heads(2, 4, 0), heads(2, 6, 1), heads(2, 6, 2)
    mask = torch.tensor([[1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 1, 1]], dtype=torch.bool)
    out = attend(q, k, v, key_mask=mask)
    hidden = ~mask[:, None, :, None]
    torch.testing.assert_close(
        out, attend(q, k.masked_fill(hidden, 9.0), v.masked_fill(hidden, -9.0), key_mask=mask)
    )
    torch.testing.assert_close(out, reference(q, k, v, mask[:, None, None, :]))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("queries", [1, 6])
def test_grouped_heads_read_their_own_key_head(causal, queries):
    q = torch.cat((heads(2, queries, 0), heads(2, queries, 3)), dim=1)
    k, v = heads(2, 6, 1), heads(2, 6, 2)
    repeated = (part.repeat_interleave(2, dim=1) for part in (k, v))
    expected = attend(q, *repeated, causal=causal)
    torch.testing.assert_close(attend(q, k, v, causal=causal), expected)
    with torch.no_grad():
        torch.testing.assert_close(attend(q, k, v, causal=causal), expected)


def test_causal_attention_of_unequal_lengths_is_refused():
    with pytest.raises(ValueError, match="3 queries to 5 keys"):
        attend(heads(1, 3, 0), heads(1, 5, 1), heads(1, 5, 2), causal=True)
