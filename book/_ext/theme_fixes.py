"""What the stock theme gets wrong and a setting cannot mend.

Two more mends are templates (book/_templates), the rest is style (book/_static/book.css).
"""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

AFTER_THEME = 502  # the theme fills its buttons in at 501
ROLES_AND_NAMES = (
    (' aria-label="Toggle hidden content"', ""),  # says less than the text that it replaces
    (' role="doc-biblioentry"', ' role="listitem"'),  # deprecated, and a list wants list items
)
FORMULA_AND_STOP = re.compile(r'<span class="math [^>]*>[^<]*</span>[.,:;!?)]+')


def drop_thebe(app: Sphinx, config: Config) -> None:
    """Keep thebe out: its script is declared twice, names another host, and nothing uses it."""
    for listeners in app.events.listeners.values():
        for listener in [each for each in listeners if each.handler.__module__ == "sphinx_thebe"]:
            listeners.remove(listener)
    app.registry.css_files = [
        (name, options) for name, options in app.registry.css_files if name != "sphinx-thebe.css"
    ]


def show_colab_button(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Show the one way to launch a page as a button, not as the only line of a menu."""
    context["header_buttons"] = [
        button["buttons"][0] | {"label": "colab"}
        if button.get("label") == "launch-buttons"
        else button
        for button in context["header_buttons"]
    ]


def mend_roles_and_names(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Correct what folded cells and the bibliography tell a screen reader."""
    for wrong, right in ROLES_AND_NAMES:
        context["body"] = context.get("body", "").replace(wrong, right)


def keep_stops_with_formulas(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Let no line begin with the comma after a formula: to browsers a formula is a picture."""
    context["body"] = FORMULA_AND_STOP.sub(
        r'<span class="text-nowrap">\g<0></span>', context.get("body", "")
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the mends."""
    app.connect("config-inited", drop_thebe)
    app.connect("html-page-context", show_colab_button, priority=AFTER_THEME)
    app.connect("html-page-context", mend_roles_and_names)
    app.connect("html-page-context", keep_stops_with_formulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
