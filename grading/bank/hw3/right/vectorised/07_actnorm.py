"""Parameters of one more dimension than needed, statistics by `var_mean`, images as vectors of sites."""


class ActNorm(nn.Module):
    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.affine = nn.Parameter(torch.zeros(2, num_channels, 1))
        self.register_buffer("fresh", torch.ones((), dtype=torch.bool))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        s, b = self.affine
        sites = z.flatten(1).unflatten(1, (len(s), -1))
        log_det = s.expand(-1, sites.shape[2]).sum()
        return torch.addcmul(b, sites, s.exp()).reshape(z.shape), log_det.repeat(len(z))

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sites = x.reshape(len(x), self.affine.shape[1], -1)
        if bool(self.fresh & self.training):
            var, mean = torch.var_mean(sites.detach(), dim=(0, 2), correction=0)
            start = torch.stack([var.clamp(min=1e-12).log() / 2, mean]).unsqueeze(-1)
            self.load_state_dict({"affine": start, "fresh": torch.zeros_like(self.fresh)})
        s, b = self.affine
        log_det = -s.expand(-1, sites.shape[2]).sum()
        return ((sites - b) / s.exp()).reshape(x.shape), log_det.repeat(len(x))
