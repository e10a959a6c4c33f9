"""Drawing pictures with words on them, on the server: colours, a font with Chinese, lines that fit."""

import functools
from pathlib import Path

import cvttf_NotoSansCJK_Medium
from django.conf import settings
from PIL import ImageFont

GROUND, CARD, INK, SOFT, ACCENT, TINT = (
    "#f7f4ef",
    "#ffffff",
    "#1f1a16",
    "#625a52",
    "#b93a0c",
    "#fdebe0",
)


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The font of pictures: the installation's own, else the one that comes along."""
    named = settings.PICTURE_FONT or cvttf_NotoSansCJK_Medium.get_TTF_path()
    return ImageFont.truetype(str(Path(named)), size)


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: int, most: int) -> list[str]:
    """Lines no wider than `width`, broken at spaces or, in Chinese, anywhere; at most so many."""
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < most:
        fits = len(rest)
        while fits > 1 and face.getlength(rest[:fits]) > width:
            fits -= 1
        if fits < len(rest):
            at_word = rest.rfind(" ", 0, fits + 1)
            fits = at_word if at_word > fits // 2 else fits
        lines.append(rest[:fits].rstrip())
        rest = rest[fits:].lstrip()
    if rest and lines:
        lines[-1] = cut(lines[-1], face, width)
    return lines


def cut(line: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    """As much of a line as fits, with an ellipsis."""
    while line and face.getlength(line + "…") > width:
        line = line[:-1]
    return line + "…"
