"""Set the address of the repository everywhere, or check that it is the same everywhere.

    python tools/repository.py https://github.com/you/course    rewrite
    python tools/repository.py                                  check, non-zero if it is off

`repository.url` of _config.yml is the source. From it follow the address of the published book,
the Colab badge and the set-up line that start every notebook, and every link into the repository.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
SETUP = (
    'import importlib.util as u; u.find_spec("rnncourse") or get_ipython().run_line_magic('
    '"pip", "install -q --no-deps git+{url}");  # fmt: skip'
)


def current_url(root: Path) -> str:
    """Return `repository.url` of _config.yml."""
    config = (root / "_config.yml").read_text()
    found = re.search(r"^repository:\n(?:[ ]+.*\n)*?[ ]+url: *(\S+)", config, re.MULTILINE)
    if found is None:
        sys.exit("_config.yml: no repository.url found, expected one under `repository:`")
    return found[1]


def owner_and_name(url: str) -> tuple[str, str]:
    """Split a GitHub address, or stop with one line that says what was expected."""
    found = re.fullmatch(r"https://github\.com/([\w-]+)/([\w.-]+?)", url)
    if found is None or url.endswith(".git"):
        sys.exit(f"got {url!r}, expected an address such as https://github.com/you/course")
    return found[1], found[2]


def tracked(root: Path) -> list[Path]:
    """Files of the repository, also new ones that git does not ignore."""
    command = ["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    return [root / name for name in names.split("\0") if name and (root / name).is_file()]


def rewrite(root: Path, old: str, new: str) -> int:
    """Replace the address and what follows from it in every text file; return how many changed."""
    (owner, name), (new_owner, new_name) = owner_and_name(old), owner_and_name(new)
    owner, name = re.escape(owner), re.escape(name)
    here = re.compile(rf"(github\.com/|/github/){owner}/{name}(?![\w-])")
    pages = re.compile(rf"{owner}\.github\.io/{name}(?![\w-])")
    changed = 0
    for path in tracked(root):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        moved = pages.sub(f"{new_owner}.github.io/{new_name}", text)
        moved = here.sub(rf"\g<1>{new_owner}/{new_name}", moved)
        if moved != text:
            path.write_text(moved)
            changed += 1
    return changed


def faults(root: Path, url: str) -> list[str]:
    """List the notebooks whose first two cells are not the badge and the set-up line."""
    owner, name = owner_and_name(url)
    found = []
    for path in sorted([*root.glob("book/**/*.ipynb"), *root.glob("exercises/source/**/*.ipynb")]):
        if ".ipynb_checkpoints" in path.parts:
            continue
        where = path.relative_to(root).as_posix()
        colab = f"https://colab.research.google.com/github/{owner}/{name}/blob/main/{where}"
        expected = [f"[![Open in Colab]({BADGE})]({colab})", SETUP.format(url=url)]
        try:
            cells = json.loads(path.read_text())["cells"]
        except (ValueError, KeyError):
            found.append(f"{where}: is no notebook (no JSON with cells)")
            continue
        for cell, source in zip(("badge", "setup"), expected, strict=True):
            got = cells.pop(0) if cells else {}
            if got.get("id") != cell or "".join(got.get("source", "")) != source:
                found.append(f"{where}: expected a cell {cell!r} with exactly: {source}")
    return found


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Rewrite where an address is given, then check."""
    old = current_url(root)
    if arguments:
        owner_and_name(arguments[0])
        print(f"{rewrite(root, old, arguments[0])} files now name {arguments[0]}")
    found = faults(root, current_url(root))
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
