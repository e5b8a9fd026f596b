"""How fast the layers are: ours, torch.nn and a textbook loop, interleaved in one run.

Every ratio is torch.nn's time divided by ours, medians of one run: above 1, ours is faster. The
floor is the matrix products alone, done once over all steps where the equations allow it, by
torch.mm: a loop with a faster product can go below it.
"""

import contextlib
import functools
import itertools
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

import rnncourse

SHAPES = [  # T, B, I, H
    (20, 1, 64, 128),
    (200, 16, 32, 64),
    (50, 32, 64, 128),
    (100, 32, 128, 256),
    (100, 64, 256, 512),
]
BLOCKS = {"lstm": 4, "gru": 3}
OURS = {"lstm": rnncourse.LSTM, "gru": rnncourse.GRU}
THEIRS = {"lstm": nn.LSTM, "gru": nn.GRU}
SECONDS = 2.0  # for one row, split between all that is timed in it
REPEATS = 9  # at the least


def textbook(cell: str, x: Tensor, layer: nn.Module) -> Tensor:
    """Run ``cell`` as the textbooks write it: a product for each gate and step, under autograd."""
    W_x, W_h, b_x, b_h = (p.chunk(BLOCKS[cell]) for p in layer.parameters())
    h = c = x.new_zeros(x.shape[1], W_h[0].shape[1])
    hs = []
    for x_t in x:
        a = [x_t @ W.T + b for W, b in zip(W_x, b_x, strict=True)]
        u = [h @ W.T + b for W, b in zip(W_h, b_h, strict=True)]
        if cell == "lstm":
            i, f, o = (torch.sigmoid(a[k] + u[k]) for k in (0, 1, 3))
            c = f * c + i * torch.tanh(a[2] + u[2])
            h = o * torch.tanh(c)
        else:
            r, z = torch.sigmoid(a[0] + u[0]), torch.sigmoid(a[1] + u[1])
            h = (1 - z) * torch.tanh(a[2] + r * u[2]) + z * h
        hs.append(h)
    return torch.stack(hs)


def products_alone(
    x: Tensor, hs: Tensor, das: Tensor, W_x: Tensor, W_h: Tensor, train: bool
) -> None:
    """Do the matrix products of a forward (and backward) pass with torch.mm, and nothing else.

    x (T, B, I), hs (T, B, H) and das (T, B, G·H) stand for what the passes would hold.
    """
    x.flatten(0, 1) @ W_x.T
    for h in hs:
        h @ W_h.T
    if train:
        for da in das:
            da @ W_h
        rows = das.flatten(0, 1)
        rows @ W_x
        rows.T @ x.flatten(0, 1)
        rows.T @ hs.flatten(0, 1)


def medians(runs: dict[str, Callable[[], object]], sync: Callable[[], None]) -> dict[str, float]:
    """Time the runs in turn, again and again; return the median milliseconds of each."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
        run()
    start = time.perf_counter()
    while len(times[next(iter(runs))]) < REPEATS or time.perf_counter() - start < SECONDS:
        for name, run in runs.items():
            sync()
            before = time.perf_counter()
            run()
            sync()
            times[name].append(1e3 * (time.perf_counter() - before))
    return {name: median(each) for name, each in times.items()}


def train_step(forward: Callable[[], Tensor], leaves: list[Tensor], dhs: Tensor) -> None:
    """Forward and backward with fresh gradients."""
    for leaf in leaves:
        leaf.grad = None
    forward().backward(dhs)


def _gradients(layer: nn.Module, x: Tensor, dhs: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(layer(x)[0], [x, *layer.parameters()], dhs)


def peak_bytes(step: Callable[[], object]) -> int:
    """Bytes that one step holds at the most, beyond those held before it (CPU)."""
    from torch.profiler import ProfilerActivity, profile

    step()
    settings = {"activities": [ProfilerActivity.CPU], "profile_memory": True}
    with _silent_stderr(), profile(**settings) as profiler:  # type: ignore[arg-type]
        step()
    held = peak = 0
    events = profiler.profiler.kineto_results.events()
    for event in sorted(events, key=lambda event: event.start_ns()):
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep quiet what torch's profiler reports of itself, past Python's own stderr."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def bench_layers(device: str = "cpu") -> list[dict]:
    """Time both cells at every shape; progress goes to stderr.

    A row has cell, mode (train or infer), T, B, I, H, threads, native, torch_ms, ours_ms, ratio
    (torch_ms / ours_ms), textbook_ms, floor_ms, and in training on a CPU the peak megabytes of
    one step, torch_mb and ours_mb. On a CPU one thread and all of them are timed, in Python first
    and then, where a compiler is, with the native loop. Raises ValueError for a missing device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("there is no CUDA device here, expected one for --device cuda")
    torch.manual_seed(0)
    all_threads = torch.get_num_threads()
    loops = [False, True] if device == "cpu" and rnncourse.enable_native() else [False]
    threads = sorted({1, all_threads}) if device == "cpu" else [all_threads]
    plan = list(itertools.product(loops, threads, SHAPES, BLOCKS, ("train", "infer")))
    rows, start = [], time.monotonic()
    for done, (native, count, shape, cell, mode) in enumerate(plan):
        left = (time.monotonic() - start) / max(done, 1) * (len(plan) - done)
        print(f"\r{done}/{len(plan)} rows, {left:4.0f} s left ", end="", file=sys.stderr)
        rnncourse.enable_native(native)
        torch.set_num_threads(count)
        row = _row(cell, mode, shape, device)
        rows.append(row | {"threads": count, "native": native})
    print(file=sys.stderr)
    torch.set_num_threads(all_threads)
    return rows


