"""Attention reads the past only, is normalised over it, and its cache changes nothing."""

import pytest
import torch

from dgm_course.models.autoregressive import transformer
from dgm_course.models.autoregressive.transformer import CausalSelfAttention, Transformer
from dgm_course.testing import PropertyError, assert_causal, assert_close, randomize

PAST_AND_SELF = torch.ones(5, 5).tril().bool()


def by_definition(attention, h):
    """softmax(q·k / √d) over s ≤ t, one head and one position at a time."""
    q, k, v = attention.qkv(h).chunk(3, dim=-1)
    d = h.shape[-1] // attention.num_heads
    heads = []
    for a in range(attention.num_heads):
        part = slice(a * d, (a + 1) * d)
        rows = []
        for t in range(h.shape[1]):
            scores = (k[:, : t + 1, part] @ q[:, t, part, None])[..., 0] / d**0.5
            rows.append((scores.softmax(dim=-1)[..., None] * v[:, : t + 1, part]).sum(dim=1))
        heads.append(torch.stack(rows, dim=1))
    return attention.output(torch.cat(heads, dim=-1))


class Variant(CausalSelfAttention):
    """The same attention with other weights."""

    def weights(self, scores, past):
        raise NotImplementedError

    def forward(self, h, cache=None):
        q, k, v = self.qkv(h).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        past = torch.ones(h.shape[1], h.shape[1]).tril().bool()
        weights = self.weights(q @ k.mT / q.shape[-1] ** 0.5, past)
        return self.output((weights @ v).transpose(1, 2).flatten(2)), (k, v)


class MaskedAfterSoftmax(Variant):
    def weights(self, scores, past):
        return scores.softmax(dim=-1) * past


class ZeroForMinusInfinity(Variant):
    def weights(self, scores, past):
        return (scores * past).softmax(dim=-1)


class Unscaled(Variant):
    def weights(self, scores, past):
        return (4**0.5 * scores).masked_fill(~past, -torch.inf).softmax(dim=-1)


class Strict(Variant):
    """Nobody attends to oneself; the first position gets what is left, nothing."""

    def weights(self, scores, past):
        return scores.masked_fill(~past.tril(-1), -torch.inf).softmax(dim=-1).nan_to_num()


def assert_attention(attention, rng):
    h = torch.randn(4, 5, 8, generator=rng, dtype=torch.float64)
    randomize(attention, rng, 0.5)
    assert_causal(
        lambda flat: attention(flat.view(-1, 5, 8))[0],
        h.flatten(1),
        PAST_AND_SELF.repeat_interleave(8, dim=1),
    )
    assert_close(attention(h)[0].detach(), by_definition(attention, h).detach(), tolerance=1e-12)


def test_attention_is_its_definition(rng):
    assert_attention(CausalSelfAttention(width=8, num_heads=2), rng)


@pytest.mark.parametrize("wrong", [MaskedAfterSoftmax, ZeroForMinusInfinity, Unscaled, Strict])
def test_a_wrong_attention_is_noticed(wrong, rng):
    with pytest.raises(PropertyError):
        assert_attention(wrong(width=8, num_heads=2), rng)


def assert_cache_is_exact(model, x):
    """Read in one piece, in pieces of 1, and in uneven pieces."""
    whole = model.logits(x)
    read = torch.cat([torch.full((len(x), 1), model.start), x[:, :-1]], dim=1)
    for sizes in ([1] * 6, [2, 3, 1], [4, 2]):
        caches, pieces = None, []
        for piece in read.split(sizes, dim=1):
            logits, caches = model.read(piece, caches)
            pieces.append(logits)
        assert_close(torch.cat(pieces, dim=1).detach(), whole.detach(), tolerance=1e-12)


class ForgetsPosition(Transformer):
    """Every piece begins at position 0 again."""

    def read(self, symbols, caches=None):
        h = self.embed(symbols) + self.position.weight[: symbols.shape[1]]
        after = []
        for i, block in enumerate(self.blocks):
            h, cache = block(h, caches[i] if caches else None)
            after.append(cache)
        return self.readout(self.norm(h)), after


class ForgetsPast(Transformer):
    def read(self, symbols, caches=None):
        return super().read(symbols, None)


def transformer_and_data(kind, rng):
    model = randomize(kind(length=6, num_levels=3, width=8, num_heads=2, num_layers=2), rng, 0.5)
    return model, torch.randint(3, (5, 6), generator=rng)


def test_cached_equals_full_pass(rng):
    assert_cache_is_exact(*transformer_and_data(Transformer, rng))
    for wrong in (ForgetsPosition, ForgetsPast):
        with pytest.raises(PropertyError):
            assert_cache_is_exact(*transformer_and_data(wrong, rng))


def test_logits_depend_on_everything_before_and_nothing_else(rng, monkeypatch):
    model, x = transformer_and_data(Transformer, rng)
    assert_causal(model.logits, x, torch.ones(6, 6).tril(-1).bool(), alternatives=3)
    monkeypatch.setattr(transformer, "shift_right", lambda x, start: x)
    with pytest.raises(PropertyError):
        assert_causal(model.logits, x, torch.ones(6, 6).tril(-1).bool(), alternatives=3)
