"""Shuffled by the global random state.

The order is drawn without the generator that was passed in, so it depends on everything that drew random numbers
before, and no run can be repeated. Every draw takes `generator=generator`.
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
        for batch in torch.randperm(len(images), generator=None).split(batch_size):
            nats = -model.log_prob(images[batch])
            optimizer.zero_grad()
            (nats.mean() / num_dims).backward()
            optimizer.step()
            total += nats.sum().item()
        history.append(total / (len(images) * num_dims))
    return history


def train_made(images: Int[Tensor, "examples 64"], generator: torch.Generator) -> nn.Module:
    model = MADE(num_dims=images.shape[1], hidden_dims=(512,))
    train_autoregressive(model, images, num_epochs=20, batch_size=50, learning_rate=3e-3, generator=generator)
    return model


def train_pixelcnn(images: Int[Tensor, "examples 1 8 8"], generator: torch.Generator) -> nn.Module:
    model = PixelCNN(num_levels=2, channels=16, kernel_size=5, num_layers=3)
    train_autoregressive(model, images, num_epochs=10, batch_size=32, learning_rate=5e-3, generator=generator)
    return model
