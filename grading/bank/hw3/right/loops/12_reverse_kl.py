"""Plain loops over dimensions and samples; the gradient is taken with autograd.grad and Adam written out."""


def log_weights(flow, log_density, z):
    x, log_det = flow(z)
    log_q = -log_det
    for i in range(z.shape[1]):
        log_q = log_q - z[:, i] * z[:, i] / 2 - math.log(2 * math.pi) / 2
    return log_density(x) - log_q


def reverse_kl(flow, log_density, z):
    total = 0
    for log_w in log_weights(flow, log_density, z):
        total = total - log_w
    return total / len(z)


def log_normalizer(log_w):
    top, total, weights = max(log_w.tolist()), 0, 0
    for each in log_w:
        total = total + each
        weights = weights + torch.exp(each - top)
    return total / len(log_w), top + torch.log(weights / len(log_w))


def fit_density(flow, log_density, *, num_dims, num_steps, batch_size, learning_rate, generator):
    parameters = list(flow.parameters())
    mean, square = ([torch.zeros_like(parameter) for parameter in parameters] for _ in range(2))
    history = []
    for step in range(1, num_steps + 1):
        z = torch.randn(batch_size, num_dims, generator=generator, dtype=parameters[0].dtype)
        loss = -log_weights(flow, log_density, z).mean()
        history.append(float(loss))
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            for parameter, gradient, m, v in zip(parameters, gradients, mean, square, strict=True):
                m.mul_(0.9).add_(0.1 * gradient)
                v.mul_(0.999).add_(0.001 * gradient**2)
                scale = (v / (1 - 0.999**step)).sqrt() + 1e-8
                parameter -= learning_rate * (m / (1 - 0.9**step)) / scale
    return history
