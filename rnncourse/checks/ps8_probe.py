"""Ask the functions and modules of problem set 8. Nothing here knows a right answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import numpy as np

from rnncourse.checks.declare import Arrays, Function, Inputs
from rnncourse.checks.modules import Modules, Tensors, unpack
from rnncourse.checks.values import MisfitError

Shape = tuple[int, ...]

GATES = {"gru": 3, "lstm": 4}


def seq2seq_arguments(inputs: Inputs) -> list[Any]:
    """Leave out the two cells where they are the defaults."""
    sizes = [inputs[name] for name in ("vocab_in", "vocab_out", "embed", "hidden")]
    cells = [inputs["encoder"], inputs["decoder"]]
    return sizes if cells == ["gru", "lstm"] else sizes + cells


def seq2seq_parameters(inputs: Inputs) -> dict[str, Shape]:
    embed, hidden = inputs["embed"], inputs["hidden"]
    return {
        "source_embedding.weight": (inputs["vocab_in"], embed),
        **_cell("encoder", inputs["encoder"], embed, hidden),
        "target_embedding.weight": (inputs["vocab_out"], embed),
        **_cell("decoder", inputs["decoder"], embed, hidden),
        "output.weight": (inputs["vocab_out"], hidden),
        "output.bias": (inputs["vocab_out"],),
    }


def stack_arguments(inputs: Inputs) -> list[Any]:
    """Leave out the cells where they are the default."""
    sizes, cells = [inputs["input_size"], inputs["hidden_size"]], tuple(inputs["cells"].split())
    return sizes if cells == ("gru", "lstm") else [*sizes, cells]


def stack_parameters(inputs: Inputs) -> dict[str, Shape]:
    size = inputs["input_size"]
    parameters: dict[str, Shape] = {}
    for number, cell in enumerate(inputs["cells"].split()):
        parameters |= _cell(f"layers.{number}", cell, size, inputs["hidden_size"])
        size = inputs["hidden_size"]
    return parameters


class Seq2SeqProbe:
    """Load ``weights``, a list of one array for all parameters; run forward and back.

    The second logits are those for the same source with token 0 as padding.
    """

    shapes = {  # noqa: RUF012
        "logits": "T B V",
        "logits with padding 0": "T B V",
        "grad source_embedding": "numbers",
        "grad encoder": "numbers",
        "grad target_embedding": "numbers",
        "grad decoder": "numbers",
        "grad output": "numbers",
    }

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        parameters = _spread(inputs["weights"][0], seq2seq_parameters(inputs))
        ask = Modules(seq2seq_arguments, dict.fromkeys(parameters, ""), _translate, {"logits": ""})
        with _one_thread():
            return _by_part(ask(function, inputs | parameters), parameters)


class StackProbe:
    """Load ``weights``, a list of one array for all parameters; run forward and back.

    ``states`` (n, B, H) are h of each layer, and c after the h of an LSTM. Then the stack runs
    over ``x_next`` from the states that it returned, and once more over x as at first.
    What a stack of fewer layers does not have is empty.
    """

    shapes = {  # noqa: RUF012
        "hs": "T B H",
        **{f"{letter}_{number}": "1 B H" for number in range(3) for letter in "hc"},
        "hs_of_the_next_call": "T B H",
        "hs_once_more": "T B H",
        "grad x": "T B I",
        **{f"grad layers.{number}": "numbers" for number in range(3)},
    }

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        parameters = _spread(inputs["weights"][0], stack_parameters(inputs))
        names = dict.fromkeys(parameters, "")
        ask = Modules(stack_arguments, names, _run_stack, {"hs": ""}, {"x": ""})
        with _one_thread():
            arrays = _by_part(ask(function, inputs | parameters), parameters)
        return {name: arrays.get(name, inputs["weights"][0][:0]) for name in self.shapes}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products this small take ten times as long on two threads of a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cell(name: str, cell: str, size: int, hidden: int) -> dict[str, Shape]:
    rows = GATES[cell] * hidden
    return {
        f"{name}.weight_ih_l0": (rows, size),
        f"{name}.weight_hh_l0": (rows, hidden),
        f"{name}.bias_ih_l0": (rows,),
        f"{name}.bias_hh_l0": (rows,),
    }


def _spread(weights: np.ndarray, shapes: Mapping[str, Shape]) -> Arrays:
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()])
    parts = np.split(weights, ends[:-1])
    return {n: part.reshape(s) for (n, s), part in zip(shapes.items(), parts, strict=True)}


def _by_part(arrays: Arrays, parameters: Mapping[str, Any]) -> Arrays:
    """Join the gradients of each part's parameters, so that a report can name the parts."""
    parts: dict[str, list[np.ndarray]] = {}
    for name in parameters:
        if f"grad {name}" in arrays:
            gradient = arrays.pop(f"grad {name}")
            parts.setdefault(f"grad {name.rpartition('.')[0]}", []).append(gradient.ravel())
    return arrays | {name: np.concatenate(gradients) for name, gradients in parts.items()}


