"""The picture to share a room with: what, how much, with whom, and a QR code. Drawn here, no I/O.

It shows only what does not change while the room is open, so it may be kept and passed on.
"""

import functools
import io
from dataclasses import dataclass

import qrcode
from PIL import Image, ImageDraw

from apps.core.drawing import ACCENT, CARD, GROUND, INK, SOFT, TINT, font, wrapped

WIDTH, HEIGHT, EDGE = 750, 1200, 56
QR_SIZE = 400
TITLE_LINES = 3
MOST_TERMS = 4


@dataclass(frozen=True)
class Poster:
    """What a poster says, in words as they are drawn."""

    who: str
    initial: str
    title: str
    price: str
    instead_of: str
    terms: tuple[str, ...]
    call: str
    url: str


@functools.lru_cache(maxsize=200)
def drawn(poster: Poster) -> bytes:
    """The poster as a PNG of some 20 kB. Drawing takes a tenth of a second, so the latest are kept."""
    image = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((28, 28, WIDTH - 28, HEIGHT - 28), 36, fill=CARD)
    y = _host(pen, poster, 72)
    for line in wrapped(poster.title, font(46), WIDTH - 2 * EDGE - 40, TITLE_LINES):
        pen.text((EDGE + 20, y), line, font=font(46), fill=INK)
        y += 62
    y = _price(pen, poster, y + 28)
    for line in poster.terms[:MOST_TERMS]:
        [part] = wrapped(line, font(26), WIDTH - 2 * EDGE - 40, 1) or [""]
        pen.text((EDGE + 20, y), part, font=font(26), fill=SOFT)
        y += 40
    _scan(image, pen, poster)
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _host(pen: ImageDraw.ImageDraw, poster: Poster, y: int) -> int:
    left = EDGE + 20
    pen.ellipse((left, y, left + 72, y + 72), fill=TINT)
    pen.text((left + 36, y + 36), poster.initial.upper(), font=font(34), fill=ACCENT, anchor="mm")
    room = WIDTH - left - 92 - EDGE - 20
    [who] = wrapped(poster.who, font(32), room, 1) or [""]
    pen.text((left + 92, y + 36), who, font=font(32), fill=INK, anchor="lm")
    return y + 104


def _price(pen: ImageDraw.ImageDraw, poster: Poster, y: int) -> int:
    if not poster.price:
        return y
    left = EDGE + 20
    pen.text((left, y + 60), poster.price, font=font(68), fill=ACCENT, anchor="ls")
    if poster.instead_of:
        at = left + pen.textlength(poster.price, font=font(68)) + 24
        face = font(32)
        end = at + pen.textlength(poster.instead_of, font=face)
        if end > WIDTH - EDGE - 20:
            return y + 92  # amounts this long leave no room for two
        pen.text((at, y + 60), poster.instead_of, font=face, fill=SOFT, anchor="ls")
        pen.line((at, y + 48, end, y + 48), fill=SOFT, width=3)
    return y + 92


def _scan(image: Image.Image, pen: ImageDraw.ImageDraw, poster: Poster) -> None:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=2)
    code.add_data(poster.url)
    square = code.make_image().get_image().convert("RGB")
    top = HEIGHT - 28 - 100 - QR_SIZE
    image.paste(
        square.resize((QR_SIZE, QR_SIZE), Image.Resampling.NEAREST), ((WIDTH - QR_SIZE) // 2, top)
    )
    pen.text((WIDTH // 2, top + QR_SIZE + 36), poster.call, font=font(28), fill=INK, anchor="mm")
