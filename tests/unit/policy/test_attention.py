import math

import pytest
import torch

from policy.attention import attend, flash, takes_flash


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


def test_fewer_causal_queries_are_the_last_positions():
    q, k, v = heads(3, 4, 0), heads(3, 9, 1), heads(3, 9, 2)
    earlier = torch.ones(4, 9, dtype=torch.bool).tril(5)
    torch.testing.assert_close(attend(q, k, v, causal=True), reference(q, k, v, earlier))


def test_a_padded_spec_before_causal_positions():
    q, k, v = heads(2, 4, 0), heads(2, 7, 1), heads(2, 7, 2)
    keys = torch.tensor([[1, 1, 1, 1, 1, 1, 1], [1, 0, 0, 1, 1, 1, 1]], dtype=torch.bool)
    allowed = torch.ones(4, 7, dtype=torch.bool).tril(3) & keys[:, None, None]
    found = attend(q, k, v, causal=True, key_mask=keys)
    torch.testing.assert_close(found, reference(q, k, v, allowed))


@pytest.mark.parametrize("prefix", [1, 3, 6])
def test_a_prefix_sees_itself_whole_and_what_follows_sees_backwards(prefix):
    """PrefixLM, in one call by pairs and in the two calls that decoding makes of it."""
    q, k, v = (heads(2, 6, seed) for seed in range(3))
    sees = torch.ones(6, 6, dtype=torch.bool).tril()
    sees[:prefix, :prefix] = True
    expected = reference(q, k, v, sees)
    torch.testing.assert_close(attend(q, k, v, pair_mask=sees.expand(2, 6, 6)), expected)
    first = attend(q[:, :, :prefix], k[:, :, :prefix], v[:, :, :prefix])
    torch.testing.assert_close(first, expected[:, :, :prefix])
    if prefix < 6:
        rest = attend(q[:, :, prefix:], k, v, causal=True)
        torch.testing.assert_close(rest, expected[:, :, prefix:])


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_one_query_of_decoding_reads_under_its_mask(kv_heads):
    q = torch.cat((heads(2, 1, 0), heads(2, 1, 3)), dim=1)
    k, v = heads(2, 6, 1)[:, :kv_heads], heads(2, 6, 2)[:, :kv_heads]
    mask = torch.tensor([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 0, 1]], dtype=torch.bool)
    with torch.no_grad():
        found = attend(q, k, v, key_mask=mask)
    k, v = (part.repeat_interleave(4 // kv_heads, dim=1) for part in (k, v))
    torch.testing.assert_close(found, reference(q, k, v, mask[:, None, None]))


@pytest.mark.parametrize("queries", [1, 6])
def test_scores_of_halves_are_not_rounded(queries):
    """Two keys whose scores of about 40 differ by less than bfloat16 can say."""
    q = torch.full((1, 1, queries, 16), 10.0)
    k, v = torch.ones(1, 1, 2, 16), torch.tensor([1.0, -1.0]).view(1, 1, 2, 1).expand(1, 1, 2, 16)
    k[0, 0, 1, 0] = 1.03125
    everything = torch.ones(queries, 2, dtype=torch.bool)
    with torch.no_grad():
        found = attend(q.bfloat16(), k.bfloat16(), v.bfloat16())
    expected = reference(q, k, v, everything)
    assert (expected.abs() > 0.03).all()
    torch.testing.assert_close(found.float(), expected, atol=4e-3, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_flash_attention_is_for_halves_on_a_gpu_without_a_mask(dtype):
    halves = dtype in (torch.float16, torch.bfloat16)
    assert takes_flash("cuda", dtype, masked=False) == halves
    assert not takes_flash("cuda", dtype, masked=True)
    assert not takes_flash("cpu", dtype, masked=False)


def test_more_causal_queries_than_keys_are_refused():
    with pytest.raises(ValueError, match="5 queries to 3 keys"):
        attend(heads(1, 5, 0), heads(1, 3, 1), heads(1, 3, 2), causal=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("queries", [1, 5, 64])
def test_flash_attention_says_what_sdpa_says(causal, queries):
    if flash() is None:
        pytest.skip("needs flash-attn: pip install 'treewright[gpu]'")
    q = torch.randn(2, 4, queries, 64, dtype=torch.bfloat16, device="cuda")
    k, v = (torch.randn(2, 2, 64, 64, dtype=q.dtype, device="cuda") for _ in range(2))
    found = attend(q, k, v, causal=causal)
    earlier = torch.ones(queries, 64, dtype=torch.bool, device="cuda")
    allowed = earlier.tril(64 - queries) if causal else earlier
    expected = attend(q, k, v, pair_mask=allowed.expand(2, queries, 64))
    torch.testing.assert_close(found, expected, atol=2e-2, rtol=2e-2)