def _translate(model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    source, lengths, target_in = given["source"], given["lengths"], given["target_in"]
    logits = _only("logits", model(source, lengths, target_in))
    zeros = source.clone()
    for column, length in enumerate(lengths.tolist()):
        zeros[length:, column] = 0
    again = _only("logits", model(zeros, lengths, target_in))
    return logits | {"logits with padding 0": again["logits"]}


def _run_stack(model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    cells = given["cells"].split()
    names = tuple(
        f"h_{k}" if cell == "gru" else (f"h_{k}", f"c_{k}") for k, cell in enumerate(cells)
    )
    start = [] if given["states"] is None else [_states(given["states"], cells)]
    found = _once(model, given["x"], start, ("hs", names))
    flat = [found[name].detach() for name in found if name != "hs"]
    if any(state.shape != (1, *found["hs"].shape[1:]) for state in flat):
        return found  # the next call would raise
    following = model(given["x_next"], _states([state[0] for state in flat], cells))
    again = model(given["x"], *start)
    found |= {"hs_of_the_next_call": unpack(following, ("hs", ()))["hs"]}
    return found | {"hs_once_more": unpack(again, ("hs", ()))["hs"]}


def _once(model: Any, x: Any, start: list[Any], names: tuple) -> dict[str, Any]:
    """Run a stack; one that takes time for the batch is given (B, T, I), and so is recognised.

    It either raises or returns states of T sequences. It cannot be right: its hs is (B, T, H).
    """
    T, B, _ = x.shape
    raised, found = None, {}
    try:
        found = unpack(model(x, *start), names)
    except RuntimeError as error:
        raised = error
    if T != B and (raised or found["h_0"].shape[:2] == (1, T)):
        with suppress(RuntimeError, MisfitError):
            turned = unpack(model(x.transpose(0, 1), *start), names)
            if turned["hs"].shape[:2] == (B, T):
                return turned
    if raised:
        raise raised
    return found


def _states(rows: Any, cells: list[str]) -> list[Any]:
    """Turn rows (B, H) into one state per layer, in the shapes of torch.nn."""
    row = count()
    return [
        rows[next(row)][None] if cell == "gru" else (rows[next(row)][None], rows[next(row)][None])
        for cell in cells
    ]


def _run_bridge(bridge: Function, given: Mapping[str, Any]) -> dict[str, Any]:
    return unpack(bridge(given["h[0]"][None]), ("h", "c"))


def _run_ensemble(ensemble: Function, given: Mapping[str, Any]) -> dict[str, Any]:
    return _only("log_probs", ensemble(given["logits"]))


def _only(name: str, returned: Any) -> dict[str, Any]:
    """Name the one tensor that is asked for; further values may follow it."""
    return unpack(returned, (name,) if isinstance(returned, tuple) else name)


bridge_states = Tensors(_run_bridge, {"h": "1 B H", "c": "1 B H"}, {"h[0]": "B H"})
ensemble_values = Tensors(_run_ensemble, {"log_probs": "B V"})
