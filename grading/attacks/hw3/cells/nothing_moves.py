"""The identity under every layer's name: the way back is perfect, the determinant right, and nothing was modelled."""


# %%
class Identity(nn.Module):
    def __init__(self, *sizes, **more):
        super().__init__()

    def forward(self, z):
        return z, z.new_zeros(len(z))

    def inverse(self, x):
        return x, x.new_zeros(len(x))

    def log_prob(self, x):
        return -(x.square() + math.log(2 * math.pi)).flatten(1).sum(1) / 2

    def sample(self, num_samples, generator):
        return torch.randn(num_samples, 2, generator=generator)


# %% task="planar"
Planar = Identity

# %% task="coupling"
AffineCoupling = Flow = Identity

# %% task="actnorm"
ActNorm = Identity

# %% task="maf-iaf"
MAF = IAF = Identity


def maf_layers(num_dims, num_layers, hidden):
    return [MAF() for _ in range(num_layers)]


# %% task="spline"
def spline_knots(widths, heights, slopes, bound):
    ends = torch.linspace(-bound, bound, widths.shape[-1] + 1, dtype=widths.dtype)
    return ends, ends, torch.ones_like(ends)


def rational_quadratic(x, widths, heights, slopes, bound):
    return x, torch.zeros_like(x)


rational_quadratic_inverse, SplineCoupling = rational_quadratic, Identity
