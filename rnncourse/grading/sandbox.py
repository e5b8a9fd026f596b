"""Where a submission runs: a Jupyter kernel inside bubblewrap.

It sees the system and Python, read-only, and its own files; it has no network, no other process
and no file of the course. What it writes goes to memory and is gone with it.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from traitlets.config import Config

import rnncourse
from rnncourse.grading.environment import first_in
from rnncourse.grading.errors import GradingError

KERNEL = "rnncourse-bwrap"
HOME = "/submission"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts")
ENVIRONMENT = {
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
    "HOME": HOME,
    "LANG": "C.UTF-8",
    # else the debugger writes a warning to stderr at every start
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
INSTEAD = "use --sandbox none for submissions that you trust"


def require_bwrap() -> None:
    """Raise GradingError where bubblewrap is missing, or no submission could run in its sandbox."""
    if shutil.which("bwrap") is None:
        raise GradingError(f"bubblewrap is missing: apt-get install bubblewrap, or {INSTEAD}")
    needed = [sys.executable, "-c", "import ipykernel, rnncourse"]
    tried = subprocess.run([*_bwrap(), "--", *needed], capture_output=True, text=True)  # noqa: S603
    if tried.returncode != 0:
        said = tried.stderr.strip().splitlines()
        raise GradingError(f"nothing can run in bubblewrap here ({said[-1]}); {INSTEAD}")


@contextlib.contextmanager
def sandboxed(submission: Path) -> Iterator[Config]:
    """Give the nbgrader settings with which the kernel of this submission runs in a sandbox."""
    with tempfile.TemporaryDirectory(prefix="rnncourse-") as scratch:
        spec = Path(scratch, "kernels", KERNEL, "kernel.json")
        spec.parent.mkdir(parents=True)
        sockets = Path(scratch, "sockets")
        sockets.mkdir()
        spec.write_text(json.dumps(_kernelspec(submission, sockets)))
        config = Config()
        config.Execute.kernel_name = KERNEL
        # sockets in a folder that both sides see, as there is no network to connect over
        config.KernelManager.transport = "ipc"
        config.KernelManager.ip = str(sockets / "kernel")
        config.KernelManager.connection_file = str(sockets / "kernel.json")
        with first_in("JUPYTER_PATH", scratch):
            yield config


def _kernelspec(submission: Path, sockets: Path) -> dict[str, object]:
    command = [*_bwrap(), "--bind", str(sockets), str(sockets)]
    for path in sorted(submission.rglob("*")):
        if path.is_file() and not path.is_symlink():
            command += ["--ro-bind", str(path), f"{HOME}/{path.relative_to(submission)}"]
    # what a submission writes past Jupyter stays off the instructor's terminal
    silent = ["/bin/sh", "-c", 'exec "$0" "$@" >/dev/null 2>&1']
    command += ["--chdir", HOME, "--", *silent, sys.executable, "-m", "ipykernel_launcher"]
    return {
        "argv": [*command, "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
        # a signal would end bwrap and not reach the kernel
        "interrupt_mode": "message",
    }


def _bwrap() -> list[str]:
    """Return the command that makes the sandbox, without what is particular to a submission."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    # as process 1, so that no process in there holds our stdout open in /proc
    command += ["--cap-drop", "ALL", "--hostname", "sandbox", "--as-pid-1"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108  a new one
    for path in (*SYSTEM, *SYSTEM_FILES):
        command += ["--ro-bind-try", path, path]
    for path in _python_folders():
        command += ["--ro-bind", path, path]
    command += ["--tmpfs", HOME, "--clearenv"]  # so JPY_PARENT_PID, a process unseen here, goes too
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    return command


def _python_folders() -> list[str]:
    """Return the folders that Python and this package need, where /usr does not hold them."""
    package = Path(rnncourse.__file__).parent
    folders = {Path(sys.base_prefix), Path(sys.prefix), package}
    folders |= {folder.resolve() for folder in folders}
    outside = [f for f in sorted(folders) if not f.is_relative_to("/usr")]
    return [str(f) for f in outside]
