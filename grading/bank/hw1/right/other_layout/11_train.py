"""Pixels visited backwards, a learning rate that falls in stages, weights initialised anew."""


def train_autoregressive(model, images, *, num_epochs, batch_size, learning_rate, generator):
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate, betas=(0.9, 0.99))
    event_size, curve = images[0].numel(), torch.zeros(num_epochs, dtype=torch.float64)
    for epoch in range(num_epochs):
        shuffled = images[torch.rand(len(images), generator=generator).argsort()]
        for start in range(0, len(images), batch_size):
            x = shuffled[start : start + batch_size]
            log_p = model.log_prob(x)
            (-log_p).mean().backward()
            adam.step()
            for weight in model.parameters():
                weight.grad = None
            curve[epoch] -= log_p.detach().sum()
    return (curve / images.numel()).tolist()


def in_stages(model, images, generator, epochs, batch_size):
    for rate in (8e-3, 2e-3):
        train_autoregressive(
            model,
            images,
            num_epochs=epochs,
            batch_size=batch_size,
            learning_rate=rate,
            generator=generator,
        )
    return model


def train_made(images, generator):
    return in_stages(MADE(64, (256,), torch.arange(64).flip(0)), images, generator, 10, 50)


def train_pixelcnn(images, generator):
    model = PixelCNN(2, 20, 3, 4)
    for weight in model.parameters():
        if weight.dim() == 4:
            nn.init.kaiming_normal_(weight, generator=generator)
    return in_stages(model, images, generator, 9, 50)
