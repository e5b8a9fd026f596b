"""Notice an answer that is not the learner's own: torch.nn's layers, or the course's reference.

While a learner's function runs, Python reports every call, and torch's own recurrent operators are
replaced by one that refuses. Noticed are calls of

- rnncourse's cells and layers, under any name, wrapped, copied with their code object, or compiled
  again from their source;
- torch.nn's recurrent layers and cells, by whatever road: torch.nn, torch.lstm, torch._VF,
  torch.ops.aten, a scripted module, another thread; in the sets on NumPy also torch.nn's losses
  and its clipping of gradients;
- Keras, TensorFlow, JAX, ONNX and its runtime.

Not noticed: another process, C code, and a source that was changed before it was compiled again.
In grading none of these libraries lies in the sandbox where the set does not need it.
"""

import contextlib
import functools
import inspect
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
OURS = "the course's own reference"
ANSWERS = ("cells", "layers", "models", "experiments")
ELSEWHERE = {
    "keras": "Keras",
    "tensorflow": "TensorFlow",
    "jax": "JAX",
    "flax": "Flax",
    "onnx": "ONNX",
    "onnxruntime": "ONNX Runtime",
}
TORCH_NN = ("torch/nn/modules/rnn.py", "torch/nn/modules/loss.py", "torch/nn/utils/clip_grad.py")
OWN_NAMES = ("_require", "require_shapes", "hidden_states", "unroll", "unroll_backward")
OPERATORS = {
    **{f"{op}.{form}": "CompositeImplicitAutograd" for op in ("lstm", "gru", "rnn_tanh", "rnn_relu")
       for form in ("input", "data")},
    **{f"{op}_cell": "CompositeImplicitAutograd" for op in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    "mkldnn_rnn_layer": "AutogradCPU",
    "cross_entropy_loss": "CompositeImplicitAutograd",
}  # fmt: skip


class Borrowed(BaseException):  # past every "except Exception" of the learner's
    """The learner's function called what it was to be."""


@contextlib.contextmanager
def watching(allows: frozenset[str]) -> Iterator[list[str]]:
    """Give the list of what is called that is not the learner's own; the call raises Borrowed.

    ``allows`` may hold "torch.nn", and "layers" for its recurrent ones.
    """
    seen: list[str] = []
    harmless: dict[int, CodeType] = {}  # by identity: code is slow to hash, and called often

    def notice(frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" or id(frame.f_code) in harmless:
            return
        if said := _borrowed(frame, allows):
            _refuse(seen, said)
        if not _is_ours(frame.f_code):
            harmless[id(frame.f_code)] = frame.f_code

    before = sys.getprofile()
    threading.setprofile(notice)
    with _operators_refuse(seen, allows):
        sys.setprofile(notice)
        try:
            yield seen
        finally:
            sys.setprofile(before)
            threading.setprofile(before)


def _refuse(seen: list[str], said: str) -> None:
    seen.append(said)
    raise Borrowed(said)


def _borrowed(frame: FrameType, allows: frozenset[str]) -> str | None:
    """Say what the code of this frame belongs to where it is not the learner's own."""
    code = frame.f_code
    origin = _origin(code.co_filename) or (OURS if _is_reference(code) else None)
    if origin is None or origin in allows or _is_excused(frame):
        return None
    return f"{origin} ({code.co_qualname})"


def _is_ours(code: CodeType) -> bool:
    """Say whether it depends on the caller if this code may be called."""
    return _origin(code.co_filename) is not None or _is_reference(code)


@functools.cache
def _origin(filename: str) -> str | None:
    path = Path(filename)
    if path.is_relative_to(PACKAGE):
        return OURS if path.relative_to(PACKAGE).parts[0] in ANSWERS else None
    parts = path.parts
    if "site-packages" not in parts and "dist-packages" not in parts:
        return None
    package = parts[max(k for k, p in enumerate(parts) if p.endswith("-packages")) + 1]
    return "torch.nn" if filename.endswith(TORCH_NN) else ELSEWHERE.get(package)


def _is_excused(frame: FrameType | None) -> bool:
    """Say whether a module is being imported, or a recognised mistake calls the reference."""
    while frame is not None:
        if _excuses(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


@functools.cache
def _excuses(filename: str) -> bool:
    path = Path(filename)
    is_mistake = path.parent == PACKAGE / "checks" / "mistakes"
    return is_mistake or filename == "<frozen importlib._bootstrap>"


def _is_reference(code: CodeType) -> bool:
    """Say whether this is what a check compares with, or one of our cells compiled again."""
    copied, declared = _references()
    return code in declared or (
        any(own in code.co_names for own in OWN_NAMES) and (code.co_code, code.co_names) in copied
    )


@functools.cache
def _references() -> tuple[set[tuple[bytes, tuple[str, ...]]], set[CodeType]]:
    from rnncourse import cells
    from rnncourse.checks.bank import CHECKS

    functions = [f for name in cells.__all__ if inspect.isfunction(f := getattr(cells, name))]
    copied = {(f.__code__.co_code, f.__code__.co_names) for f in functions}
    given = [check.reference for check in CHECKS.values()]
    return copied, {f.__code__ for f in given if inspect.isfunction(f)}


@contextlib.contextmanager
def _operators_refuse(seen: list[str], allows: frozenset[str]) -> Iterator[None]:
    """Let torch's recurrent operators raise, in every thread, where torch is loaded."""
    torch: Any = sys.modules.get("torch")
    if torch is None or "layers" in allows:
        yield
        return
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is overridden is the point
        for operator, key in OPERATORS.items():
            if operator == "cross_entropy_loss" and "torch.nn" in allows:
                continue
            library.impl(operator, _refusal(operator, seen), key)
    try:
        yield
    finally:
        library._destroy()


def _refusal(operator: str, seen: list[str]) -> Callable[..., None]:
    def refuse(*arguments: Any, **keywords: Any) -> None:
        _refuse(seen, f"torch.nn (aten::{operator.partition('.')[0]})")

    return refuse
