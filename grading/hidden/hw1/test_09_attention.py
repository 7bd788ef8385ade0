"""Task 9: attention weights are a causal softmax, the outputs read the past and present, a cache changes nothing."""

import math

import pytest
import torch

from dgm_course.testing import (
    assert_bound,
    assert_causal,
    assert_close,
    assert_moved,
    assert_shape,
    draw_responsive,
)

READ = "task 9 of the notebook, and lecture 2, section 'Attention'"


def draw(rng, *shape):
    """A standard normal tensor that is not contiguous in memory."""
    return torch.randn(*shape[:-2], shape[-1], shape[-2], generator=rng, dtype=torch.float64).mT


def draw_attention(student, rng, dim, num_heads):
    """Random weights under which y reads x."""
    attention, x = student.CausalSelfAttention(dim, num_heads), draw(rng, 2, 3, dim)
    return draw_responsive(attention, rng, x, scale=0.5, output=lambda result: result[0], read=READ)


def assert_attends(student, rng):
    """One head after two steps: y lies between the y of each step alone, and x decides how far from either.

    So it is for any weights, since y is linear in the values. A running sum and a running mean are causal, complete
    and can be cached as well, but attend to nothing.
    """
    attention, x = draw_attention(student, rng, 4, 1), draw(rng, 8, 2, 4)
    first, second = attention(x[:, :1])[0][:, 0], attention(x[:, 1:])[0][:, 0]
    both = attention(x)[0][:, 1]
    for y in (first, second, both):
        assert_shape(y, (8, 4), what="y of one step", read=READ)
    way = second - first
    share = ((both - first) * way).sum(-1, keepdim=True) / way.square().sum(-1, keepdim=True)
    assert_close(
        both,
        first + share * way,
        what="y after two steps, on the line between the y of each step alone,",
        cause="y is no mean of values with weights that sum to 1, or more than a linear layer follows it",
        read=READ,
    )
    assert_moved(
        share,
        share[:1],
        "the weight of the second step, from example to example",
        "no query meets a key",
        READ,
    )


def reference(q, k):
    """The formula row by row: a softmax over the keys up to where the query stands."""
    num_queries, num_keys = q.shape[-2], k.shape[-2]
    rows = torch.zeros(*q.shape[:-1], num_keys, dtype=torch.float64)
    for i in range(num_queries):
        end = num_keys - num_queries + i + 1
        scores = torch.einsum("bhd,bhsd->bhs", q[:, :, i], k[:, :, :end]) / math.sqrt(q.shape[-1])
        rows[:, :, i, :end] = torch.softmax(scores, dim=-1)
    return rows


@pytest.mark.points(1)
def test_rows_sum_to_one(student, rng):
    """Each row of weights sums to 1, also the first and for sequences of length 1, and scores of hundreds are finite"""
    for batch, heads, length, d, scale in ((2, 3, 6, 5, 1.0), (3, 1, 1, 4, 1.0), (1, 2, 4, 1, 40.0)):
        q, k = scale * draw(rng, batch, heads, length, d), draw(rng, batch, heads, length, d)
        weights = student.causal_attention_weights(q, k)
        assert_shape(weights, (batch, heads, length, length), what="weights", read=READ)
        assert_close(
            weights.sum(-1),
            torch.ones(batch, heads, length, dtype=torch.float64),
            what="the sum of a row of weights",
            cause="a mask applied after the softmax, a softmax over the queries, or a row with nothing left (NaN)",
            read=READ,
        )
        again = student.causal_attention_weights(q, k)
        assert_close(again, weights, what="the weights when asked again", cause="noise", read=READ)
        if length > 1:
            for name, changed in (("queries", (-q, k)), ("keys", (q, -k))):
                assert_moved(
                    student.causal_attention_weights(*changed),
                    weights,
                    f"the weights when all {name} change their sign",
                    f"the weights take no notice of the {name}",
                    READ,
                )


@pytest.mark.points(1)
def test_weights_follow_the_formula(student, rng):
    """The weights are exp(q·k/√d), normalised over the steps up to the query's own"""
    for heads, length, d in ((2, 5, 3), (1, 4, 7)):
        q, k = draw(rng, 2, heads, length, d), draw(rng, 2, heads, length, d)
        assert_close(
            student.causal_attention_weights(q, k),
            reference(q, k),
            what="weights",
            cause="1/sqrt(d) is missing or d is not the size of one head; or 0 stands where -inf belongs",
            read=READ,
        )


