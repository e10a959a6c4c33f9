"""QR codes of addresses, as SVG and PNG, with a logo in the middle where there is one. No I/O."""

import base64
import functools
import io
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import qrcode
import qrcode.image.svg
from PIL import Image

LEVELS = {
    "L": qrcode.constants.ERROR_CORRECT_L,
    "M": qrcode.constants.ERROR_CORRECT_M,
    "Q": qrcode.constants.ERROR_CORRECT_Q,
    "H": qrcode.constants.ERROR_CORRECT_H,
}
DEFAULT_LEVEL = "M"
QUIET_ZONE = 4  # modules around it, as the standard asks
# A logo hides a share of the code that H (30 %) restores with room to spare: 22 % of its side, 5 % of it.
LOGO_SHARE = 0.22
SIDE = 640  # of the PNG, about


@dataclass(frozen=True)
class Code:
    """A QR code to be drawn. With a logo its level is H, whatever was asked."""

    address: str
    level: str = DEFAULT_LEVEL
    logo: bytes | None = None


def _laid_out(code: Code) -> qrcode.QRCode:
    level = "H" if code.logo else code.level
    laid_out = qrcode.QRCode(error_correction=LEVELS[level], border=QUIET_ZONE)
    laid_out.add_data(code.address)
    laid_out.make(fit=True)
    return laid_out


@functools.lru_cache(maxsize=500)
def png(code: Code) -> bytes:
    """The code as a PNG in black and white, or with its logo in colours."""
    out = io.BytesIO()
    image(code).save(out, "PNG", optimize=True)
    return out.getvalue()


def image(code: Code) -> Image.Image:
    """The code as a picture of about 640 pixels, its modules whole pixels."""
    laid_out = _laid_out(code)
    laid_out.box_size = max(SIDE // (laid_out.modules_count + 2 * QUIET_ZONE), 4)
    drawn: Image.Image = laid_out.make_image().get_image()
    if not code.logo:
        return drawn.convert("1")
    drawn = drawn.convert("RGB")
    side = _hidden(laid_out) * laid_out.box_size
    logo = Image.open(io.BytesIO(code.logo)).convert("RGBA")
    inner = side - laid_out.box_size
    logo.thumbnail((inner, inner), Image.Resampling.LANCZOS)
    left = (drawn.width - side) // 2
    drawn.paste("#fff", (left, left, left + side, left + side))
    at = ((drawn.width - logo.width) // 2, (drawn.height - logo.height) // 2)
    drawn.paste(logo, at, logo)
    return drawn


@functools.lru_cache(maxsize=500)
def svg(code: Code) -> bytes:
    """The code as an SVG that holds all it needs: the logo is inside it."""
    laid_out = _laid_out(code)
    root = laid_out.make_image(image_factory=qrcode.image.svg.SvgPathFillImage).get_image()
    if code.logo:
        _add_logo(root, laid_out, code.logo)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _add_logo(root: ET.Element, laid_out: qrcode.QRCode, logo: bytes) -> None:
    # The viewBox counts in tenths of millimetres: a module of ten of them is one.
    box = [float(number) for number in root.attrib["viewBox"].split()]
    module = box[2] / (laid_out.modules_count + 2 * QUIET_ZONE)
    side = _hidden(laid_out) * module
    at = (box[2] - side) / 2
    place = {"x": f"{at:g}", "y": f"{at:g}", "width": f"{side:g}", "height": f"{side:g}"}
    ET.SubElement(root, "rect", {**place, "fill": "#fff"})
    inner = {
        "x": f"{at + module / 2:g}",
        "y": f"{at + module / 2:g}",
        "width": f"{side - module:g}",
        "height": f"{side - module:g}",
    }
    encoded = base64.b64encode(logo).decode()
    ET.SubElement(root, "image", {**inner, "href": f"data:image/png;base64,{encoded}"})


def _hidden(laid_out: qrcode.QRCode) -> int:
    """Modules on a side that the logo hides: an odd number, like the side of the code."""
    modules = int(laid_out.modules_count * LOGO_SHARE)
    return modules if modules % 2 else modules - 1
