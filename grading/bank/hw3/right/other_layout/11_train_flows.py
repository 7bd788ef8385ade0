"""Noise in float64, drawn before the order; the moons get rotations by learned angles instead of masks in turn."""


def train_flow(model, x, *, num_epochs, batch_size, learning_rate, generator, num_levels=None):
    parameters = [{"params": [weight]} for weight in model.parameters()]
    adam = torch.optim.Adam(parameters, lr=learning_rate, foreach=False)
    history = [0.0] * num_epochs
    for epoch in range(num_epochs):
        values = x
        if num_levels is not None:
            noise = torch.rand(x.shape, generator=generator, dtype=torch.float64).clamp(max=1 - 1e-6)
            values = ((x + noise) / num_levels).float()
        order = torch.argsort(torch.rand(len(x), generator=generator, dtype=torch.float64))
        for start in range(0, len(x), batch_size):
            adam.zero_grad(set_to_none=False)
            batch = values.index_select(0, order[start : start + batch_size])
            loss = torch.mean(-model.log_prob(batch))
            loss.backward()
            adam.step()
            history[epoch] += float(loss) * len(batch) / len(x)
    return history


class Turned(nn.Module):
    """A coupling between two rotations by an angle that is learned: they keep areas."""

    def __init__(self, angle):
        super().__init__()
        self.angle = nn.Parameter(torch.tensor(angle))
        net = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 4))
        nn.init.zeros_(net[-1].weight)
        self.coupling = AffineCoupling(2, 48, torch.tensor([True, False]), net)

    def turn(self):
        cos, sin = self.angle.cos(), self.angle.sin()
        return torch.stack([torch.stack([cos, -sin]), torch.stack([sin, cos])])

    def forward(self, z):
        x, log_det = self.coupling(z)
        return x @ self.turn(), log_det

    def inverse(self, x):
        return self.coupling.inverse(x @ self.turn().T)


def train_moons(x, generator):
    flow = Flow([Turned(math.pi / 2) for _ in range(8)], 2)
    for rate, epochs in ((5e-3, 65), (1e-3, 22)):
        train_flow(flow, x, num_epochs=epochs, batch_size=200, learning_rate=rate, generator=generator)
    return flow


def train_digits(images, generator):
    sites = torch.arange(64).reshape(8, 8)
    boards = [torch.zeros(64, dtype=torch.bool) for _ in range(4)]
    for number, (rows, columns) in enumerate(((0, 0), (1, 1), (0, 1), (1, 0))):
        boards[number][sites[rows::2, columns::2].flatten()] = True
    halves = [boards[0] | boards[1], boards[2] | boards[3], boards[0] | boards[3], boards[1] | boards[2]]
    layers = []
    for mask in halves * 2:
        net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 128))
        nn.init.zeros_(net[-1].weight)
        layers.append(AffineCoupling(64, 64, mask, net))
    model = InLogits(Flow(layers, 64))
    for rate, epochs in ((2e-3, 10), (7e-4, 6)):
        train_flow(
            model,
            images,
            num_epochs=epochs,
            batch_size=32,
            learning_rate=rate,
            generator=generator,
            num_levels=17,
        )
    return model
