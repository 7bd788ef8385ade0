"""A small causal Transformer (Vaswani et al. 2017, arXiv:1706.03762; decoder only: Radford et al. 2018).

    Attention(Q, K, V) = softmax(Q Kᵀ / √d + M) V,     M_ts = 0 if s ≤ t, −∞ otherwise

The mask goes in before the softmax, so that a position's weights over its past sum to one. Keys and values of the
past do not change when a symbol is added: a draw keeps them in a cache and lets only the new symbol through the
network. The cost of a sequence is then one pass in all, not one pass for each symbol.

A class is told by the symbol that stands before the first: there is one for each, and the network has no other part
that knows of classes.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, require_labels, shift_right

Cache = tuple[Float[Tensor, "batch heads past head_dim"], Float[Tensor, "batch heads past head_dim"]]


class CausalSelfAttention(nn.Module):
    """Every position attends to itself and to all positions before it, those in the cache included.

    Example:
        >>> attention = CausalSelfAttention(width=8, num_heads=2)
        >>> h = torch.zeros(3, 5, 8)
        >>> out, cache = attention(h)
        >>> more, cache = attention(h[:, :1], cache)
        >>> out.shape, more.shape, cache[0].shape
        (torch.Size([3, 5, 8]), torch.Size([3, 1, 8]), torch.Size([3, 2, 6, 4]))
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(
        self, h: Float[Tensor, "batch time width"], cache: Cache | None = None
    ) -> tuple[Float[Tensor, "batch time width"], Cache]:
        q, k, v = self.qkv(h).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        new, total = q.shape[2], k.shape[2]
        future = torch.ones(new, total, dtype=torch.bool, device=h.device).triu(total - new + 1)
        scores = q @ k.mT / q.shape[-1] ** 0.5
        weights = scores.masked_fill(future, -torch.inf).softmax(dim=-1)
        return self.output((weights @ v).transpose(1, 2).flatten(2)), (k, v)


class Block(nn.Module):
    """Attention, then a perceptron at each position; both read normalised input and add to the residual path.

    Example:
        >>> block = Block(width=8, num_heads=2)
        >>> h, (keys, values) = block(torch.zeros(3, 5, 8))
        >>> h.shape, keys.shape, values.shape
        (torch.Size([3, 5, 8]), torch.Size([3, 2, 5, 4]), torch.Size([3, 2, 5, 4]))
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = CausalSelfAttention(width, num_heads)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(
        self, h: Float[Tensor, "batch time width"], cache: Cache | None = None
    ) -> tuple[Float[Tensor, "batch time width"], Cache]:
        attended, cache = self.attention(self.norm_attention(h), cache)
        h = h + attended
        return h + self.mlp(self.norm_mlp(h)), cache


class Transformer(AutoregressiveModel):
    """Sequences of `length` symbols with K levels, given their class where `num_classes` is not zero.

    Positions are learned.

    Example:
        >>> model = Transformer(length=6, num_levels=4, width=16, num_heads=2, num_layers=1)
        >>> x = model.sample(3, generator=torch.Generator().manual_seed(0))
        >>> model.logits(x).shape, model.log_prob(x).shape
        (torch.Size([3, 6, 4]), torch.Size([3]))
    """

    def __init__(
        self,
        length: int,
        num_levels: int,
        width: int = 64,
        num_heads: int = 4,
        num_layers: int = 3,
        num_classes: int = 0,
    ) -> None:
        super().__init__((length,), num_levels)
        self.start, self.num_classes = num_levels, num_classes
        self.embed = nn.Embedding(num_levels + max(1, num_classes), width)
        self.position = nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, num_heads) for _ in range(num_layers))
        self.norm = nn.LayerNorm(width)
        self.readout = nn.Linear(width, num_levels)

    def logits(
        self, x: Int[Tensor, "batch time"], y: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch time levels"]:
        """All positions in one pass; position t reads the symbols before t."""
        return self.read(shift_right(x, self.starts(len(x), y)))[0]

    def starts(self, batch: int, y: Int[Tensor, " batch"] | None) -> Int[Tensor, " batch"]:
        """The symbol before the first: one that no datum has, and one for each class."""
        require_labels(y, self.num_classes)
        start = torch.full((batch,), self.start, device=self.embed.weight.device)
        return start if y is None else start + y

    def read(
        self, symbols: Int[Tensor, "batch time"], caches: list[Cache] | None = None
    ) -> tuple[Float[Tensor, "batch time levels"], list[Cache]]:
        """Logits of the symbol after each of `symbols`, which follow those that the caches have seen."""
        past = caches[0][0].shape[2] if caches else 0
        h = self.embed(symbols) + self.position.weight[past : past + symbols.shape[1]]
        after = []
        for i, block in enumerate(self.blocks):
            h, cache = block(h, caches[i] if caches else None)
            after.append(cache)
        return self.readout(self.norm(h)), after

    def walk(self, batch: int, y: Int[Tensor, " batch"] | None = None) -> Walk:
        """One symbol through the network at a time; keys and values of the past come from the cache."""
        symbol, caches = self.starts(batch, y), None
        for _ in range(self.event_shape[0]):
            logits, caches = self.read(symbol[:, None], caches)
            symbol = yield logits[:, 0]
