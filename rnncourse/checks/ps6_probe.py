"""Probes of problem set 6, where a number stands beside arrays of float32 or arrays in a list."""

from rnncourse.checks.declare import Arrays, Function, Inputs
from rnncourse.checks.values import MisfitError, Returning, as_value, describe

GRADS = {"grads[0]": "H I", "grads[1]": "H H", "grads[2]": "H"}


class Loss(Returning):
    """``Returning``, but the loss is held to the precision of the gradient beside it."""

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        arrays = super().__call__(function, inputs)
        return arrays | {"loss": arrays["loss"].astype(arrays["dlogits"].dtype)}


class Clipped:
    """A probe for ``f(grads, max_norm) -> (grads, norm)``, where grads is a list of arrays."""

    def __init__(self) -> None:
        self.shapes = {**GRADS, "norm": "float"}

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        given = function(*inputs.values())
        if not isinstance(given, tuple | list):
            missing = " Is the return statement missing?" if given is None else ""
            raise MisfitError(f"returned {describe(given)}, expected grads, norm.{missing}")
        if len(given) < 2:
            raise MisfitError(f"returned {len(given)} value, expected 2: grads, norm.")
        grads, norm = given[:2]
        if not isinstance(grads, tuple | list):
            raise MisfitError(f"returned {describe(grads)} for grads, expected a list of arrays.")
        wanted = len(inputs["grads"])
        if len(grads) != wanted:
            raise MisfitError(f"returned {len(grads)} arrays for grads, expected {wanted}.")
        arrays = {
            name: as_value(name, letters, grad)
            for (name, letters), grad in zip(GRADS.items(), grads, strict=False)
        }
        length = as_value("norm", "float", norm)
        return arrays | {"norm": length.astype(arrays["grads[0]"].dtype)}
