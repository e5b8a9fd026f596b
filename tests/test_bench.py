"""The benchmark compares like with like, and says what it found."""

import json

import pytest
import torch

from rnncourse import bench, cli


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(bench, "SHAPES", [(5, 2, 3, 4)])
    monkeypatch.setattr(bench, "SECONDS", 0)
    monkeypatch.setattr(bench, "REPEATS", 2)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_textbook_loop_computes_what_torch_does(cell):
    torch.manual_seed(0)
    layer = bench.THEIRS[cell](3, 4, dtype=torch.float64)
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(bench.textbook(cell, x, layer), layer(x)[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("train", [False, True])
def test_the_floor_is_the_products_and_no_more(cell, train):
    from torch.utils.flop_counter import FlopCounterMode

    G = bench.BLOCKS[cell]
    shapes = [(6, 2, 3), (6, 2, 4), (6, 2, 4 * G), (4 * G, 3), (4 * G, 4)]
    with FlopCounterMode(display=False) as counter:
        bench.products_alone(*map(torch.ones, shapes), train)
    forward = 2 * 6 * 2 * G * 4 * (3 + 4)
    assert counter.get_total_flops() == forward * (3 if train else 1)


def test_the_peak_is_what_is_held_at_once():
    def step():
        first = torch.ones(1000, dtype=torch.float64)
        second = first + 1
        del first
        return second + 1

    assert bench.peak_bytes(step) == pytest.approx(16000, rel=0.05)


def test_rows_as_json_then_as_a_table(short, capsys):
    threads = torch.get_num_threads()
    assert cli.main(["bench", "layers", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert torch.get_num_threads() == threads
    assert {row["native"] for row in rows} == {False, True}
    assert {(row["cell"], row["mode"]) for row in rows} == {
        (cell, mode) for cell in ("lstm", "gru") for mode in ("train", "infer")
    }
    for row in rows:
        assert (row["T"], row["B"], row["I"], row["H"]) == (5, 2, 3, 4)
        assert row["ratio"] == row["torch_ms"] / row["ours_ms"]
    assert len(bench.table(rows).splitlines()) == 2 + 2 * len(rows)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_device_is_one_line(capsys):
    assert cli.main(["bench", "layers", "--device", "cuda"]) == 1
    assert capsys.readouterr().err == (
        "rnncourse: there is no CUDA device here, expected one for --device cuda\n"
    )
