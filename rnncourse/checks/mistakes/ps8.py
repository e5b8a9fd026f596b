"""What learners write instead of a bridge and of a stack of mixed cells."""

from collections.abc import Callable
from typing import Any

from rnncourse.checks.declare import Mistake
from rnncourse.checks.ps8_answers import bridge, mixed_stack_class

BRIDGED, STACKED = "hybrids-bridge", "hybrids-stack"


def _bridge(slug: str, says: str, asks: str, wrong: Callable) -> Mistake:
    return Mistake(slug, f"a bridge that {says}", asks, BRIDGED, wrong)


BRIDGE = [
    _bridge(
        "c-is-h",
        "hands h over twice, as h and as c",
        "What has an LSTM written into its memory before its first step?",
        lambda h: (h, h),
    ),
    _bridge(
        "c-is-tanh-h",
        "takes tanh(h) for c",
        "What has an LSTM written into its memory before its first step?",
        lambda h: (h, h.tanh()),
    ),
    _bridge(
        "c-is-ones",
        "fills c with ones",
        "Which c adds nothing to the first new memory, whatever the forget gate says?",
        lambda h: (h, h.new_ones(h.shape)),
    ),
    _bridge(
        "h-and-c-swapped",
        "returns the zeros first and h second",
        "Which of its two states does an LSTM show to the rest of the network?",
        lambda h: (h.new_zeros(h.shape), h),
    ),
    _bridge(
        "zeros-alone",
        "hands over zeros alone",
        "What does the decoder learn of the source from your h?",
        lambda h: (h * 0, h * 0),
    ),
    _bridge(
        "h-squashed",
        "sends h through a tanh once more",
        "Which equation of the GRU gave h, and is anything left to do to it?",
        lambda h: (h.tanh(), h.new_zeros(h.shape)),
    ),
    _bridge(
        "first-axis-dropped",
        "drops the axis of the layers, (B, H) for (1, B, H)",
        "What does the first axis of a state of torch.nn count?",
        lambda h: (h[0], h.new_zeros(h.shape)[0]),
    ),
    _bridge(
        "c-without-the-first-axis",
        "gives c the shape (B, H), without the axis of the layers",
        "What does the first axis of a state of torch.nn count?",
        lambda h: (h, h.new_zeros(h.shape)[0]),
    ),
    _bridge(
        "batch-first",
        "puts the batch first, (B, 1, H) for (1, B, H)",
        "Where does torch.nn put the batch in a state, whatever batch_first says?",
        lambda h: (h.transpose(0, 1), h.new_zeros(h.shape).transpose(0, 1)),
    ),
]


def _stack(slug: str, says: str, asks: str, **parts: Any) -> Mistake:
    def wrong(*sizes: Any) -> Any:
        return type("MixedStack", (mixed_stack_class(),), parts)(*sizes)

    return Mistake(slug, f"a stack that {says}", asks, STACKED, wrong)


