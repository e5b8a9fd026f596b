"""Put a folder first in a search path, for a while."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def first_in(variable: str, folder: str) -> Iterator[None]:
    """Let an environment variable such as PATH begin with the folder."""
    before = os.environ.get(variable)
    os.environ[variable] = folder if before is None else os.pathsep.join([folder, before])
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before
