"""torch.utils.data does the batches, a closure the step; the models are larger and train for fewer epochs."""

from torch.utils.data import DataLoader, TensorDataset


def train_autoregressive(model, images, *, num_epochs, batch_size, learning_rate, generator):
    batches = DataLoader(TensorDataset(images), batch_size, shuffle=True, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), learning_rate)

    def step(x):
        optimizer.zero_grad(set_to_none=False)
        nats = model.log_prob(x).neg()
        nats.sum().div(x.numel()).backward()
        optimizer.step()
        return nats.detach()

    return [
        torch.cat([step(x) for (x,) in batches]).mean().item() / math.prod(images.shape[1:])
        for _ in range(num_epochs)
    ]


def train_made(images, generator):
    model = MADE(64, (300, 300))
    train_autoregressive(model, images, num_epochs=16, batch_size=30, learning_rate=3e-3, generator=generator)
    return model


def train_pixelcnn(images, generator):
    model = PixelCNN(2, 16, 7, 2)
    train_autoregressive(model, images, num_epochs=7, batch_size=50, learning_rate=1e-2, generator=generator)
    return model
