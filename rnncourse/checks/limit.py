"""Stop Python code that does not end."""

import ctypes
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

AGAIN = 0.001  # seconds until code that caught the interruption is interrupted again


class TimeUp(BaseException):  # like KeyboardInterrupt, past every "except Exception"
    """The time is used up."""


class Clock:
    """A time in seconds that several calls share."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def run(self, function: Callable, *arguments: Any) -> Any:
        """Call the function; raise TimeUp where the time that is left is not enough."""
        if self.left <= 0:
            raise TimeUp
        started = time.monotonic()
        try:
            with _interrupting(self.left):
                return _guarded(function, *arguments)
        finally:
            self.left -= time.monotonic() - started


def _guarded(function: Callable, *arguments: Any) -> Any:
    return function(*arguments)


def _inside(frame: FrameType | None) -> bool:
    """Say whether this frame was called, at any depth, by ``_guarded``."""
    while frame is not None:
        frame = frame.f_back
        if frame is not None and frame.f_code is _guarded.__code__:
            return True
    return False


def _stop(frame: FrameType | None) -> None:
    """Raise TimeUp here, and again at the next line, which a bare "except" would reach."""
    stopped = frame
    while stopped is not None and stopped.f_code is not _guarded.__code__:
        stopped.f_trace = _raise_at_a_line
        stopped = stopped.f_back
    sys.settrace(_raise_at_a_line)
    raise TimeUp


def _raise_at_a_line(frame: FrameType, event: str, argument: Any) -> Any:
    if event == "line" and _inside(frame):
        raise TimeUp
    return _raise_at_a_line


def _interrupting(seconds: float) -> Any:
    main = threading.current_thread() is threading.main_thread()
    return _by_signal(seconds) if main and hasattr(signal, "SIGALRM") else _by_thread(seconds)


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        if _inside(frame):
            _stop(frame)

    tracer = sys.gettrace()
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.settrace(tracer)


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    """Where there are no signals; it does not wake a call that sleeps, nor pass a bare except."""
    caller, ended = threading.get_ident(), threading.Event()

    def interrupt() -> None:
        wait = seconds
        while not ended.wait(wait):
            wait = AGAIN
            if _inside(sys._current_frames().get(caller)):
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(caller), ctypes.py_object(TimeUp)
                )

    watch = threading.Thread(target=interrupt, daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
