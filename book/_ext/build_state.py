"""Build again whatever a page depends on, and never trust a build that failed.

Sphinx reads a page again, and so executes its notebook again, when the page's own file is newer
than the last reading. That misses a changed package file or results table, and it forgets a cell
that failed: the second build finds nothing to do and succeeds. Here the last good build leaves a
file with one digest per page, over the page and all that pages share. A build starts by taking
that file away and ends by writing it only if there was no warning and no error, so that after a
failed or killed build every page counts as changed.
"""

import hashlib
import json
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

SHARED = ("rnncourse/**/*.py", "rnncourse/**/*.cpp", "book/results/**/*", "book/_ext/*.py")
PINS = "requirements.txt"
LAST = 1000  # after every other extension's handler, so that their warnings count


def page_digests(env: BuildEnvironment) -> dict[str, str]:
    """Digest of each page: its own source, and every file that any page may read."""
    root = Path(env.srcdir)
    shared = hashlib.sha256()
    for path in sorted({path for pattern in (*SHARED, PINS) for path in root.glob(pattern)}):
        if path.is_file():
            shared.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
            shared.update(path.read_bytes())
    digests = {}
    for page in sorted(env.found_docs):
        digest = shared.copy()
        digest.update(Path(env.doc2path(page)).read_bytes())
        digests[page] = digest.hexdigest()
    return digests


class BuildState:
    """The digests of the last good build, and of this one."""

    def __init__(self, app: Sphinx) -> None:
        self.file = Path(app.doctreedir, "build_state.json")
        self.digests: dict[str, str] = {}
        self.anything_changed = True

    def stale_pages(self, app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
        """Name the pages that are not as the last good build left them, and forget that build."""
        last_good = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.file.unlink(missing_ok=True)
        self.digests = page_digests(env)
        stale = [page for page, digest in self.digests.items() if last_good.get(page) != digest]
        self.anything_changed = bool(stale) or any(changes)
        return stale

    def pages_to_write(self, app: Sphinx, env: BuildEnvironment) -> set[str]:
        """Write every page when one changed: what it says of another may not hold any more."""
        return env.found_docs if self.anything_changed else set()

    def keep(self, app: Sphinx, error: Exception | None) -> None:
        """Write the digests down if this build was good."""
        if error is None and not app._warncount:
            new = self.file.with_suffix(".new")  # a build killed here leaves no half file
            new.write_text(json.dumps(self.digests))
            new.replace(self.file)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the events of a build."""
    state = BuildState(app)
    app.connect("env-get-outdated", state.stale_pages)
    app.connect("env-updated", state.pages_to_write)
    app.connect("build-finished", state.keep, priority=LAST)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
