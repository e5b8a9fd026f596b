"""Problem set 4: LSTM and GRU as torch modules that load what torch.nn saves."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from rnncourse.checks import ps4_probe
from rnncourse.checks.declare import Check, Inputs, Item
from rnncourse.checks.draws import as_float32, draw
from rnncourse.checks.mistakes.ps4_gru import GRU
from rnncourse.checks.mistakes.ps4_lstm import LSTM
from rnncourse.checks.modules import Modules
from rnncourse.checks.ps4_answers import nn_gru, nn_lstm

PAGE = "book/2-cells/torch.html"
ALLOWS = frozenset({"torch.nn"})  # nn.Linear and the like, not its recurrent layers

Draw = Callable[[np.random.Generator], Inputs]


def _items(probe: Modules) -> tuple[Item, ...]:
    states = {name: letters for name, letters in probe.leaves.items() if name != "x"}
    gradients = {f"d{name}": letters for name, letters in probe.outputs.items()}
    stateless = {"x": probe.leaves["x"]} | probe.parameters
    letters = stateless | states | gradients

    def drawn(
        call: str = "once", letters: dict = letters, make: Any = _double, **fixed: int
    ) -> Draw:
        return partial(make, letters=letters, also={"call": call}, **fixed)

    return (
        Item("random inputs", 4, (drawn(),) * 5),
        Item(
            "a single step, a batch of one",
            1,
            (drawn(B=1), drawn(T=1), drawn(T=1, B=1)),
            "Which line drops or mixes an axis of length 1?",
        ),
        Item(
            "without a state, twice",
            1,
            (drawn("without_a_state", stateless | gradients),) * 2,
            "Where does your layer start when it is given no state, also at its second call?",
        ),
        Item(
            "in two calls, the state handed on",
            1,
            (drawn("in_two_calls"),) * 2,
            "What does the second call read from the state that the first one returned?",
        ),
        Item(
            "inputs in float32",
            1,
            (drawn(make=_single),),
            "Which tensor in your module has a dtype of its own?",
        ),
        Item(
            "pre-activations of ±1000",
            1,
            (drawn(make=_extreme),) * 2,
            "What are torch.exp(1000) and its gradient, and what does your code do with them?",
        ),
        Item(
            "inputs left as they were; x transposed, no_grad, a copy of the module",
            1,
            (
                drawn("transposed"),
                drawn("under_no_grad", stateless | states),
                drawn("copied", stateless | states),
            ),
            "Which line writes into a tensor that the caller still needs, relies on its layout, or "
            "keeps hold of the weights that were copied?",
            read_only=True,
        ),
    )


def _double(rng: np.random.Generator, **given: Any) -> Inputs:
    """Import torch while the inputs are drawn: the learner's ten seconds are not for that."""
    import torch  # noqa: F401

    return draw(rng, **given)


def _single(rng: np.random.Generator, **given: Any) -> Inputs:
    return as_float32(_double(rng, **given))


def _extreme(rng: np.random.Generator, **given: Any) -> Inputs:
    """Put half of the pre-activations at ±1000, by one bias; the others let gradients through."""
    inputs = _double(rng, **given)
    bias = inputs["bias_ih_l0"]
    where = rng.permutation(len(bias)) % 2 == 0
    bias[where] = rng.choice([-1000.0, 1000.0], size=where.sum())
    return inputs


CHECKS = (
    Check(
        id="torch-lstm",
        name="LSTM",
        title="The LSTM as a torch module",
        page=PAGE,
        section="torch-parameters",
        reference=nn_lstm,
        probe=ps4_probe.lstm,
        items=_items(ps4_probe.lstm),
        mistakes=tuple(LSTM),
        allows=ALLOWS,
    ),
    Check(
        id="torch-gru",
        name="GRU",
        title="The GRU as a torch module",
        page=PAGE,
        section="torch-parameters",
        reference=nn_gru,
        probe=ps4_probe.gru,
        items=_items(ps4_probe.gru),
        mistakes=tuple(GRU),
        allows=ALLOWS,
    ),
)
