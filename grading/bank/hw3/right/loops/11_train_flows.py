"""Plain loops, and Adam written out."""


def train_flow(model, x, *, num_epochs, batch_size, learning_rate, generator, num_levels=None):
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    mean, square = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))
    step, history = 0, []
    for _ in range(num_epochs):
        order = torch.randperm(len(x), generator=generator).tolist()
        losses = []
        while order:
            chosen, order = order[:batch_size], order[batch_size:]
            batch = torch.stack([x[i] for i in chosen])
            if num_levels is not None:
                noise = torch.stack([torch.rand(x.shape[1], generator=generator) for _ in chosen])
                batch = (batch + noise) / num_levels
            log_p = model.log_prob(batch)
            gradients = torch.autograd.grad(-log_p.sum() / len(chosen), weights, allow_unused=True)
            step += 1
            with torch.no_grad():
                for weight, gradient, m, v in zip(weights, gradients, mean, square, strict=True):
                    if gradient is None:
                        continue
                    m.mul_(0.9).add_(0.1 * gradient)
                    v.mul_(0.999).add_(0.001 * gradient**2)
                    scale = (v / (1 - 0.999**step)).sqrt() + 1e-8
                    weight -= learning_rate * m / (1 - 0.9**step) / scale
            losses += [-each for each in log_p.tolist()]
        history.append(sum(losses) / len(losses))
    return history


def train_moons(x, generator):
    layers = []
    for i in range(8):
        net = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 4))
        nn.init.zeros_(net[-1].weight)
        layers.append(AffineCoupling(2, 48, torch.tensor([i % 2 == 0, i % 2 == 1]), net))
    flow = Flow(layers, 2)
    train_flow(flow, x, num_epochs=65, batch_size=200, learning_rate=5e-3, generator=generator)
    train_flow(flow, x, num_epochs=25, batch_size=200, learning_rate=1e-3, generator=generator)
    return flow


def train_digits(images, generator):
    odd = torch.tensor([(i // 8 + i % 8) % 2 == 1 for i in range(64)])
    right = torch.tensor([i % 2 == 1 for i in range(64)])
    layers = [AffineCoupling(64, 64, mask) for mask in (odd, ~odd, right, ~right, odd, ~odd)]
    model = InLogits(Flow(layers, 64))
    train_flow(
        model, images, num_epochs=14, batch_size=32, learning_rate=2e-3, generator=generator, num_levels=17
    )
    return model
