"""Recursion over the passes, fused multiply-adds; the first guess is the input itself."""


class MAF(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def inverse(self, x):
        shift, log_scale = self.net(x)
        return torch.addcmul(-shift * log_scale.neg().exp(), x, log_scale.neg().exp()), log_scale.sum(
            -1
        ).neg()

    def forward(self, z):
        def settled(x, passes):
            shift, log_scale = self.net(x)
            made = torch.addcmul(shift, z, log_scale.exp())
            return (made, log_scale.sum(-1)) if passes == 1 else settled(made, passes - 1)

        return settled(z, z.shape[1])


class IAF(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, z):
        shift, log_scale = self.net(z)
        return torch.addcmul(shift, z, log_scale.exp()), log_scale.sum(-1)

    def inverse(self, x):
        def settled(z, passes):
            shift, log_scale = self.net(z)
            found = (x - shift) / log_scale.exp()
            return (found, log_scale.sum(-1).neg()) if passes == 1 else settled(found, passes - 1)

        return settled(x, x.shape[1])


def maf_layers(num_dims, num_layers, hidden):
    both_ways = torch.stack([torch.arange(num_dims), torch.arange(num_dims).flip(0)])
    orders = both_ways.repeat(num_layers, 1)[:num_layers]
    return list(map(MAF, (AutoregressiveNet(order, hidden) for order in orders)))
