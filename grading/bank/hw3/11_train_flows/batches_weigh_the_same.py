"""Every batch weighs the same.

The last batch is smaller. A mean of the batches' means counts its examples more than the others.
"""


def train_flow(
    model: nn.Module,
    x: Tensor,
    *,
    num_epochs: int,
    batch_size: int,
    learning_rate: float,
    generator: torch.Generator,
    num_levels: int | None = None,
) -> list[float]:
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history = []
    for _ in range(num_epochs):
        total = 0.0
        for order in torch.randperm(len(x), generator=generator).split(batch_size):
            batch = x[order]
            if num_levels is not None:
                batch = (batch + torch.rand(batch.shape, generator=generator)) / num_levels
            nats = -model.log_prob(batch)
            optimizer.zero_grad()
            nats.mean().backward()
            optimizer.step()
            total += nats.mean().item()
        history.append(total / -(-len(x) // batch_size))
    return history


def train_moons(x: Float[Tensor, "examples 2"], generator: torch.Generator) -> nn.Module:
    layers = []
    for i in range(8):
        net = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 4))
        nn.init.zeros_(net[-1].weight)
        layers.append(AffineCoupling(2, 48, torch.tensor([i % 2 == 0, i % 2 == 1]), conditioner=net))
    flow = Flow(layers, 2)
    for learning_rate, num_epochs in ((5e-3, 65), (1e-3, 22)):
        train_flow(
            flow, x, num_epochs=num_epochs, batch_size=200, learning_rate=learning_rate, generator=generator
        )
    return flow


def train_digits(images: Int[Tensor, "examples 64"], generator: torch.Generator) -> nn.Module:
    row, column = torch.arange(64) // 8, torch.arange(64) % 8
    patterns = ((row + column) % 2 == 0, column % 2 == 0)
    masks = [pattern == side for pattern in patterns for side in (True, False)]
    model = InLogits(Flow([AffineCoupling(64, 64, mask) for mask in 2 * masks], 64))
    for learning_rate, num_epochs in ((2e-3, 9), (5e-4, 3)):
        train_flow(
            model,
            images,
            num_epochs=num_epochs,
            batch_size=32,
            learning_rate=learning_rate,
            generator=generator,
            num_levels=17,
        )
    return model
