"""Any cell over time, and back through it. Time is the first axis; a state is a tuple, h first."""

from collections.abc import Callable, Sequence

import numpy as np

State = tuple[np.ndarray, ...]


def sigmoid(a: np.ndarray) -> np.ndarray:
    """Logistic function 1 / (1 + exp(-a)), written with tanh so that no exp can overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def unroll(step: Callable, x: np.ndarray, state: State, parameters: Sequence) -> list[State]:
    """Run ``step(x_t, *state, *parameters)`` over x (T, B, I).

    ``step`` returns the new h, or a tuple with h first. Returns the T + 1 states, the initial
    one included.
    """
    states = [state]
    for x_t in x:
        new = step(x_t, *states[-1], *parameters)
        states.append(new if isinstance(new, tuple) else (new,))
    return states


def hidden_states(states: list[State]) -> np.ndarray:
    """Stack h of every state but the initial one: hs (T, B, H)."""
    return np.stack([state[0] for state in states[1:]])


def unroll_backward(
    step_backward: Callable,
    x: np.ndarray,
    states: list[State],
    parameters: Sequence,
    dhs: np.ndarray,
    dstate: State,
) -> tuple[np.ndarray, State, list[np.ndarray]]:
    """Backpropagation through time over the states that ``unroll`` returned.

    ``step_backward(x_t, *state, *parameters, *dstate)`` returns the gradients of x_t, of each
    part of the state before the step, and of each parameter, in this order. ``dhs`` (T, B, H)
    is the gradient that reaches each h_t from outside, ``dstate`` the one that reaches the last
    state besides. Returns dx, the gradient of the initial state, and those of the parameters.
    """
    parts = len(dstate)
    dx = np.empty_like(x)
    dparameters = [np.zeros_like(parameter) for parameter in parameters]
    for t in reversed(range(len(x))):
        # two roads meet in h_t: its own output, and every later step
        dstate = (dstate[0] + dhs[t], *dstate[1:])
        dx[t], *rest = step_backward(x[t], *states[t], *parameters, *dstate)
        dstate = tuple(rest[:parts])
        for total, here in zip(dparameters, rest[parts:], strict=True):
            total += here
    return dx, dstate, dparameters
