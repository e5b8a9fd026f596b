"""What goes wrong in a layer of torch whatever its cell: biases, matrices, state, gradients."""

from collections.abc import Callable, Container
from itertools import permutations
from typing import Any

from rnncourse.checks.declare import Function, Mistake
from rnncourse.checks.mistakes.ps4_layers import States, Step, layer

Tensor = Any

PARAMETERS, STATE, AUTOGRAD = "torch-parameters", "torch-state", "torch-autograd"
BATCH_FIRST = "torch-batch-first"
CARRIED = "What does step 2 of your loop start from?"
RETURNED = "Which shapes do torch.nn's layers return, and what stands in them?"


def gate_orders(step: Step, usual: str, names: dict[str, tuple[str, str]]) -> list[Mistake]:
    """Every order of the rows but the usual one, which is that of torch.nn."""
    asks = "In which order does torch.nn stack the rows of its weights and biases?"
    mistakes = []
    for letters in permutations(usual):
        order = "".join(letters)
        if order == usual:
            continue
        plain = f"gate-order-{order}", f"a layer whose rows are stacked {' '.join(order)}"
        slug, says = names.get(order, plain)
        wrong = layer(step, len(usual), weights=_reading(usual, order))
        mistakes.append(Mistake(slug, says, asks, PARAMETERS, wrong))
    return mistakes


def _reading(usual: str, order: str) -> Callable[..., tuple]:
    def rows(parameter: Tensor) -> Tensor:
        blocks = parameter.chunk(len(usual))
        return _cat([blocks[order.index(gate)] for gate in usual])

    return lambda *parameters: tuple(map(rows, parameters))


def _cat(parts: list) -> Tensor:
    import torch

    return torch.cat(parts)


def _untransposed(W_h: Tensor, blocks: int) -> Tensor:
    """Transpose each (H, H) block, so that the usual transpose takes it back."""
    return _cat([block.t() for block in W_h.chunk(blocks)])


def _reshaped(W: Tensor) -> Tensor:
    return W.reshape(W.shape[1], W.shape[0]).t()


