"""Ask a torch module, or a function of tensors: build it, load it, run it, go back through it.

Nothing here knows a right answer. torch is imported inside functions, so that the checks are there
without it.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rnncourse.checks.declare import Arrays, Function, Inputs
from rnncourse.checks.values import MisfitError

Tensor = Any
Given = dict[str, Any]
Run = Callable[[Any, Given], dict[str, Tensor]]


class Tensors:
    """A probe of functions of tensors.

    ``run(function, given)`` calls the function and names the tensors that come back, with
    ``unpack``. ``given`` holds the inputs, each array as a tensor on the same memory and all else
    as it is, so that an input such as a word can say how to call. ``outputs`` has their shapes in
    letters.

    Where the inputs have a "dlogits" for the output "logits" (and so on), the probe goes back from
    the sum of the products, and adds "grad x" for each x in ``leaves``, shapes in letters too.
    Where a shape is not that of its gradient there is no way back, and the arrays are the outputs
    alone. Where an output hangs on no leaf its gradient is zero.
    """

    def __init__(
        self, run: Run, outputs: Mapping[str, str], leaves: Mapping[str, str] | None = None
    ) -> None:
        self.run = run
        self.outputs = dict(outputs)
        self.leaves = dict(leaves or {})
        self.shapes = self.outputs | {_grad(name): of for name, of in self.leaves.items()}

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        with _torch_as_it_was():
            given, leaves = self._given(inputs)
            return self._ask(function, given, leaves)

    def _given(self, inputs: Inputs) -> tuple[Given, dict[str, Tensor]]:
        """Return the inputs as tensors, and those among them whose gradients are asked for.

        Where none is asked for they are no leaves, so that a function can be caught writing to
        them.
        """
        asked = any(f"d{name}" in inputs for name in self.outputs)
        leaves = [name for name in self.leaves if asked and name in inputs]
        given = _tensors(inputs, leaves)
        return given, {name: given[name] for name in leaves}

    def _ask(self, function: Function, given: Given, leaves: dict[str, Tensor]) -> Arrays:
        with _unwritten_is_said():
            outputs = self.run(function, given)
        arrays = {name: _array(name, tensor) for name, tensor in outputs.items()}
        seeds = {name: given[f"d{name}"] for name in outputs if f"d{name}" in given}
        if seeds and all(outputs[name].shape == seed.shape for name, seed in seeds.items()):
            arrays |= self._gradients(outputs, seeds, leaves)
        return arrays

    def _gradients(
        self, outputs: dict[str, Tensor], seeds: dict[str, Tensor], leaves: dict[str, Tensor]
    ) -> Arrays:
        import torch

        loss = sum((outputs[name] * seed).sum() for name, seed in seeds.items())
        if not getattr(loss, "requires_grad", False):
            raise MisfitError(
                f"returned {_and(list(seeds))} without a gradient: no way leads back from them to "
                f"{_and(list(leaves))}. Is there a detach, a no_grad or a copy on the way?"
            )
        try:
            found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
        except RuntimeError as error:
            said = str(error).splitlines()[0]
            raise MisfitError(f"runs, but torch cannot go back through it: {said}") from None
        self._require_reached({n: g is not None for n, g in zip(leaves, found, strict=True)})
        return {
            _grad(name): (torch.zeros_like(leaf) if gradient is None else gradient).numpy().copy()
            for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
        }

    def _require_reached(self, reached: dict[str, bool]) -> None:
        """Say what no gradient reaches, where that is more than a wrong number."""


class Modules(Tensors):
    """A probe of nn.Module classes with given parameter names.

    ``arguments(inputs)`` are those of the constructor, in order. ``parameters`` are the names and
    shapes in letters of all that the state_dict holds; inputs of these names are loaded by
    load_state_dict, and each gets a "grad". ``run(module, given)`` and the rest as in
    ``Tensors``. The module is moved to the dtype of the first parameter.

        Modules(
            arguments=lambda inputs: (inputs["x"].shape[-1], inputs["h0"].shape[-1]),
            parameters={"weight_ih_l0": "3H I", …},
            run=lambda module, given: unpack(module(given["x"], given["h0"]), ("hs", "h")),
            outputs={"hs": "T B H", "h": "1 B H"},
            leaves={"x": "T B I", "h0": "1 B H"},
        )
    """

    def __init__(
        self,
        arguments: Callable[[Inputs], Sequence],
        parameters: Mapping[str, str],
        run: Run,
        outputs: Mapping[str, str],
        leaves: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(run, outputs, leaves)
        self.arguments = arguments
        self.parameters = dict(parameters)
        self.shapes |= {_grad(name): of for name, of in self.parameters.items()}

    def __call__(self, function: Function, inputs: Inputs) -> Arrays:
        with _torch_as_it_was():
            given, leaves = self._given(inputs)
            with _unwritten_is_said():
                module = _built(function, self.arguments(inputs))
                numbers = {name: given[name] for name in self.parameters}
                _require_parameters(module, numbers)
                _load(module, numbers)
            named = dict(module.named_parameters())
            return self._ask(module, given, leaves | {name: named[name] for name in numbers})

    def _require_reached(self, reached: dict[str, bool]) -> None:
        if not any(reached[name] for name in self.parameters):
            raise MisfitError(
                "computes with something else than its parameters: no gradient reaches "
                f"{_and(list(self.parameters))}. What does forward multiply by, and was it made "
                "before the parameters were loaded?"
            )


def unpack(returned: Any, names: Any, where: str = "") -> dict[str, Tensor]:
    """Name the tensors that came back: ``unpack(returned, ("hs", ("h", "c")))``.

    Tuples and lists will do, and further values may follow. Raises MisfitError.
    """
    import torch

    if isinstance(names, str):
        if not isinstance(returned, torch.Tensor):
            raise MisfitError(_said(returned, f" for {names}", "a tensor"))
        return {names: returned}
    wanted = _spell(names)
    if not isinstance(returned, tuple | list):
        raise MisfitError(_said(returned, where, wanted))
    if len(returned) < len(names):
        count = f"{len(returned)} value{'s' * (len(returned) != 1)}"
        raise MisfitError(f"returned {count}{where}, expected {len(names)}: {wanted}.")
    found: dict[str, Tensor] = {}
    for part, name in zip(returned, names, strict=False):
        place = "" if isinstance(name, str) else f" in the place of ({_spell(name)})"
        found |= unpack(part, name, place)
    return found


def _tensors(inputs: Inputs, leaves: Sequence[str]) -> Given:
    """Turn arrays into tensors on the same memory; those of ``leaves`` take gradients."""
    import torch

    def tensor(value: Any) -> Any:
        if isinstance(value, list):
            return [tensor(part) for part in value]
        return torch.from_numpy(value) if isinstance(value, np.ndarray) else value

    given = {name: tensor(value) for name, value in inputs.items()}
    for name in leaves:
        given[name].requires_grad_()
    return given


def _built(cls: Any, arguments: Sequence) -> Any:
    from torch import nn

    name = getattr(cls, "__name__", type(cls).__name__)
    spelt = f"{name}({', '.join(map(repr, arguments))})"
    if isinstance(cls, nn.Module):
        raise MisfitError("is an object here, expected the class, without brackets.")
    if isinstance(cls, type) and not issubclass(cls, nn.Module):
        raise MisfitError(f"is no module, expected class {name}(nn.Module).")
    try:
        module = cls(*arguments)
    except TypeError as error:
        trace = error.__traceback__
        if callable(cls) and trace is not None and trace.tb_next is None:
            raise MisfitError(f"cannot be built as {spelt}: {error}.") from None
        raise
    if not isinstance(module, nn.Module):
        raise MisfitError(f"is no class of modules: {spelt} made {_describe(module)}.")
    if "_parameters" not in vars(module):
        raise MisfitError("has an __init__ that never calls super().__init__().")
    return module


def _require_parameters(module: Any, wanted: Mapping[str, Tensor]) -> None:
    """Compare the state_dict with the names and shapes that are fixed."""
    import torch

    parameters = dict(module.named_parameters(remove_duplicate=False))
    state = module.state_dict()
    for name in wanted:
        plain = getattr(module, name, None)
        if name in state and name not in parameters:
            raise MisfitError(f"holds {name} as a buffer, expected an nn.Parameter.")
        if name not in state and isinstance(plain, torch.Tensor):
            raise MisfitError(f"holds {name} as a plain tensor, expected an nn.Parameter.")
    missing = [name for name in wanted if name not in state]
    if missing:
        deeper = [name for name in state if name.endswith(tuple(f".{lost}" for lost in missing))]
        why = " Are they those of a module inside yours?" if deeper else ""
        raise MisfitError(
            f"has no parameter {_and(missing)}; its state_dict has {_and(list(state))}.{why}"
        )
    more = [name for name in state if name not in wanted]
    if more:
        raise MisfitError(
            f"has {_and(more)} in its state_dict, expected {_and(list(wanted))} and no more."
        )
    for name, numbers in wanted.items():
        if state[name].shape != numbers.shape:
            shapes = f"shape {tuple(state[name].shape)}, expected {tuple(numbers.shape)}"
            raise MisfitError(f"has a {name} of {shapes}.")
        twin = next(other for other in wanted if parameters[other] is parameters[name])
        if twin != name:
            raise MisfitError(f"has one parameter for {twin} and {name}, expected one for each.")
        if not parameters[name].requires_grad:
            raise MisfitError(f"has a {name} that does not learn: its requires_grad is False.")


def _load(module: Any, numbers: Mapping[str, Tensor]) -> None:
    dtype = next((tensor.dtype for tensor in numbers.values()), None)
    if dtype is not None:
        module.to(dtype)
    module.load_state_dict({name: tensor.clone() for name, tensor in numbers.items()})


def _array(name: str, tensor: Tensor) -> np.ndarray:
    import torch

    if tensor.dtype not in (torch.float32, torch.float64):
        raise MisfitError(f"returned {name} as a tensor of {tensor.dtype}, expected floats.")
    return tensor.detach().numpy().copy()


@contextlib.contextmanager
def _torch_as_it_was() -> Iterator[None]:
    """Draw the same random numbers each time, and leave torch's global state as it was.

    One thread: arrays this small are not worth waking another.
    """
    import torch

    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _unwritten_is_said() -> Iterator[None]:
    """Name the class, not its method, where a method is not written yet."""
    try:
        yield
    except NotImplementedError as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        inner = trace.tb_frame.f_code.co_name if trace is not None else ""
        if inner == "_forward_unimplemented":
            raise MisfitError("has no method forward.") from None
        if inner in ("__init__", "forward"):
            raise MisfitError("is not written yet.") from None
        raise


def _describe(value: Any) -> str:
    import torch

    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array of NumPy, shape {value.shape}"
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _said(value: Any, where: str, wanted: str) -> str:
    missing = " Is the return statement missing?" if value is None and not where else ""
    return f"returned {_describe(value)}{where}, expected {wanted}.{missing}"


def _spell(names: Any) -> str:
    return ", ".join(name if isinstance(name, str) else f"({_spell(name)})" for name in names)


def _and(names: Sequence[str]) -> str:
    if not names:
        return "nothing"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _grad(name: str) -> str:
    return f"grad {name}"
