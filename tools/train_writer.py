"""Train the character LSTM that writes text in problem set 2, and store it in the package.

    RNNCOURSE_DATA=FOLDER python tools/train_writer.py

FOLDER holds tinyshakespeare/input.txt. About five minutes on two idle cores. The first 90 % of the
text train, the next 5 % validate, the last 5 % are left alone.
"""

import hashlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from rnncourse import LSTM

OUT = Path(__file__).resolve().parent.parent / "rnncourse/tasks/writer.npz"
DATA = {
    "name": "tinyshakespeare",
    "repository": "https://github.com/karpathy/char-rnn",
    "commit": "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e",
    "path": "data/tinyshakespeare/input.txt",
    "sha256": "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    "licence": "MIT (char-rnn); the text is Shakespeare's, in the public domain",
}
SEED, HIDDEN, STREAMS, STEPS, EPOCHS = 1623, 192, 64, 64, 20
LEARNING_RATE, DROPOUT = 5e-3, 0.1


class Writer(nn.Module):
    """A one-layer LSTM over characters, and a linear map from h to the next one's scores."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.lstm = LSTM(characters, HIDDEN)
        self.out = nn.Linear(HIDDEN, characters)
        self.characters = characters
        with torch.no_grad():  # one of the two biases of the forget gate: it starts open
            self.lstm.bias_ih_l0[HIDDEN : 2 * HIDDEN] = 1

    def forward(self, text: Tensor, state: tuple | None = None) -> tuple[Tensor, tuple]:
        """Score what follows each character of text (T, B): (T, B, characters), and the state."""
        hs, state = self.lstm(one_hot(text, self.characters).float(), state)
        return self.out(nn.functional.dropout(hs, DROPOUT, self.training)), state


def read_text() -> str:
    """Return the text, or stop with one line where it is missing or another one."""
    folder = os.environ.get("RNNCOURSE_DATA")
    if not folder:
        sys.exit("RNNCOURSE_DATA is not set, expected the folder that holds tinyshakespeare")
    path = Path(folder, "tinyshakespeare/input.txt")
    if not path.is_file():
        sys.exit(f"there is no {path}")
    data = path.read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != DATA["sha256"]:
        sys.exit(f"{path} has sha256 {found}, expected {DATA['sha256']}")
    return data.decode()


def in_streams(text: Tensor, streams: int) -> Tensor:
    """Cut text (N,) into parallel streams, time first."""
    return text[: len(text) // streams * streams].view(streams, -1).T


@torch.no_grad()
def bits_per_character(model: Writer, text: Tensor) -> float:
    """Cross-entropy over 16 stretches of the text, each read from a zero state."""
    model.eval()
    read = in_streams(text, 16)
    scores, _ = model(read[:-1])
    loss = cross_entropy(scores.flatten(0, 1), read[1:].flatten())
    return loss.item() / np.log(2)


def train(model: Writer, text: Tensor, valid: Tensor) -> None:
    """Truncated backpropagation through time: the state goes on, the gradient stops."""
    windows = (len(text) // STREAMS - STEPS) // STEPS
    adam = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, EPOCHS * windows)
    for epoch in range(EPOCHS):
        model.train()
        # other cuts in every epoch
        read, state = in_streams(text[int(torch.randint(STEPS * STREAMS, ())) :], STREAMS), None
        for start in range(0, (len(read) - 1) // STEPS * STEPS, STEPS):
            window = read[start : start + STEPS + 1]
            scores, state = model(window[:-1], state)
            state = tuple(part.detach() for part in state)
            loss = cross_entropy(scores.flatten(0, 1), window[1:].flatten())
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            adam.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}: {bits_per_character(model, valid):.3f} bits")


def weights(model: Writer) -> dict[str, np.ndarray]:
    """Return what rnncourse.tasks.writer needs, in float16, and round the model's to it."""
    layer = model.lstm
    with torch.no_grad():
        layer.bias_ih_l0 += layer.bias_hh_l0
        layer.bias_hh_l0.zero_()
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())
    named = {"W_x": layer.weight_ih_l0, "W_h": layer.weight_hh_l0, "b": layer.bias_ih_l0}
    named |= {"W_out": model.out.weight, "b_out": model.out.bias}
    return {name: value.detach().half().numpy() for name, value in named.items()}


def main() -> None:
    text = read_text()
    alphabet = "".join(sorted(set(text)))
    numbers = torch.tensor([alphabet.index(character) for character in text])
    first, second = len(text) * 90 // 100, len(text) * 95 // 100
    torch.set_num_threads(2)
    torch.manual_seed(SEED)
    model = Writer(len(alphabet))
    train(model, numbers[:first], numbers[first:second])
    stored = weights(model)
    bits = bits_per_character(model, numbers[first:second])
    print(f"validation: {bits:.3f} bits per character, with the weights in float16")
    np.savez_compressed(OUT, alphabet=np.array(alphabet), **stored)
    settings = {"hidden": HIDDEN, "streams": STREAMS, "steps": STEPS, "epochs": EPOCHS}
    settings |= {"learning_rate": LEARNING_RATE, "dropout": DROPOUT, "seed": SEED}
    provenance = {
        "command": "python tools/train_writer.py",
        "data": DATA,
        "split": "first 90 % train, next 5 % validate, last 5 % unused",
        "settings": settings,
        "validation_bits_per_character": round(bits, 4),
        "sha256": hashlib.sha256(OUT.read_bytes()).hexdigest(),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
        },
    }
    OUT.with_suffix(".json").write_text(json.dumps(provenance, indent=2) + "\n")
    print(f"{OUT.name}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
