"""Axes and files of the pictures in this folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def add_axes(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Add axes at left, top, width and height in inches from the top left corner."""
    left, top, width, height = box
    wide, high = figure.get_size_inches().tolist()
    return figure.add_axes((left / wide, 1 - (top + height) / high, width / wide, height / high))


def tidy(axes: Axes) -> None:
    """Remove the frame at the top and right."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=2)


def save(figure: Figure, path: str | Path, sentences: Sequence[str]) -> None:
    """Write a picture, with what its page says about it; a test compares the two.

    Print the sentences, for a page that says something else.
    """
    metadata = {"Software": None, "Description": json.dumps(sentences)}
    figure.savefig(path, metadata=metadata)
    print(path, *sentences, sep="\n  ")
