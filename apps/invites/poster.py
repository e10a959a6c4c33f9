"""Pictures to share a link with: an upright poster and a wide card. Drawn here, no I/O.

They show what does not change from visit to visit, so they may be kept and passed on.
"""

import functools
import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from apps.core.drawing import ACCENT, CARD, GROUND, INK, SOFT, TINT, font, wrapped
from apps.invites import qr

WIDTH, HEIGHT, EDGE = 750, 1200, 76
PICTURE = (WIDTH - 56, 390)
QR_SIZE, QR_BESIDE_PICTURE = 500, 350
QR_EDGE = 30  # of it is white, and may lie under a line of text
CARD_SIZE = (1200, 630)
CARD_QR = 340


@dataclass(frozen=True)
class Poster:
    """What a poster says, in words as they are drawn."""

    who: str
    initial: str
    title: str
    lines: tuple[str, ...]
    call: str
    address: str
    picture: bytes | None = None
    logo: bytes | None = None


@functools.lru_cache(maxsize=50)
def drawn(poster: Poster) -> bytes:
    """The poster as a PNG, 750 × 1200. Drawing takes a tenth of a second, so the latest are kept."""
    image = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((28, 28, WIDTH - 28, HEIGHT - 28), 36, fill=CARD)
    y, size, most, side = 84, 56, 4, QR_SIZE
    if poster.picture:
        _picture(image, poster.picture, (28, 28), PICTURE)
        y, size, most, side = 28 + PICTURE[1] + 28, 40, 2, QR_BESIDE_PICTURE
    y = _inviter(pen, poster, EDGE, y, WIDTH - EDGE)
    for line in wrapped(poster.title, font(size), WIDTH - 2 * EDGE, most):
        pen.text((EDGE, y), line, font=font(size), fill=INK)
        y += size * 4 // 3
    top = HEIGHT - 28 - 76 - side
    for line in poster.lines:
        if y + 48 < top + QR_EDGE:
            [part] = wrapped(line, font(26), WIDTH - 2 * EDGE, 1) or [""]
            pen.text((EDGE, y + 12), part, font=font(26), fill=SOFT)
            y += 38
    _code(image, poster, ((WIDTH - side) // 2, top), side)
    pen.text((WIDTH // 2, top + side + 22), poster.call, font=font(28), fill=INK, anchor="mm")
    return _png(image)


@functools.lru_cache(maxsize=50)
def card(poster: Poster) -> bytes:
    """The card a messenger shows, 1200 × 630 as they ask for, as a PNG."""
    image = Image.new("RGB", CARD_SIZE, GROUND)
    pen = ImageDraw.Draw(image)
    wide, high = CARD_SIZE
    right = wide - 40 - CARD_QR - 60
    pen.rounded_rectangle((40, 40, wide - 40, high - 40), 36, fill=CARD)
    title = wrapped(poster.title, font(60), right - 96, 3)
    y = (high - 112 - 80 * len(title) - 60 * bool(poster.lines)) // 2
    y = _inviter(pen, poster, 96, y, right) + 12
    for line in title:
        pen.text((96, y), line, font=font(60), fill=INK)
        y += 80
    for line in poster.lines[:1]:
        [part] = wrapped(line, font(30), right - 96, 1) or [""]
        pen.text((96, y + 16), part, font=font(30), fill=SOFT)
    top = (high - CARD_QR) // 2
    _code(image, poster, (wide - 40 - CARD_QR - 24, top), CARD_QR)
    return _png(image)


def _inviter(pen: ImageDraw.ImageDraw, poster: Poster, left: int, y: int, right: int) -> int:
    pen.ellipse((left, y, left + 72, y + 72), fill=TINT)
    pen.text((left + 36, y + 36), poster.initial.upper(), font=font(34), fill=ACCENT, anchor="mm")
    [who] = wrapped(poster.who, font(32), right - left - 92, 1) or [""]
    pen.text((left + 92, y + 36), who, font=font(32), fill=INK, anchor="lm")
    return y + 100


def _picture(
    image: Image.Image, content: bytes, at: tuple[int, int], size: tuple[int, int]
) -> None:
    """The picture at the head of the card, its upper corners as round as the card's."""
    picture = Image.open(io.BytesIO(content)).convert("RGB").resize(size, Image.Resampling.LANCZOS)
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0], size[1] + 40), 36, fill=255)
    image.paste(picture, at, mask)


def _code(image: Image.Image, poster: Poster, at: tuple[int, int], side: int) -> None:
    square = qr.image(qr.Code(poster.address, logo=poster.logo)).convert("RGB")
    # Modules stay sharp; a logo would not, drawn by nearest neighbours.
    way = Image.Resampling.LANCZOS if poster.logo else Image.Resampling.BOX
    image.paste(square.resize((side, side), way), at)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()