@pytest.mark.points(1)
def test_queries_are_those_of_the_last_steps(student, rng):
    """With fewer queries than keys, the queries stand at the last steps"""
    for num_queries, num_keys in ((1, 6), (3, 5)):
        q, k = draw(rng, 2, 2, num_queries, 4), draw(rng, 2, 2, num_keys, 4)
        weights = student.causal_attention_weights(q, k)
        assert_shape(weights, (2, 2, num_queries, num_keys), what="weights", read=READ)
        assert_close(
            weights,
            reference(q, k),
            what=f"weights of {num_queries} queries over {num_keys} keys",
            cause="the mask starts at the first column: query i stands at step Tk - Tq + i",
            read=READ,
        )


@pytest.mark.points(1)
def test_outputs_read_past_and_present(student, rng):
    """CausalSelfAttention: y_t depends on exactly the steps 0 to t, for one head and for several"""
    assert_attends(student, rng)
    for dim, num_heads in ((6, 1), (6, 3)):
        attention = draw_attention(student, rng, dim, num_heads)
        direction = torch.randn(dim, generator=rng, dtype=torch.float64)
        assert_causal(
            lambda x, attention=attention, direction=direction: attention(x[..., None] * direction)[0],
            draw(rng, 8, 6),
            torch.ones(6, 6).tril().bool(),
            cause="the future enters the softmax, or `view` without `transpose` mixes heads and steps",
            read=READ,
        )


@pytest.mark.points(1)
def test_output_formula(student, rng):
    """CausalSelfAttention: with all weights and biases equal, the outputs are those of the formula"""
    for dim, num_heads in ((6, 2), (4, 1), (3, 3)):
        constant = float(0.2 + 0.2 * torch.rand((), generator=rng, dtype=torch.float64))
        attention = student.CausalSelfAttention(dim, num_heads)
        attention.double()
        names = dict(attention.named_parameters())
        attention.load_state_dict(
            {name: torch.full_like(names[name], constant).double() for name in names}, strict=False
        )
        x = draw(rng, 3, 4, dim)
        projected = constant * (x.sum(-1) + 1)  # every entry of q, k and v
        size = dim // num_heads
        q = projected[:, None, :, None].expand(3, 1, 4, size)
        read_out = (reference(q, q)[:, 0] @ projected[..., None]).squeeze(-1)
        expected = (constant * (dim * read_out + 1))[..., None].expand(3, 4, dim)
        y, _ = attention(x)
        assert_close(
            y,
            expected,
            what=f"with all weights and biases equal, y for {dim} channels and {num_heads} heads",
            cause="d is dim / num_heads, a bias or the last linear layer is missing, or x is added to y",
            read=READ,
        )


@pytest.mark.points(2)
def test_cached_equals_uncached(student, rng):
    """CausalSelfAttention: a sequence in pieces with a cache gives the outputs of the whole"""
    assert_attends(student, rng)
    for pieces in ((1, 1, 1, 1, 1), (2, 3, 1), (1, 4), (1,)):
        attention = draw_attention(student, rng, 6, 2)
        x = draw(rng, 2, sum(pieces), 6)
        whole, _ = attention(x)
        assert_shape(whole, tuple(x.shape), what="y", read=READ)
        cache, outputs = None, []
        for piece in x.split(pieces, dim=1):
            y, cache = attention(piece, cache)
            outputs.append(y)
        assert_close(
            torch.cat(outputs, dim=1),
            whole,
            what=f"y computed in pieces of {pieces}",
            cause="a query's place is counted without the cache, or the new keys are not put behind the old ones",
            read=READ,
        )
        if len(pieces) > 1:
            assert_bound(
                (attention(x[:, -1:])[0] - whole[:, -1:]).abs().max(),
                lower=1e-6,
                what="change of the last y when all steps before it are left out",
                cause="the outputs take no notice of the steps before them",
                read=READ,
            )


@pytest.mark.points(1)
def test_sequences_do_not_meet(student, rng):
    """CausalSelfAttention: without a cache each call starts afresh, and one cache can be continued twice"""
    assert_attends(student, rng)
    attention = draw_attention(student, rng, 4, 2)
    start, one, other = draw(rng, 2, 3, 4), draw(rng, 2, 2, 4), draw(rng, 2, 2, 4)
    _, cache = attention(start)
    outcomes = [(tail, attention(tail, cache)[0]) for tail in (one, other, one)]
    for tail, y in outcomes:
        assert_close(
            y,
            attention(torch.cat([start, tail], dim=1))[0][:, 3:],
            what="y of a continuation",
            cause="keys and values are kept in the module, or the cache passed in is changed in place",
            read=READ,
        )
    assert_bound(
        (attention(one)[0] - outcomes[0][1]).abs().max(),
        lower=1e-6,
        what="change of a continuation when the cache is left out",
        cause="the cache is not read",
        read=READ,
    )
