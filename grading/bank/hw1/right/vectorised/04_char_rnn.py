"""Packed sequences for the batch; Gumbel noise for all draws at once."""


class CharRNN(nn.Module):
    def __init__(self, num_symbols, embedding_dim, hidden_dim):
        super().__init__()
        self.gru = nn.GRU(embedding_dim, hidden_dim)
        self.logits = nn.Linear(hidden_dim, num_symbols)
        self.embed = nn.Embedding(num_symbols + 1, embedding_dim)

    def initial_state(self, batch):
        return self.logits.weight.new_zeros(1, batch, self.gru.hidden_size)

    def step(self, symbol, state):
        out, state = self.gru(self.embed(symbol)[None], state)
        return self.logits(out).squeeze(0), state

    def log_prob(self, x, lengths):
        start = torch.full_like(x[:, :1], self.logits.out_features)
        shifted = self.embed(torch.cat([start, x], dim=1)[:, :-1])
        pack = nn.utils.rnn.pack_padded_sequence
        read = pack(shifted, lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.gru(read)
        target = pack(x, lengths, batch_first=True, enforce_sorted=False)
        nats = F.cross_entropy(self.logits(out.data), target.data, reduction="none")
        nats = nn.utils.rnn.PackedSequence(nats, read.batch_sizes, read.sorted_indices, read.unsorted_indices)
        return -nn.utils.rnn.pad_packed_sequence(nats, batch_first=True)[0].sum(dim=1)

    def sample(self, num_samples, length, generator):
        num_symbols = self.logits.out_features
        uniform = torch.rand(
            length, num_samples, num_symbols, generator=generator, dtype=self.logits.weight.dtype
        )
        gumbel = -torch.log(-torch.log(uniform))
        x = torch.full((num_samples, length + 1), num_symbols)
        state = self.initial_state(num_samples)
        for t in range(length):
            logits, state = self.step(x[:, t], state)
            x[:, t + 1] = (logits + gumbel[t]).argmax(dim=-1)
        return x[:, 1:]
