"""Define a class again that the homework gives away: a PixelCNN that believes in a fair coin for every pixel."""


# %% task="masked-conv"
class PixelCNN(nn.Module):
    def __init__(self, num_levels, *args, **kwargs):
        super().__init__()
        self.nats = math.log(num_levels)

    def forward(self, x):
        return torch.zeros(*x.shape, 2, dtype=torch.float64)

    def log_prob(self, x):
        return torch.full((len(x),), -self.nats * x[0].numel(), dtype=torch.float64)
