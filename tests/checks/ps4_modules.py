"""Right modules for problem set 4, which owe nothing to the package."""

import torch
from torch import nn
from torch.nn.functional import linear


class Layer(nn.Module):
    """The four parameters, with ``blocks`` blocks of rows."""

    blocks = 4

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        rows, k = self.blocks * hidden_size, hidden_size**-0.5
        self.weight_ih_l0 = nn.Parameter(torch.empty(rows, input_size).uniform_(-k, k))
        self.weight_hh_l0 = nn.Parameter(torch.empty(rows, hidden_size).uniform_(-k, k))
        self.bias_ih_l0 = nn.Parameter(torch.empty(rows).uniform_(-k, k))
        self.bias_hh_l0 = nn.Parameter(torch.empty(rows).uniform_(-k, k))

    def first(self, x, state):
        if state is None:
            zeros = torch.zeros(x.shape[1], self.hidden_size, dtype=x.dtype, device=x.device)
            return (zeros, zeros) if self.blocks == 4 else zeros
        return (state[0][0], state[1][0]) if self.blocks == 4 else state[0]


class Plain(Layer):
    def step(self, x, h, c):
        a = linear(x, self.weight_ih_l0, self.bias_ih_l0)
        i, f, g, o = (a + linear(h, self.weight_hh_l0, self.bias_hh_l0)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def forward(self, x, state=None):
        h, c = self.first(x, state)
        hs = []
        for t in range(x.size(0)):
            h, c = self.step(x[t], h, c)
            hs += [h.unsqueeze(0)]
        return torch.cat(hs, dim=0), (h.unsqueeze(0), c.unsqueeze(0))
