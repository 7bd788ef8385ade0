"""A Markov chain for a MADE.

Each pixel is predicted from the one before it in raster order and from nothing else. That is an honest likelihood,
about 0.38 nats per dimension, hardly better than independent pixels (0.395): most of what says whether there is ink
lies in the row above, eight pixels earlier.
"""


def train_autoregressive(
    model: nn.Module,
    images: Tensor,
    *,
    num_epochs: int,
    batch_size: int,
    learning_rate: float,
    generator: torch.Generator,
) -> list[float]:
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    num_dims = images[0].numel()
    history = []
    for _ in range(num_epochs):
        total = 0.0
        for batch in torch.randperm(len(images), generator=generator).split(batch_size):
            nats = -model.log_prob(images[batch])
            optimizer.zero_grad()
            (nats.mean() / num_dims).backward()
            optimizer.step()
            total += nats.sum().item()
        history.append(total / (len(images) * num_dims))
    return history


def train_made(images: Int[Tensor, "examples 64"], generator: torch.Generator) -> nn.Module:
    class Markov(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.offset = nn.Parameter(torch.zeros(64))
            self.slope = nn.Parameter(torch.zeros(64))

        def forward(self, x: Tensor) -> Tensor:
            before = F.pad(x[:, :-1].to(self.slope.dtype), (1, 0))
            return self.offset + self.slope * before

        def log_prob(self, x: Tensor) -> Tensor:
            logits = self(x)
            return -F.binary_cross_entropy_with_logits(logits, x.to(logits.dtype), reduction="none").sum(1)

    model = Markov()
    train_autoregressive(model, images, num_epochs=40, batch_size=50, learning_rate=3e-2, generator=generator)
    return model


def train_pixelcnn(images: Int[Tensor, "examples 1 8 8"], generator: torch.Generator) -> nn.Module:
    model = PixelCNN(num_levels=2, channels=16, kernel_size=5, num_layers=3)
    train_autoregressive(model, images, num_epochs=10, batch_size=32, learning_rate=5e-3, generator=generator)
    return model
