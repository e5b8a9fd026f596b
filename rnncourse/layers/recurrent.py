"""What the layers share: the loop over layers and directions, packing, dropout, and options."""

import sys
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.utils.rnn import PackedSequence

from rnncourse.layers.arguments import (
    State,
    as_states,
    autocast_on,
    check_cell,
    check_input,
    check_states,
)
from rnncourse.layers.biases import check_named_bias, set_named_bias
from rnncourse.layers.steps import Steps

Weights = Sequence[Any]  # tensors, or None for a bias or a projection that is not there


class Layer(nn.RNNBase):
    """A recurrent layer's forward pass over the parameters that torch.nn defines for it.

    A subclass gives ``through_time``, an autograd function with its cell's passes derived by
    hand and, as ``loop``, the same for autograd to derive.
    """

    through_time: Any
    states: ClassVar[int] = 1

    def _settings(self) -> tuple[Any, ...]:
        """What ``through_time`` takes besides steps, mask and tensors."""
        return ()

    def _options(
        self,
        mode: str,
        recurrent_dropout: float,
        init: str | None,
        horizon: float | None,
        proj_size: int = 0,
    ) -> None:
        """Keep what torch.nn does not have, before its constructor draws the parameters."""
        if not 0 <= recurrent_dropout <= 1:
            raise ValueError(f"recurrent_dropout is {recurrent_dropout}, expected 0 to 1")
        if proj_size:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        check_named_bias(mode, init, horizon)
        self.recurrent_dropout, self.init, self.horizon = recurrent_dropout, init, horizon

    def reset_parameters(self) -> None:
        """Draw as torch.nn does, then set the biases that ``init`` names."""
        super().reset_parameters()
        if self.init is not None:
            if not self.bias:
                raise ValueError(f"init={self.init!r} sets biases, but bias is False")
            for _, _, b_x, b_h, *_ in self.all_weights:
                set_named_bias(self.mode, self.init, self.horizon, b_x, b_h)

    def flatten_parameters(self) -> None:
        """Do nothing: there is no cuDNN buffer to lay the parameters out for."""

    def extra_repr(self) -> str:
        """Name the sizes and every option that is not at its default."""
        options = {"recurrent_dropout": 0, "init": None, "horizon": None, "reset_after": True}
        given = {name: getattr(self, name, default) for name, default in options.items()}
        ours = [f", {n}={given[n]}" for n, default in options.items() if given[n] != default]
        return super().extra_repr() + "".join(ours)

    def forward(self, input: Any, hx: Any = None, trace: bool = False) -> Any:
        """Run ``run``, or torch.nn's own operator where it computes the same and is better known.

        That is in what torch.export and torch.jit.trace write down. torch.compile leaves this
        layer out of its graph, as it does torch.nn's.
        """
        if torch.jit.is_tracing() or torch.compiler.is_exporting():
            dropout = self.training and self.recurrent_dropout
            if getattr(self, "reset_after", True) and not dropout and not trace:
                return super().forward(input, hx)
        run = _outside_dynamo() if "torch._dynamo" in sys.modules else Layer.run
        return run(self, input, hx, trace)

    def run(self, input: Any, hx: Any, trace: bool) -> Any:
        """Run over a batch, one sequence or a PackedSequence, in torch.nn's shapes.

        Returns the output and the last state or states. With ``trace`` also a list of named
        tuples, one for each layer and direction in the order of the states: gates and states at
        every step, laid out as the output is.

        Raises ValueError and RuntimeError where torch.nn does, TypeError for a wrong ``hx``.
        """
        packed = isinstance(input, PackedSequence)
        x, batch_sizes, order, restore = input if packed else (input, None, None, None)
        weights = self._weights()
        check_input(type(self).__name__, x, weights[0][0], packed)
        batched = packed or x.dim() == 3
        if packed:
            sizes = input.batch_sizes.tolist()
        else:
            x = x.transpose(0, 1) if batched and self.batch_first else x
            sizes = [x.shape[1] if batched else 1] * len(x)
            if not sizes:
                raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
            x = x.flatten(0, 1) if batched else x
        states = self._initial(x, sizes[0], hx, batched)
        if order is not None:
            states = tuple(s.index_select(1, order) for s in states)
        x, states, traces = self._autocast(x, states, weights, sizes, trace)
        if restore is not None:
            states = tuple(s.index_select(1, restore) for s in states)
        states = states if batched else tuple(s.squeeze(1) for s in states)

        def shaped(rows: Tensor) -> Any:
            flat = packed or not batched
            shape = rows.shape if flat else (len(sizes), sizes[0], rows.shape[1])
            # under no_grad not as a view, to which autograd would let nobody add a parameter
            as_view = torch.is_grad_enabled() or _transformed(rows)
            rows = rows.view(shape) if as_view else torch.ops.aten._unsafe_view(rows, shape)
            if packed:
                return PackedSequence(rows, batch_sizes, order, restore)
            return rows.transpose(0, 1) if batched and self.batch_first else rows

        result = shaped(x), states if self.states == 2 else states[0]
        return (*result, [type(t)(*map(shaped, t)) for t in traces]) if trace else result

    def _weights(self) -> list[Weights]:
        """W_x, W_h, b_x, b_h of each layer and direction, and W_hr where there are two states."""
        rows: list[Weights] = []
        for W_x, W_h, *rest in self.all_weights:
            biases = rest[:2] if self.bias else [None, None]
            projection = [rest[-1] if self.proj_size else None] * (self.states - 1)
            rows.append([W_x, W_h, *biases, *projection])
        return rows

    def _initial(self, x: Tensor, batch: int, hx: Any, batched: bool) -> State:
        count = self.num_layers * (2 if self.bidirectional else 1)
        widths = (self.proj_size or self.hidden_size, self.hidden_size)
        shapes = [(count, batch, width) for width in widths[: self.states]]
        if hx is None:
            return tuple(x.new_zeros(shape) for shape in shapes)
        states = as_states(hx, self.states)
        check_states(states, shapes, x, batched)
        return states if batched else tuple(s.unsqueeze(1) for s in states)

    def _autocast(
        self, x: Tensor, states: State, weights: list[Weights], sizes: list[int], trace: bool
    ) -> tuple[Tensor, State, list]:
        """Run all layers, in autocast's type where that is on."""
        if not autocast_on(x):
            return self._layers(x, states, weights, sizes, trace)
        device = x.device.type
        low = torch.get_autocast_dtype(device)
        # torch.nn's GRU computes in the low type too, but on a CPU its results are not in it
        result = torch.float32 if self.mode == "GRU" and device == "cpu" else low
        with torch.autocast(device, enabled=False):
            weights = [[w if w is None else w.to(low) for w in row] for row in weights]
            states = tuple(s.to(low) for s in states)
            x, states, traces = self._layers(x.to(low), states, weights, sizes, trace)
            return x.to(result), tuple(s.to(result) for s in states), traces

    def _layers(
        self, x: Tensor, states: State, weights: list[Weights], sizes: list[int], trace: bool
    ) -> tuple[Tensor, State, list]:
        """Layer by layer and direction by direction, over rows x (N, I)."""
        directions = (False, True) if self.bidirectional else (False,)
        paths = [Steps(sizes, reverse, x.device) for reverse in directions]
        last: list[list[Tensor]] = []
        traces: list[Any] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction, steps in enumerate(paths):
                k = layer * len(paths) + direction
                h, *final = self._direction(
                    steps, x, [s[k] for s in states], weights[k], traces if trace else None
                )
                outputs.append(h)
                last.append(final)
            x = torch.cat(outputs, 1) if self.bidirectional else outputs[0]
            if self.dropout and layer < self.num_layers - 1:
                x = nn.functional.dropout(x, self.dropout, self.training)
        return x, tuple(map(torch.stack, zip(*last, strict=True))), traces

    def _direction(
        self, steps: Steps, x: Tensor, state: list[Tensor], weights: Weights, traces: list | None
    ) -> tuple[Tensor, ...]:
        """One layer in one direction: all h by rows, and the last states."""
        mask = None
        if self.recurrent_dropout and self.training:
            keep = 1 - self.recurrent_dropout
            mask = torch.empty_like(state[0]).bernoulli_(keep).div_(keep or 1)
        arguments = (steps, mask, *self._settings(), x, *state, *weights)
        if traces is not None or _transformed(x):
            seen, final = self.through_time.loop(*arguments)
            if traces is not None:
                traces.append(seen)
            return seen.h, *final
        function, native = self.through_time, getattr(self.through_time, "native", None)
        if native is not None and native.fits(steps, mask, x, weights):
            function = native
        tensors = (x, *state, *weights)
        if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
            return function.apply(*arguments)
        return function.forward(None, *arguments)


