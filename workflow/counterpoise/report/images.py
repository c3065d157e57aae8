"""Figures embedded in the report."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from counterpoise.installation import name_missing_extra


def embed_image(path: str, folder: Path, width: int) -> dict[str, Any]:
    """Embed a PNG as WebP, which takes a tenth of the bytes.

    Parameters
    ----------
    path : str
        The PNG.
    folder : Path
        Folder of the page.
    width : int
        Largest width of the embedded image in pixels.

    Returns
    -------
    dict
        ``image`` (a data URI), ``width``, ``height`` and ``link``.
    """
    with name_missing_extra("reports need"):
        from PIL import Image

    with Image.open(path) as png:
        image = png.convert("RGB")
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=72, method=4)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {
        "image": f"data:image/webp;base64,{encoded}",
        "width": image.width,
        "height": image.height,
        **link_image(path, folder),
    }


def link_image(path: str, folder: Path) -> dict[str, str | None]:
    """Return a relative link to a PNG.

    Parameters
    ----------
    path : str
        The PNG.
    folder : Path
        Folder of the page.

    Returns
    -------
    dict
        ``link``: the PNG's path relative to the page, None if it is not below the page's folder.
    """
    picture = Path(path)
    inside = picture.is_relative_to(folder)
    return {"link": picture.relative_to(folder).as_posix() if inside else None}
