"""Cards: what notebooks show of a map, a mask or a result in place of its one-line repr."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

# The colours of text and page are the notebook's, so that a card suits dark themes as well.
BORDER = "#8886"
CARD = (
    f"display:inline-block;max-width:46em;padding:8px 16px;border:1px solid {BORDER};"
    "border-left:5px solid {accent};border-radius:6px;font:13px/1.6 system-ui,sans-serif"
)
BADGE = (
    "margin-left:10px;padding:1px 10px;border-radius:99px;font-weight:600;"
    "background:{background};color:{ink}"
)
LABEL = "display:inline-block;min-width:6em;opacity:.65"


class Badge(NamedTuple):
    """A coloured label next to the title of a card.

    Attributes
    ----------
    text : str
        The label.
    background, ink : str
        Colours of CSS.
    """

    text: str
    background: str
    ink: str


def render_card(title: str, rows: Sequence[tuple[str, str]], badge: Badge | None = None) -> str:
    """Render a card as HTML.

    Parameters
    ----------
    title : str
        The first line.
    rows : sequence of tuple
        Label and text of each further line; those without a text are left out.
    badge : Badge, optional
        Stands next to the title, and gives the card its colour.

    Returns
    -------
    str
        HTML in which every text is escaped.

    Examples
    --------
    >>> card = render_card("Mask", [("kept", "3 of 4 bins"), ("note", "")])
    >>> "<b>Mask</b>" in card, "3 of 4 bins" in card, "note" in card
    (True, True, False)
    """
    label = ""
    if badge is not None:
        style = BADGE.format(background=badge.background, ink=badge.ink)
        label = f'<span style="{style}">{escape(badge.text)}</span>'
    lines = "".join(
        f'<div><span style="{LABEL}">{escape(name)}</span> {escape(text)}</div>'
        for name, text in rows
        if text
    )
    accent = badge.background if badge is not None else BORDER
    return f'<div style="{CARD.format(accent=accent)}"><b>{escape(title)}</b>{label}{lines}</div>'
