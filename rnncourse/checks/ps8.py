"""Problem set 8: models that mix LSTM and GRU, in torch, whose layers may be used."""

from functools import partial
from itertools import product
from typing import Any

import numpy as np

from rnncourse.checks import ps8_answers as answers
from rnncourse.checks.declare import Check, Inputs, Item
from rnncourse.checks.draws import as_float32
from rnncourse.checks.mistakes.ps8 import BRIDGE, STACK
from rnncourse.checks.mistakes.ps8_ensemble import ENSEMBLE
from rnncourse.checks.mistakes.ps8_seq2seq import SEQ2SEQ
from rnncourse.checks.ps8_probe import (
    Seq2SeqProbe,
    StackProbe,
    bridge_states,
    ensemble_values,
    seq2seq_parameters,
    stack_parameters,
)

PAGE = "book/4-comparisons/hybrids.html"
LAYERS = frozenset({"layers", "torch.nn"})
CELLS = ("gru", "lstm")
TOLERANCE = {"float64": 1e-8, "float32": 1e-3}  # a gradient sums over steps, units and layers

Rng = np.random.Generator


def load_torch() -> None:
    """Import torch while the inputs are drawn: the learner's ten seconds are not for that."""
    import torch  # noqa: F401


def draw_bridge(rng: Rng, single: bool = False, B: int = 0, back: bool = True) -> Inputs:
    """The state as it stands in torch's h[0]; its gradients only where ``back``."""
    load_torch()
    B, H = B or int(rng.choice([2, 4])), int(rng.choice([3, 5]))
    inputs = {"h[0]": rng.normal(size=(B, H))}
    if back:
        inputs |= {name: rng.normal(size=(1, B, H)) for name in ("dh", "dc")}
    return as_float32(inputs) if single else inputs


def draw_seq2seq(
    rng: Rng,
    encoder: str,
    decoder: str,
    single: bool = False,
    alone: bool = False,
    every_token: bool = False,
    back: bool = True,
) -> Inputs:
    """Lengths differ, are in no order, and the largest is S; the padding is drawn like the rest.

    With ``every_token`` the tokens go up to the last of each vocabulary, else up to the last that
    both have. With ``alone`` there is one sequence, of one token, with two of padding.
    """
    load_torch()
    (embed, hidden), (S, T) = rng.permutation([3, 5]).tolist(), rng.permutation([6, 7]).tolist()
    vocab_in, vocab_out = rng.permutation([8, 10]).tolist()
    B, (S, T) = (1, (3, 1)) if alone else (4, (S, T))
    inputs = {"vocab_in": vocab_in, "vocab_out": vocab_out, "embed": embed, "hidden": hidden}
    inputs |= {"encoder": encoder, "decoder": decoder}
    words = [vocab_in, vocab_out] if every_token else [min(vocab_in, vocab_out)] * 2
    size = sum(int(np.prod(shape)) for shape in seq2seq_parameters(inputs).values())
    drawn = {
        "source": rng.integers(1, words[0], size=(S, B)),
        "lengths": np.array([1]) if alone else unsorted_lengths(rng, B, S),
        "target_in": rng.integers(1, words[1], size=(T, B)),
    }
    if every_token:
        drawn["source"][0], drawn["target_in"][0] = words[0] - 1, words[1] - 1
    if back:
        drawn["dlogits"] = rng.normal(size=(T, B, vocab_out))
    return drawn_with(rng.normal(size=size), drawn, single) | inputs


def drawn_with(weights: np.ndarray, drawn: Inputs, single: bool) -> Inputs:
    """Add the weights, in a list: it would teach nothing to see the answer with all at zero."""
    if single:
        return as_float32(drawn) | {"weights": [weights.astype(np.float32)]}
    return drawn | {"weights": [weights]}


def unsorted_lengths(rng: Rng, B: int, S: int) -> np.ndarray:
    """Draw B different lengths from 2 to S, S among them, neither rising nor falling."""
    while True:
        lengths = rng.permutation([S, *rng.choice(np.arange(2, S), B - 1, replace=False)])
        turns = np.diff(lengths)
        if (turns > 0).any() and (turns < 0).any():
            return lengths


def draw_stack(
    rng: Rng,
    cells: str,
    start: bool = True,
    single: bool = False,
    alone: bool = False,
    square: bool = True,
    back: bool = True,
) -> Inputs:
    """With ``square`` the input has the size of the state, so that any layer can read it.

    ``start`` gives states; ``alone`` is one step of one sequence.
    """
    load_torch()
    B, H = rng.permutation([2, 3]).tolist()
    I = H if square else 5
    T, B = (1, 1) if alone else (int(rng.choice([4, 6])), B)
    inputs = {"cells": cells, "input_size": I, "hidden_size": H}
    size = sum(int(np.prod(shape)) for shape in stack_parameters(inputs).values())
    drawn: Inputs = {
        "x": rng.normal(size=(T, B, I)),
        "x_next": rng.normal(size=(T, B, I)),
    }
    states = len(cells.split()) + cells.split().count("lstm")
    drawn["states"] = rng.normal(size=(states, B, H)) if start else None
    if back:
        drawn["dhs"] = rng.normal(size=(T, B, H))
    return drawn_with(rng.normal(size=size), drawn, single) | inputs


