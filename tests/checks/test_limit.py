"""Code that does not end is interrupted, at the learner's line, and leaves nothing behind."""

import signal
import sys
import threading
import time

import pytest

from rnncourse.checks import probe, report
from rnncourse.checks.limit import Clock, TimeUp


def spins():
    while True:
        pass


def catches_all():
    while True:
        try:  # noqa: SIM105  bare, as learners write it
            time.sleep(0.001)
        except:  # noqa: E722
            pass


def catches_all_twice():
    while True:
        try:
            try:
                sum(range(1000))
            except BaseException:
                time.sleep(0.001)
        except BaseException:
            continue


def sleeps():
    time.sleep(60)


@pytest.mark.parametrize("function", [spins, catches_all, catches_all_twice, sleeps])
def test_is_interrupted(function):
    alarm, tracer = signal.getsignal(signal.SIGALRM), sys.gettrace()
    started = time.monotonic()
    with pytest.raises(TimeUp):
        Clock(0.2).run(function)
    assert 0.2 <= time.monotonic() - started < 20
    assert signal.getsignal(signal.SIGALRM) is alarm
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert sys.gettrace() is tracer


def test_is_interrupted_where_there_are_no_signals():
    ended = []

    def run():
        with pytest.raises(TimeUp):
            Clock(0.2).run(spins)
        ended.append(True)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert ended


def test_calls_share_one_clock():
    clock = Clock(0.3)
    assert clock.run(max, 3, 5) == 5
    with pytest.raises(TimeUp):
        clock.run(spins)
    with pytest.raises(TimeUp):
        clock.run(max, 3, 5)


def test_errors_and_results_pass_through():
    assert Clock(5).run(sorted, [3, 1, 2]) == [1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        Clock(5).run(lambda: 1 / 0)


def test_the_report_names_the_line_and_comes_in_time(monkeypatch):
    monkeypatch.setattr("rnncourse.checks.SECONDS", 0.5)
    monkeypatch.setattr(probe, "SECONDS", 0.5)

    def lstm_step(x, h_prev, c_prev, W_x, W_h, b):
        while len(x):
            x = x + 1

    started = time.monotonic()
    found = report("lstm-step", lstm_step)
    assert time.monotonic() - started < 5
    first, second = found.message.splitlines()
    assert first == "lstm_step did not end within 0.5 seconds and was interrupted."
    assert second.startswith("In lstm_step, line ")
    assert (found.score, found.diagnosis, found.kind) == (0, None, "slow")


def test_ten_seconds_is_the_limit():
    assert probe.SECONDS == 10
