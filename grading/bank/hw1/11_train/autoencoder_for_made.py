"""MADE without masks.

An ordinary MLP reads all pixels and returns a logit for each, so it can copy its input: about 0.17 nats per dimension
on new images, and falling. That is an autoencoder with one bottleneck, not a likelihood: what it calls p(x) does not
sum to 1. Only masks make the product of the conditionals a distribution.
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
    class Autoencoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 64))

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x.to(self.net[0].weight.dtype))

        def log_prob(self, x: Tensor) -> Tensor:
            logits = self(x)
            return -F.binary_cross_entropy_with_logits(logits, x.to(logits.dtype), reduction="none").sum(1)

    model = Autoencoder()
    train_autoregressive(model, images, num_epochs=20, batch_size=50, learning_rate=3e-3, generator=generator)
    return model


def train_pixelcnn(images: Int[Tensor, "examples 1 8 8"], generator: torch.Generator) -> nn.Module:
    model = PixelCNN(num_levels=2, channels=16, kernel_size=5, num_layers=3)
    train_autoregressive(model, images, num_epochs=10, batch_size=32, learning_rate=5e-3, generator=generator)
    return model
