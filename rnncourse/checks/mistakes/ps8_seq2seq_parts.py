"""Parts of an encoder and decoder as learners write them otherwise; each runs in the right one."""

from typing import Any

from rnncourse.checks.declare import Function
from rnncourse.checks.ps8_answers import State, run, seq2seq_class


def right() -> Any:
    """Give the class whose methods the parts below replace."""
    return seq2seq_class()


def variant(**parts: Any) -> Function:
    """Make what builds a Seq2Seq with these methods in place of its own."""
    return lambda *sizes: type("Seq2Seq", (right(),), parts)(*sizes)


def state_at(model: Any, x: Any, ends: Any) -> State:
    """Return the encoder's state after ``ends`` steps of each sequence, running over padding."""
    state = start = None
    for x_t in x:
        _, new = run(model.encoder, x_t[None], state)
        state = new
        start = [*(start or []), new]
    rows = ends - 1
    columns = rows.new_tensor(range(len(rows)))
    parts = zip(*(start or []), strict=True)
    return tuple(_stacked(part)[rows, columns][None] for part in parts)


def _stacked(part: Any) -> Any:
    import torch

    return torch.cat(part)


def after_the_padding(model: Any, x: Any, lengths: Any) -> State:
    return run(model.encoder, x)[1]


def padding_zeroed(model: Any, x: Any, lengths: Any) -> State:
    return run(model.encoder, x * _inside(x, lengths)[..., None])[1]


def _inside(x: Any, lengths: Any) -> Any:
    """1 where a token is, 0 where padding is: (S, B)."""
    steps = lengths.new_tensor(range(len(x)))
    return (steps[:, None] < lengths).to(x.dtype)


def in_descending_order(model: Any, x: Any, lengths: Any) -> State:
    order = lengths.argsort(descending=True)
    return tuple(part[:, order] for part in right().encode(model, x, lengths))


def reversed_source(model: Any, x: Any, lengths: Any) -> State:
    import torch

    columns = [torch.cat([x[:n, b].flip(0), x[n:, b]]) for b, n in enumerate(lengths.tolist())]
    return right().encode(model, torch.stack(columns, dim=1), lengths)


def mean_of_outputs(model: Any, x: Any, lengths: Any) -> State:
    hs = run(model.encoder, x)[0] * _inside(x, lengths)[..., None]
    return hs.sum(0, keepdim=True) / lengths[:, None], *right().encode(model, x, lengths)[1:]


def mean_with_padding(model: Any, x: Any, lengths: Any) -> State:
    hs = run(model.encoder, x)[0] * _inside(x, lengths)[..., None]
    return hs.mean(0, keepdim=True), *right().encode(model, x, lengths)[1:]


def mean_over_all_steps(model: Any, x: Any, lengths: Any) -> State:
    hs, state = run(model.encoder, x)
    return hs.mean(0, keepdim=True), *state[1:]


def largest_of_outputs(model: Any, x: Any, lengths: Any) -> State:
    hs = run(model.encoder, x)[0]
    outside = _inside(x, lengths)[..., None] == 0
    largest = hs.masked_fill(outside, -float("inf")).amax(0, keepdim=True)
    return largest, *right().encode(model, x, lengths)[1:]


def last_row_of_outputs(model: Any, x: Any, lengths: Any) -> State:
    """Take the last row of the unpacked outputs: zeros where a sequence is shorter."""
    state = right().encode(model, x, lengths)
    return state[0] * (lengths == len(x))[:, None], *state[1:]


def first_row_of_outputs(model: Any, x: Any, lengths: Any) -> State:
    return run(model.encoder, x)[0][:1], *right().encode(model, x, lengths)[1:]


def only_c_after_the_padding(model: Any, x: Any, lengths: Any) -> State:
    return right().encode(model, x, lengths)[0], *run(model.encoder, x)[1][1:]


def h_through_tanh(model: Any, state: State) -> State:
    return right().start(model, (state[0].tanh(), *state[1:]))


def from_c(model: Any, state: State) -> State:
    """Start a GRU from the LSTM's c."""
    one = len(right().start(model, state)) == 1
    return state[-1:] if one else right().start(model, state)


def c_through_tanh(model: Any, state: State) -> State:
    start = right().start(model, state)
    return (start[0], start[1].tanh()) if len(state) == len(start) == 2 else start


def swapped(model: Any, state: State) -> State:
    start = right().start(model, state)
    return start[::-1] if len(state) == len(start) == 2 else start


def c_left_behind(model: Any, state: State) -> State:
    return right().start(model, state[:1])


def nothing(model: Any, state: State) -> State:
    return tuple(0 * part.detach() for part in right().start(model, state))


def detached(model: Any, state: State) -> State:
    return tuple(part.detach() for part in right().start(model, state))


def from_the_start_at_each_step(model: Any, x: Any, start: State) -> Any:
    import torch

    return torch.cat([run(model.decoder, x_t[None], start)[0] for x_t in x])


def context_at_each_step(model: Any, x: Any, start: State) -> Any:
    return right().decode(model, x, start) + start[0]


def free_running(model: Any, source: Any, lengths: Any, target_in: Any) -> Any:
    """Read the model's own best token in place of the target's."""
    import torch

    state = model.start(model.encode(model.look_up(source), lengths))
    token, logits = target_in[:1], []
    for _ in target_in:
        hs, state = run(model.decoder, model.look_up_target(token), state)
        logits.append(model.answer(hs))
        token = logits[-1].argmax(-1)
    return torch.cat(logits)


def shifted_again(model: Any, target_in: Any) -> Any:
    import torch

    first = torch.zeros_like(target_in[:1])
    return right().look_up_target(model, torch.cat([first, target_in[:-1]]))


def ends(change: Any) -> Any:
    """Take the state at another step than the last: ``change(lengths, S)``."""
    return lambda model, x, lengths: state_at(model, x, change(lengths, len(x)))


def answers(change: Any) -> Any:
    """Change the logits."""
    return lambda model, hs: change(model.output(hs))
