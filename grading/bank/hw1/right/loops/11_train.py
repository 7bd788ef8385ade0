"""Plain loops, and Adam written out."""


def train_autoregressive(model, images, *, num_epochs, batch_size, learning_rate, generator):
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    mean = [torch.zeros_like(weight) for weight in weights]
    square = [torch.zeros_like(weight) for weight in weights]
    step = 0
    history = []
    num_dims = 1
    for size in images.shape[1:]:
        num_dims = num_dims * size
    for _ in range(num_epochs):
        order = torch.randperm(len(images), generator=generator).tolist()
        losses = []
        while order:
            batch, order = order[:batch_size], order[batch_size:]
            log_p = model.log_prob(torch.stack([images[i] for i in batch]))
            loss = -log_p.sum() / len(batch) / num_dims
            gradients = torch.autograd.grad(loss, weights, allow_unused=True)
            step += 1
            with torch.no_grad():
                for weight, gradient, m, s in zip(weights, gradients, mean, square, strict=True):
                    if gradient is None:
                        continue
                    m.mul_(0.9).add_(0.1 * gradient)
                    s.mul_(0.999).add_(0.001 * gradient**2)
                    scale = (s / (1 - 0.999**step)).sqrt() + 1e-8
                    weight -= learning_rate * m / (1 - 0.9**step) / scale
            losses += [loss.item()] * len(batch)
        history.append(sum(losses) / len(losses))
    return history


def train_made(images, generator):
    model = MADE(64, (300,))
    train_autoregressive(model, images, num_epochs=20, batch_size=40, learning_rate=4e-3, generator=generator)
    return model


def train_pixelcnn(images, generator):
    model = PixelCNN(2, 16, 5, 2)
    train_autoregressive(model, images, num_epochs=12, batch_size=32, learning_rate=8e-3, generator=generator)
    return model