def _row(cell: str, mode: str, shape: tuple[int, int, int, int], device: str) -> dict:
    T, B, I, H = shape
    theirs = THEIRS[cell](I, H, device=device)
    ours = OURS[cell](I, H, device=device)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(T, B, I, device=device, requires_grad=mode == "train")
    dhs = torch.randn(T, B, H, device=device)
    forwards: dict[str, Callable[[], Tensor]] = {
        "torch": lambda: theirs(x)[0],
        "ours": lambda: ours(x)[0],
        "textbook": lambda: textbook(cell, x, theirs),
    }
    runs: dict[str, Callable[[], object]] = dict(forwards)
    row: dict[str, Any] = {"cell": cell, "mode": mode, "T": T, "B": B, "I": I, "H": H}
    if mode == "train":
        leaves = [x, *theirs.parameters(), *ours.parameters()]
        runs = {
            name: lambda forward=forward: train_step(forward, leaves, dhs)  # type: ignore[misc]
            for name, forward in forwards.items()
        }
        if device == "cpu":
            for name, layer in (("torch", theirs), ("ours", ours)):
                row[f"{name}_mb"] = peak_bytes(functools.partial(_gradients, layer, x, dhs)) / 1e6
    W_x, W_h = (p.detach() for p in list(theirs.parameters())[:2])
    das = torch.randn(T, B, len(W_h), device=device)
    runs["floor"] = lambda: products_alone(x.detach(), dhs, das, W_x, W_h, mode == "train")
    sync = torch.cuda.synchronize if device == "cuda" else _nothing
    with torch.set_grad_enabled(mode == "train"):
        ms = medians(runs, sync)
    return (
        row
        | {f"{name}_ms": value for name, value in ms.items()}
        | {"ratio": ms["torch"] / ms["ours"]}
    )


def _nothing() -> None:
    pass


def table(rows: list[dict]) -> str:
    """Lay out the rows, and below them the geometric means over the shapes."""
    lines = [
        "loop   threads cell mode    T   B   I   H   torch ms   ours ms  ratio  textbook  floor"
        "  peak MB, theirs, ours"
    ]
    for r in rows:
        sizes = "".join(f"{r[letter]:4}" for letter in "TBIH")
        times = f"{r['torch_ms']:11.2f}{r['ours_ms']:10.2f}{r['ratio']:7.2f}"
        others = f"{r['textbook_ms'] / r['ours_ms']:10.2f}{r['floor_ms'] / r['ours_ms']:7.0%}"
        memory = f"{r['torch_mb']:9.1f}{r['ours_mb']:8.1f}" if "torch_mb" in r else ""
        lines.append(_head(r) + sizes + times + others + memory)
    lines.append("geometric means over the shapes")
    for _, same in itertools.groupby(sorted(rows, key=_head), key=_head):
        group = list(same)
        ratios = [
            _geometric(row[f"{peer}_ms"] / row["ours_ms"] for row in group)
            for peer in ("torch", "textbook", "floor")
        ]
        lines.append(_head(group[0]) + f"{ratios[0]:44.2f}{ratios[1]:10.2f}{ratios[2]:7.0%}")
    return "\n".join(lines)


def _head(row: dict) -> str:
    loop = "native" if row["native"] else "python"
    return f"{loop:7}{row['threads']:7} {row['cell']:5}{row['mode']:5}"


def _geometric(values: Iterable[float]) -> float:
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))
