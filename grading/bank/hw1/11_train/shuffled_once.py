"""Shuffled once.

The permutation is drawn before the loop over the epochs, so all epochs visit the images in the same order and in the
same batches. Draw it inside.
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
    order = torch.randperm(len(images), generator=generator)
    for _ in range(num_epochs):
        total = 0.0
        for batch in order.split(batch_size):
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
