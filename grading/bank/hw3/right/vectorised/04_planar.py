"""Outer products, the slope of tanh as a product of two sigmoids, and the determinant from `slogdet`."""


class Planar(nn.Module):
    def __init__(self, num_dims: int) -> None:
        super().__init__()
        for name, shape in (("u", (num_dims,)), ("w", (num_dims,)), ("b", ())):
            self.register_parameter(name, nn.Parameter(torch.rand(shape) + 0.1))

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch"]]:
        along = torch.einsum("i,i->", self.u, self.w)
        lift = torch.logaddexp(along, torch.zeros_like(along)) - 1 - along
        u = torch.addcdiv(self.u, lift * self.w, self.w.square().sum())
        a = torch.einsum("bi,i->b", z, self.w) + self.b
        slope = 4 * torch.sigmoid(2 * a) * torch.sigmoid(-2 * a)
        jacobian = torch.eye(len(u)).to(u) + torch.einsum("b,i,j->bij", slope, u, self.w)
        return torch.addr(z, a.tanh(), u), torch.linalg.slogdet(jacobian).logabsdet
