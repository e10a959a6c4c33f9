"""Pictures an operator uploads: opened with care, drawn anew, and small.

They come as files, never as addresses: nothing is ever fetched for a page. What was in the file besides
the picture (places, cameras, whatever else) is left behind.
"""

import io
import warnings
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000
LOGO_SIDE = 256
PICTURE_SIZE = (1200, 675)


class PictureRefused(ValueError):
    """This file is no picture we take; says why."""


def logo_from(file: IO[bytes]) -> bytes:
    """A logo as a PNG of at most 256 pixels on a side. Raises PictureRefused."""
    logo = _opened(file).convert("RGBA")
    logo.thumbnail((LOGO_SIDE, LOGO_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    logo.save(out, "PNG", optimize=True)
    return out.getvalue()


def picture_from(file: IO[bytes]) -> bytes:
    """A picture as a JPEG of 1200 × 675, cut to that shape. Raises PictureRefused."""
    opened = _opened(file).convert("RGBA")
    ground = Image.new("RGBA", opened.size, "#fff")
    flat = Image.alpha_composite(ground, opened).convert("RGB")
    out = io.BytesIO()
    ImageOps.fit(flat, PICTURE_SIZE, Image.Resampling.LANCZOS).save(out, "JPEG", quality=85)
    return out.getvalue()


def _opened(file: IO[bytes]) -> Image.Image:
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise PictureRefused("A picture has at most 5 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we look ourselves
            opened = Image.open(io.BytesIO(content), formats=FORMATS)
            if opened.width * opened.height > MOST_PIXELS:
                raise PictureRefused("A picture has at most 40 million pixels.")
            opened.load()
            return ImageOps.exif_transpose(opened)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise PictureRefused("This is no PNG, JPEG or WebP picture.") from error