def draw_ensemble(rng: Rng, single: bool = False, M: int = 0, B: int = 0, far: float = 0) -> Inputs:
    """``far`` moves each of the logits up or down by so much; all models rule out one word."""
    load_torch()
    M, B, V = M or int(rng.choice([3, 6])), B or int(rng.choice([2, 4])), 5
    side = rng.choice([-1, 1], size=(M, B, V))
    side[:, :, 0], side[:, :, 1] = 1, -1
    logits = 2 * rng.normal(size=(M, B, V)) + far * side
    return as_float32({"logits": logits}) if single else {"logits": logits}


PAIRS = tuple(product(CELLS, CELLS))
IN_FLOAT32 = "Which line brings another dtype into the computation?"
WRITES = "Which line writes into a tensor that the caller still needs?"


def each_pair(**how: Any) -> tuple:
    return tuple(partial(draw_seq2seq, encoder=e, decoder=d, **how) for e, d in PAIRS)


def each_stack(given: tuple[str, ...], none: tuple[str, ...], **how: Any) -> tuple:
    """Draw the stacks of ``given`` with states and those of ``none`` without."""
    return tuple(
        partial(draw_stack, cells=cells, start=start, **how)
        for start, stacks in ((True, given), (False, none))
        for cells in stacks
    )


CHECKS = (
    Check(
        id="bridge",
        title="From a GRU's state to an LSTM's",
        page=PAGE,
        section="hybrids-bridge",
        reference=answers.bridge,
        probe=bridge_states,
        items=(
            Item("random states", 1, (draw_bridge,) * 3),
            Item("a batch of one", 1, (partial(draw_bridge, B=1),), "Which axis has length 1?"),
            Item("inputs in float32", 1, (partial(draw_bridge, single=True),), IN_FLOAT32),
            Item(
                "inputs left as they were",
                1,
                (partial(draw_bridge, back=False),),
                WRITES,
                read_only=True,
            ),
        ),
        mistakes=tuple(BRIDGE),
        allows=LAYERS,
    ),
    Check(
        id="seq2seq",
        title="An encoder and a decoder of any two cells",
        page=PAGE,
        section="hybrids-seq2seq",
        reference=answers.seq2seq,
        probe=Seq2SeqProbe(),
        items=(
            Item("all four pairs of cells", 8, each_pair()),
            Item(
                "one sequence, shorter than the source is long",
                1,
                each_pair(alone=True),
                "Does your code count on the longest sequence filling the source?",
            ),
            Item(
                "every token of both vocabularies",
                1,
                each_pair(every_token=True),
                "Which vocabulary does each embedding belong to?",
            ),
            Item("inputs in float32", 1, each_pair(single=True), IN_FLOAT32),
            Item("inputs left as they were", 1, each_pair(back=False), WRITES, read_only=True),
        ),
        mistakes=tuple(SEQ2SEQ),
        name="Seq2Seq",
        tolerance=TOLERANCE,
        allows=LAYERS,
    ),
    Check(
        id="mixed-stack",
        title="A stack of mixed cells",
        page=PAGE,
        section="hybrids-stack",
        reference=answers.mixed_stack,
        probe=StackProbe(),
        items=(
            Item(
                "two and three layers, with states and without",
                4,
                each_stack(("gru lstm", "lstm gru lstm", "lstm gru"), ("lstm gru", "gru lstm gru")),
            ),
            Item(
                "an input of another size than the state, and a single layer",
                1,
                each_stack(("gru lstm", "lstm"), ("gru",), square=False),
                "What does the first layer read, and what do the others?",
            ),
            Item(
                "a single step, a batch of one",
                1,
                each_stack(("gru lstm",), ("lstm gru lstm",), alone=True),
                "Which line drops or mixes an axis of length 1?",
            ),
            Item(
                "inputs in float32",
                1,
                each_stack(("gru lstm",), ("lstm gru lstm",), single=True),
                IN_FLOAT32,
            ),
            Item(
                "inputs left as they were",
                1,
                each_stack(("gru lstm",), ("lstm gru lstm",), back=False),
                WRITES,
                read_only=True,
            ),
        ),
        mistakes=tuple(STACK),
        name="MixedStack",
        tolerance=TOLERANCE,
        allows=LAYERS,
    ),
    Check(
        id="ensemble-log-probs",
        title="Several models, one distribution",
        page=PAGE,
        section="hybrids-ensemble",
        reference=answers.ensemble_log_probs,
        probe=ensemble_values,
        items=(
            Item("random logits", 2, (draw_ensemble,) * 5),
            Item(
                "one model, a batch of one",
                1,
                tuple(partial(draw_ensemble, M=m, B=b) for m, b in [(1, 2), (3, 1), (1, 1)]),
                "Which line drops or mixes an axis of length 1?",
            ),
            Item("inputs in float32", 1, (partial(draw_ensemble, single=True),), IN_FLOAT32),
            Item(
                "logits of ±1000",
                1,
                (partial(draw_ensemble, far=1000.0),) * 2,
                "What are exp(1000) and log(exp(-2000)), and where does your code compute them?",
            ),
            Item("inputs left as they were", 1, (draw_ensemble,), WRITES, read_only=True),
        ),
        mistakes=tuple(ENSEMBLE),
        allows=LAYERS,
    ),
)
