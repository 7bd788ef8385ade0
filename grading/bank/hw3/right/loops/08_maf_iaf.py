"""Column by column, nothing vectorised over the dimensions."""


class MAF(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def inverse(self, x):
        shift, log_scale = self.net(x)
        columns, log_det = [], 0
        for i in range(x.shape[1]):
            columns.append((x[:, i] - shift[:, i]) / torch.exp(log_scale[:, i]))
            log_det = log_det - log_scale[:, i]
        return torch.stack(columns, 1), log_det

    def forward(self, z):
        columns = [torch.zeros_like(z[:, 0]) for _ in range(z.shape[1])]
        for _ in range(len(columns)):
            shift, log_scale = self.net(torch.stack(columns, 1))
            for i in range(len(columns)):
                columns[i] = z[:, i] * torch.exp(log_scale[:, i]) + shift[:, i]
        log_det = 0
        for i in range(len(columns)):
            log_det = log_det + log_scale[:, i]
        return torch.stack(columns, 1), log_det


class IAF(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, z):
        shift, log_scale = self.net(z)
        columns, log_det = [], 0
        for i in range(z.shape[1]):
            columns.append(z[:, i] * torch.exp(log_scale[:, i]) + shift[:, i])
            log_det = log_det + log_scale[:, i]
        return torch.stack(columns, 1), log_det

    def inverse(self, x):
        columns = [torch.ones_like(x[:, 0]) for _ in range(x.shape[1])]
        for _ in range(len(columns)):
            shift, log_scale = self.net(torch.stack(columns, 1))
            for i in range(len(columns)):
                columns[i] = (x[:, i] - shift[:, i]) / torch.exp(log_scale[:, i])
        log_det = 0
        for i in range(len(columns)):
            log_det = log_det - log_scale[:, i]
        return torch.stack(columns, 1), log_det


def maf_layers(num_dims, num_layers, hidden):
    layers = []
    for number in range(num_layers):
        order = list(range(num_dims))
        if number % 2 == 1:
            order.reverse()
        layers.append(MAF(AutoregressiveNet(torch.tensor(order), hidden)))
    return layers
