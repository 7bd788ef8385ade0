"""All noise of an epoch at once, a data loader for the batches."""

from torch.utils.data import BatchSampler, DataLoader, RandomSampler


def train_flow(model, x, *, num_epochs, batch_size, learning_rate, generator, num_levels=None):
    batches = BatchSampler(RandomSampler(range(len(x)), generator=generator), batch_size, drop_last=False)
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate)

    def epoch():
        shown = x if num_levels is None else (x + torch.rand(x.shape, generator=generator)).div(num_levels)
        nats = []
        for batch in DataLoader(range(len(x)), batch_sampler=batches):
            adam.zero_grad()
            each = model.log_prob(shown[batch]).neg()
            each.mean().backward()
            adam.step()
            nats.append(each.detach())
        return torch.cat(nats).mean().item()

    return [epoch() for _ in range(num_epochs)]


def train_moons(x, generator):
    def layer(first):
        net = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 4))
        nn.init.zeros_(net[-1].weight)
        return AffineCoupling(2, 1, torch.tensor([first, not first]), conditioner=net)

    flow = Flow([layer(i % 2 == 1) for i in range(8)], 2)
    for rate, epochs in ((6e-3, 65), (1e-3, 20)):
        train_flow(flow, x, num_epochs=epochs, batch_size=200, learning_rate=rate, generator=generator)
    return flow


def train_digits(images, generator):
    board = (torch.arange(8)[:, None] + torch.arange(8)).flatten() % 2 == 0
    stripes = torch.arange(64) % 2 == 0
    flow = Flow([AffineCoupling(64, 80, mask) for mask in (board, ~board, stripes, ~stripes) * 2], 64)
    model = InLogits(flow)
    train_flow(
        model, images, num_epochs=14, batch_size=32, learning_rate=1.5e-3, generator=generator, num_levels=17
    )
    return model