def shared(step: Step, blocks: int) -> list[Mistake]:
    """What goes wrong in both cells, around the step: biases, matrices, loop, state, gradients."""

    def reading(weights: Callable[..., tuple]) -> Function:
        return layer(step, blocks, weights=weights)

    def starting(before: Callable) -> Function:
        return layer(step, blocks, before=before)

    def carrying(carry: Callable) -> Function:
        return layer(step, blocks, carry=carry)

    def returning(after: Callable) -> Function:
        return layer(step, blocks, after=after)

    two = "torch.nn adds two biases in each row. Where does each of them come into your sum?"
    return [
        Mistake(
            "bias-hh-dropped",
            "a layer without bias_hh_l0",
            two,
            PARAMETERS,
            reading(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_x, b_h.detach() * 0)),
        ),
        Mistake(
            "bias-ih-dropped",
            "a layer without bias_ih_l0",
            two,
            PARAMETERS,
            reading(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_x.detach() * 0, b_h)),
        ),
        Mistake(
            "biases-dropped",
            "a layer without its two biases",
            two,
            PARAMETERS,
            reading(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_x.detach() * 0, b_h.detach() * 0)),
        ),
        Mistake(
            "bias-ih-twice",
            "a layer that adds bias_ih_l0 twice and bias_hh_l0 never",
            two,
            PARAMETERS,
            reading(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_x, b_x)),
        ),
        Mistake(
            "bias-hh-twice",
            "a layer that adds bias_hh_l0 twice and bias_ih_l0 never",
            two,
            PARAMETERS,
            reading(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_h, b_h)),
        ),
        Mistake(
            "biases-doubled",
            "a layer that adds the sum of both biases to each of its two products",
            two,
            PARAMETERS,
            reading(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_x + b_h, b_x + b_h)),
        ),
        Mistake(
            "weight-hh-not-transposed",
            "a layer that uses each (H, H) block of weight_hh_l0 the other way round",
            "In a block of weight_hh_l0, which axis belongs to h and which to the gate?",
            PARAMETERS,
            reading(lambda W_x, W_h, *b: (W_x, _untransposed(W_h, blocks), *b)),
        ),
        Mistake(
            "weights-reshaped",
            "a layer that reshapes or views its matrices where they need a transpose",
            "Where does weight[0, 1] go in a view, and where in a transpose?",
            PARAMETERS,
            reading(lambda W_x, W_h, *b: (_reshaped(W_x), _reshaped(W_h), *b)),
        ),
        Mistake(
            "recurrent-product-dropped",
            "a layer whose gates do not see h",
            "Does anything change in your gates when h does?",
            PARAMETERS,
            reading(lambda W_x, W_h, *b: (W_x, W_h.detach() * 0, *b)),
        ),
        Mistake(
            "weight-hh-detached",
            "a layer whose weight_hh_l0 counts in the outputs and gets no gradient",
            "Is what you multiply h by the parameter itself, or its .data, or a copy?",
            AUTOGRAD,
            reading(lambda W_x, W_h, *b: (W_x, W_h.detach(), *b)),
        ),
        Mistake(
            "weight-ih-detached",
            "a layer whose weight_ih_l0 counts in the outputs and gets no gradient",
            "Is what you multiply x by the parameter itself, or its .data, or a copy?",
            AUTOGRAD,
            reading(lambda W_x, W_h, *b: (W_x.detach(), W_h, *b)),
        ),
        Mistake(
            "matrices-detached",
            "a layer whose two matrices count in the outputs and get no gradient",
            "Is what you multiply by the parameter itself, or its .data, or a copy?",
            AUTOGRAD,
            reading(lambda W_x, W_h, *b: (W_x.detach(), W_h.detach(), *b)),
        ),
        Mistake(
            "biases-detached",
            "a layer whose biases count in the outputs and get no gradient",
            "Is what you add the parameter itself, or its .data, or a copy?",
            AUTOGRAD,
            reading(lambda W_x, W_h, b_x, b_h: (W_x, W_h, b_x.detach(), b_h.detach())),
        ),
        Mistake(
            "x-detached",
            "a layer that lets no gradient through to x",
            "What would a layer below yours learn from?",
            AUTOGRAD,
            starting(lambda x, first: (x.detach(), first)),
        ),
        Mistake(
            "initial-state-detached",
            "a layer that lets no gradient through to the state it is given",
            "What would an encoder learn from, whose last state your layer starts with?",
            AUTOGRAD,
            starting(lambda x, first: (x, _detached(first))),
        ),
        *detached_on_the_way(step, blocks, "state", range(2)),
        Mistake(
            "last-state-detached",
            "a layer whose last state is detached",
            "Which gradient does a loss that reads your last state send back?",
            AUTOGRAD,
            returning(lambda hs, last, first: (hs, _detached(last))),
        ),
        Mistake(
            "hs-detached",
            "a layer whose hs is detached",
            "Which gradient does a loss that reads your hs send back?",
            AUTOGRAD,
            returning(lambda hs, last, first: (hs.detach(), last)),
        ),
        Mistake(
            "initial-state-ignored",
            "a layer that starts from zeros, whatever state it is given",
            "Which line of yours reads the argument state?",
            STATE,
            starting(lambda x, first: (x, tuple(part.detach() * 0 for part in first))),
        ),
        Mistake(
            "state-not-carried",
            "a loop in which every step sees the first state",
            CARRIED,
            STATE,
            carrying(lambda new, first: first),
        ),
        Mistake(
            "time-reversed",
            "a loop that reads x from its last step to its first",
            "Which part of x does your first step read?",
            STATE,
            starting(lambda x, first: (x.flip(0), first)),
        ),
        Mistake(
            "time-reversed-and-back",
            "the backward direction of a bidirectional layer",
            "Which part of x does your first step read?",
            STATE,
            layer(
                step,
                blocks,
                before=lambda x, first: (x.flip(0), first),
                after=lambda hs, last, first: (hs.flip(0), last),
            ),
        ),
        Mistake(
            "batch-first",
            "a layer with batch_first=True, whose hs is (B, T, H)",
            "Which axis is time in this exercise, in x and in hs?",
            BATCH_FIRST,
            returning(lambda hs, last, first: (hs.transpose(0, 1), last)),
        ),
        Mistake(
            "hs-with-the-axis-of-the-state",
            "a layer that returns hs as (T, 1, B, H)",
            "The state has an axis for the layers. Does hs have one?",
            STATE,
            returning(lambda hs, last, first: (hs[:, None], last)),
        ),
        Mistake(
            "hs-holds-the-initial-state",
            "a loop that returns its first state as part of hs",
            "How many steps has x, and how many states are in your hs?",
            STATE,
            returning(lambda hs, last, first: (_cat([first[0][None], hs]), last)),
        ),
        Mistake(
            "hs-one-step-behind",
            "a loop whose hs holds the state before each step",
            "Do you store h before or after the step that makes it?",
            STATE,
            returning(lambda hs, last, first: (_cat([first[0][None], hs[:-1]]), last)),
        ),
        Mistake(
            "hs-of-the-last-step",
            "a layer that returns the last h in the place of hs",
            RETURNED,
            STATE,
            returning(lambda hs, last, first: (hs[-1], last)),
        ),
        Mistake(
            "hs-of-the-last-step-with-its-axis",
            "a layer that returns the last h, as (1, B, H), in the place of hs",
            RETURNED,
            STATE,
            returning(lambda hs, last, first: (hs[-1:], last)),
        ),
        Mistake(
            "state-returned-as-given",
            "a layer that returns the state it was given",
            "Where does a second call find what the first one has read?",
            STATE,
            returning(lambda hs, last, first: (hs, first)),
        ),
        Mistake(
            "state-without-its-first-axis",
            "a layer whose last state is (B, H), without the axis of the layers",
            RETURNED,
            STATE,
            returning(lambda hs, last, first: (hs, tuple(part[None] for part in last))),
        ),
    ]


def detached_on_the_way(step: Step, blocks: int, what: str, parts: Container[int]) -> list[Mistake]:
    """A loop that cuts the graph at each step, in some parts of the state: it differs at the ends.

    The outputs are right. What is left is truncated backpropagation over one step.
    """

    def cut(states: States) -> States:
        return tuple(s.detach() if k in parts else s for k, s in enumerate(states))

    asks = "Through which tensors does the gradient of a late step reach an early one?"
    variants: dict[str, dict[str, Any]] = {
        "between-steps": {},
        "before-each-step": {"before": lambda x, first: (x, cut(first))},
        "after-each-step": {"after": lambda hs, last, first: (hs, cut(last))},
    }
    return [
        Mistake(
            f"{what}-detached-{when}",
            f"a loop that detaches {'its ' * (what == 'state')}{what} {when.replace('-', ' ')}",
            asks,
            AUTOGRAD,
            layer(step, blocks, carry=lambda new, first: cut(new), **ends),
        )
        for when, ends in variants.items()
    ]


def _detached(states: States) -> States:
    return tuple(part.detach() for part in states)