class Cell(nn.RNNCellBase):
    """One step of a recurrent cell over the parameters that torch.nn defines for it.

    A subclass gives ``_step``, the new states from x and the old ones.
    """

    states: ClassVar[int] = 1

    def _step(self, x: Tensor, state: State, weights: Weights) -> State:
        raise NotImplementedError

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """Advance by one step: input (B, I) or (I,), each state (B, H) or (H,).

        Returns the new state or states. Raises ValueError and RuntimeError where torch.nn does.
        """
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(
                f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead: (B, I) or (I,)"
            )
        x = input if input.dim() == 2 else input.unsqueeze(0)
        if hx is None:
            state: State = (x.new_zeros(x.shape[0], self.hidden_size),) * self.states
        else:
            state = as_states(hx, self.states)
            for k, s in enumerate(state):
                if s.dim() not in (1, 2):
                    what = "hidden" if self.states == 1 else f"hx[{k}]"
                    raise ValueError(
                        f"{name}: Expected {what} to be 1D or 2D, got {s.dim()}D instead"
                    )
            state = state if input.dim() == 2 else tuple(s.unsqueeze(0) for s in state)
        check_cell(x, state, self.weight_ih, self.hidden_size)
        state = self._step(x, state, (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh))
        state = state if input.dim() == 2 else tuple(s.squeeze(0) for s in state)
        return state if self.states == 2 else state[0]


_run_outside_dynamo: Any = None


def _outside_dynamo() -> Any:
    global _run_outside_dynamo
    if _run_outside_dynamo is None:
        _run_outside_dynamo = torch.compiler.disable(Layer.run)
    return _run_outside_dynamo


def _transformed(x: Tensor) -> bool:
    """Whether something looks on that knows torch's operations but no function of ours."""
    return (
        torch.compiler.is_exporting()
        or torch.jit.is_tracing()
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
        or x.is_complex()
    )
