"""How problem set 4 asks a layer: once, without a state, in two calls, under no_grad, as a copy.

The way is the input "call". Nothing here knows a right answer.
"""

import copy
from typing import Any

from rnncourse.checks.declare import Inputs
from rnncourse.checks.modules import Given, Modules, Tensor, unpack
from rnncourse.checks.values import MisfitError


def layer(*states: str, blocks: int) -> Modules:
    """Make the probe of a layer with these states, h or h and c, each (1, B, H)."""
    parameters = {
        "weight_ih_l0": f"{blocks}H I",
        "weight_hh_l0": f"{blocks}H H",
        "bias_ih_l0": f"{blocks}H",
        "bias_hh_l0": f"{blocks}H",
    }
    return Modules(
        arguments=_sizes,
        parameters=parameters,
        run=_Asking(states),
        outputs={"hs": "T B H"} | dict.fromkeys(states, "1 B H"),
        leaves={"x": "T B I"} | {f"{state}0": "1 B H" for state in states},
    )


def _sizes(inputs: Inputs) -> tuple[int, int]:
    return inputs["x"].shape[2], inputs["weight_hh_l0"].shape[1]


class _Asking:
    """Calls a layer in the way that the inputs say, and names what it returns."""

    def __init__(self, states: tuple[str, ...]) -> None:
        self.states = states
        self.names = ("hs", states[0] if len(states) == 1 else states)

    def __call__(self, module: Any, given: Given) -> dict[str, Tensor]:
        first = tuple(given[f"{name}0"] for name in self.states if f"{name}0" in given)
        state = first[0] if len(first) == 1 else first
        return getattr(self, f"_{given['call']}")(module, given["x"], state)

    def _once(self, module: Any, x: Tensor, state: Any) -> dict[str, Tensor]:
        try:
            returned = module(x, state)
        except RuntimeError:
            batch_first = self._batch_first(module, x, state)
            if batch_first is None:
                raise
            returned = batch_first
        return unpack(returned, self.names)

    def _batch_first(self, module: Any, x: Tensor, state: Any) -> Any:
        """Return what a layer makes of (B, T, I), if it is one that takes time for the batch.

        It cannot be right, since its hs is (B, T, H), but it can be recognised.
        """
        turned = x.transpose(0, 1)
        try:
            returned = module(turned, state)
            hs = unpack(returned, self.names)["hs"]
        except (RuntimeError, MisfitError):
            return None
        return returned if hs.shape[:2] == turned.shape[:2] != x.shape[:2] else None

    def _without_a_state(self, module: Any, x: Tensor, state: Any) -> dict[str, Tensor]:
        module(2 * x, None)  # what it leaves behind is no state for the next call
        return unpack(module(x), self.names)

    def _in_two_calls(self, module: Any, x: Tensor, state: Any) -> dict[str, Tensor]:
        import torch

        half = len(x) // 2
        returned = module(x[:half], state)
        early = unpack(returned, self.names)
        late = unpack(module(x[half:], returned[1]), self.names)
        return late | {"hs": torch.cat([early["hs"], late["hs"]])}

    def _transposed(self, module: Any, x: Tensor, state: Any) -> dict[str, Tensor]:
        batch_first = x.transpose(0, 1).contiguous()
        return self._once(module, batch_first.transpose(0, 1), state)

    def _under_no_grad(self, module: Any, x: Tensor, state: Any) -> dict[str, Tensor]:
        import torch

        with torch.no_grad():
            return self._once(module, x, state)

    def _copied(self, module: Any, x: Tensor, state: Any) -> dict[str, Tensor]:
        module(x, state)
        try:
            twin = copy.deepcopy(module)
        except RuntimeError:
            raise MisfitError(
                "cannot be copied by copy.deepcopy after a call. Which tensor does forward keep "
                "on self, with all of its graph?"
            ) from None
        for parameter in module.parameters():
            parameter.data.zero_()  # the copy has its own
        return self._once(twin, x, state)


lstm = layer("h", "c", blocks=4)
gru = layer("h", blocks=3)
