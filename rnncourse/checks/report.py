"""What a check found, as text, HTML and JSON, and the exception that carries it."""

import html
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MIMETYPE = "application/vnd.rnncourse.report+json"
LEFT = "text-align: left"
CAPTION = "color: inherit; caption-side: top; padding: 0.5em"


@dataclass(frozen=True)
class ItemResult:
    """One line of the report; ``note`` says what was found where it failed."""

    name: str
    points: float
    passed: bool
    note: str = ""
    bonus: bool = False


@dataclass(frozen=True)
class Report:
    """``diagnosis`` is the slug of the recognised mistake, ``message`` what to say to the learner.

    ``kind`` is "not-written", "raised", "misfit", "slow" or "borrowed" where there was nothing to
    compare.
    """

    id: str
    title: str
    items: Sequence[ItemResult]
    diagnosis: str | None
    message: str
    link: str = ""
    kind: str = ""

    @property
    def passed(self) -> bool:
        return all(item.passed or item.bonus for item in self.items)

    @property
    def score(self) -> float:
        return sum(item.points for item in self.items if item.passed)

    @property
    def max_score(self) -> float:
        return sum(item.points for item in self.items)

    @property
    def headline(self) -> str:
        right = sum(item.passed for item in self.items)
        return (
            f"{self.id}: {right} of {len(self.items)} passed, "
            f"{self.score:g} of {self.max_score:g} points"
        )

    def notes(self) -> list[str]:
        """What to say beside each item: nothing that the message says, nor what follows from it.

        Where plain random inputs fail already, the other items fail for the same reason.
        """
        first = next((item for item in self.items if not item.passed and not item.bonus), None)
        if first is self.items[0]:
            return ["" for _ in self.items]
        return [f": {item.note}" if item.note and item is not first else "" for item in self.items]

    def text(self) -> str:
        """Return the report in plain text; where nothing passed it need not list the items."""
        lines = [self.headline]
        listed = self.items if any(item.passed for item in self.items) else []
        for item, note in zip(listed, self.notes(), strict=False):
            state = "passed" if item.passed else "failed"
            lines.append(f"  {state}  {item.name}{note}")
        lines += [""] * bool(listed) + self.message.splitlines()
        if self.link:
            lines.append(f"Read: {self.link}")
        return "\n".join(lines)

    def html(self) -> str:
        """Return the report in plain HTML: no scripts, no colours but the reader's own.

        Where nothing passed it need not list the items.
        """
        rows = "".join(
            f'<tr><th scope="row" style="{LEFT}; font-weight: normal">'
            f"{html.escape(item.name + note)}</th>"
            f'<td style="{LEFT}">{"passed" if item.passed else "<strong>failed</strong>"}</td>'
            f'<td style="white-space: nowrap">{_points(item)}</td></tr>'
            for item, note in zip(self.items, self.notes(), strict=True)
        )
        head = html.escape(f"{self.title}. {self.headline}")
        table = (
            f'<table><caption style="{LEFT}; {CAPTION}">{head}</caption><thead><tr>'
            f'<th scope="col" style="{LEFT}">item</th><th scope="col" style="{LEFT}">result</th>'
            f'<th scope="col">points</th></tr></thead><tbody>{rows}</tbody></table>'
        )
        top = table if any(item.passed for item in self.items) else f"<p>{head}</p>"
        said = "".join(f"<p>{html.escape(line)}</p>" for line in self.message.splitlines())
        link = f'<a style="text-decoration: underline" href="{self.link}">{self._place}</a>'
        read = f"<p>Read: {link}</p>" if self.link else ""
        return f'<div style="overflow-wrap: anywhere">{top}{said}{read}</div>'

    @property
    def _place(self) -> str:
        """Name the section that the link leads to."""
        return f"{self.link.rpartition('#')[2].replace('-', ' ')}, in the book"

    def json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "passed": self.passed,
            "score": self.score,
            "max_score": self.max_score,
            "items": [
                {"name": item.name, "passed": item.passed, "points": item.points}
                for item in self.items
            ],
            "diagnosis": self.diagnosis,
            "message": self.message,
        }


def _points(item: ItemResult) -> str:
    return "bonus" if item.bonus else f"{item.points if item.passed else 0:g} of {item.points:g}"


class CheckFailed(Exception):  # noqa: N818  the learner reads the name
    """A check did not pass. Its text is the report; in a notebook so is its traceback.

    The traceback leaves the link to the HTML above it: on red ground it can hardly be read.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return self.report.text()

    def _render_traceback_(self) -> list[str]:
        return [line for line in str(self).splitlines() if not line.startswith("Read: ")]


def show(report: Report) -> None:
    """Show a report in a notebook, or print it where there is none and no exception will tell."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        bundle = {MIMETYPE: report.json(), "text/html": report.html(), "text/plain": report.text()}
        sys.modules["IPython.display"].display(bundle, raw=True)
    elif report.passed:
        print(report.text())