def _right(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    return mixed_stack_class().forward(model, x, states)  # type: ignore[attr-defined]


def _returning(change: Callable) -> Callable:
    """Change what comes back: ``change(hs, states)``."""
    return lambda model, x, states=None: change(*_right(model, x, states))


def _upside_down(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    new: list[Any] = []
    for k in reversed(range(len(model.layers))):
        x, last = model.layers[k](x, states[k] if states else None)
        new.insert(0, last)
    return x, new


def _each_on_x(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    given = zip(model.layers, states or [None] * len(model.layers), strict=True)
    outputs = [layer(x, state) for layer, state in given]
    return outputs[-1][0], [last for _, last in outputs]


def _handed_up(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    """Start every layer but the first from the last state of the one below."""
    from torch import nn

    state = states[0] if states else None
    new: list[Any] = []
    for layer in model.layers:
        if isinstance(layer, nn.GRU) and isinstance(state, tuple):
            state = state[0]
        elif isinstance(layer, nn.LSTM) and state is not None and not isinstance(state, tuple):
            state = bridge(state)
        x, state = layer(x, state)
        new.append(state)
    return x, new


def _in_place(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    states = [None] * len(model.layers) if states is None else states
    for k, layer in enumerate(model.layers):
        x, states[k] = layer(x, states[k])
    return x, states


def _leaking(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    hs, new = _right(model, x, getattr(model, "kept", None) if states is None else states)
    model.kept = new
    return hs, new


def _concatenated(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    import torch

    given, outputs, new = states or [None] * len(model.layers), [], []
    for layer, state in zip(model.layers, given, strict=True):
        x, last = layer(x, state)
        outputs.append(x)
        new.append(last)
    return torch.cat(outputs, dim=-1), new


def _detached(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    given, new = states or [None] * len(model.layers), []
    for k, (layer, state) in enumerate(zip(model.layers, given, strict=True)):
        x, last = layer(x.detach() if k else x, state)
        new.append(last)
    return x, new


def _residual(model: Any, x: Any, hs: Any) -> Any:
    return x + hs if x.shape == hs.shape else hs


def _residual_above(model: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    """Add what a layer reads to what it gives, in all layers but the first."""
    given, new = states or [None] * len(model.layers), []
    for k, (layer, state) in enumerate(zip(model.layers, given, strict=True)):
        hs, last = layer(x, state)
        x = hs + x if k else hs
        new.append(last)
    return x, new


def _c_first(hs: Any, states: list[Any]) -> tuple[Any, Any]:
    return hs, [state[::-1] if isinstance(state, tuple) else state for state in states]


def _squeezed(hs: Any, states: list[Any]) -> tuple[Any, Any]:
    return hs, [
        tuple(s[0] for s in last) if isinstance(last, tuple) else last[0] for last in states
    ]


STACK = [
    _stack(
        "every-layer-reads-x",
        "gives x to every layer, and returns what the last one makes of it",
        "What does the second layer read?",
        forward=_each_on_x,
    ),
    _stack(
        "order-of-cells-reversed",
        "runs its layers from the last to the first",
        "Which of the cells reads x?",
        forward=_upside_down,
    ),
    _stack(
        "states-ignored",
        "starts from zeros, whatever states it is given",
        "Where in forward do you use states?",
        forward=lambda model, x, states=None: _right(model, x),
    ),
    _stack(
        "state-handed-up",
        "starts each layer from the last state of the layer below",
        "What travels along the sequence within a layer, and what travels up from layer to layer?",
        forward=_handed_up,
    ),
    _stack(
        "given-states-overwritten",
        "writes its new states into the list that it was given",
        "Call your stack twice with the same list of states. Is the answer the same?",
        forward=_in_place,
    ),
    _stack(
        "state-kept-inside",
        "keeps its last states inside and starts from them when none are given",
        "What does a new sequence know of the last one?",
        forward=_leaking,
    ),
    _stack(
        "residual-everywhere",
        "adds to each layer's output what the layer reads",
        "Which line adds, and does the exercise ask for a residual stack?",
        between=_residual,
    ),
    _stack(
        "residual-above-the-first",
        "adds to the output of every layer but the first what the layer reads",
        "Which line adds, and does the exercise ask for a residual stack?",
        forward=_residual_above,
    ),
    _stack(
        "tanh-between",
        "sends each layer's output through a tanh",
        "Which curves has h been through before it leaves its cell?",
        between=lambda model, x, hs: hs.tanh(),
    ),
    _stack(
        "relu-between",
        "sends each layer's output through a ReLU",
        "What does the layer above learn of a negative h?",
        between=lambda model, x, hs: hs.relu(),
    ),
    _stack(
        "detached-between",
        "detaches each layer's output from the layers below",
        "How does the loss reach the parameters of layers.0?",
        forward=_detached,
    ),
    _stack(
        "c-before-h",
        "returns (c, h) for (h, c)",
        "In which order does torch.nn.LSTM give its two states?",
        forward=_returning(_c_first),
    ),
    _stack(
        "last-step-only",
        "returns the last step's hidden state alone",
        "How many steps does hs have?",
        forward=_returning(lambda hs, states: (hs[-1], states)),
    ),
    _stack(
        "batch-first",
        "returns hs with the batch first",
        "Which axis comes first in this course, time or batch?",
        forward=_returning(lambda hs, states: (hs.transpose(0, 1), states)),
    ),
    _stack(
        "last-step-with-its-axis",
        "returns the last step alone, as a sequence of one",
        "How many steps does hs have?",
        forward=_returning(lambda hs, states: (hs[-1:], states)),
    ),
    _stack(
        "states-without-the-first-axis",
        "returns states of (B, H), without the axis of the layers",
        "Which shapes do torch.nn's layers return, and what stands in them?",
        forward=_returning(_squeezed),
    ),
    _stack(
        "all-layers-in-hs",
        "puts the hidden states of all layers side by side",
        "Which layer does the rest of the network see?",
        forward=_concatenated,
    ),
]
