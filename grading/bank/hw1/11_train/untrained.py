"""The model is returned untrained.

`train_made` and `train_pixelcnn` build the models and return them without calling `train_autoregressive`, whose
history is all that tells whether anything was learned. A new model costs about 0.69 nats per dimension.
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
    return MADE(num_dims=images.shape[1], hidden_dims=(512,))


def train_pixelcnn(images: Int[Tensor, "examples 1 8 8"], generator: torch.Generator) -> nn.Module:
    return PixelCNN(num_levels=2, channels=16, kernel_size=5, num_layers=3)
