"""Pictures from elsewhere, drawn anew: what a file is, its bytes say, never its name.

Nothing but the picture stays: where and by whom it was taken, previews, notes, and whatever a file
hides behind it go. It is turned as the camera was held, in the colours of the web. Refuses what
isn't one of four kinds, moves, or would take more memory than a picture should.
"""

from __future__ import annotations

import io
import re
import threading
from contextlib import suppress
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageCms, ImageOps

from blog.errors import Busy, Invalid

PICTURE_MAX_BYTES = 20 * 1024 * 1024
PICTURE_MAX_PIXELS = 50_000_000
SIDE_MAX_PIXELS = 16_000
# A JPEG is drawn over as often as it has scans; programs make about ten.
SCANS_MAX = 50
MARKERS_MAX = 2_000
TURN_WAIT_SECONDS = 2.0

_QUALITY = 90
# What each kind is written as. What hardly anybody sees the loss of stays small; a still GIF is
# smaller as a PNG, and the same.
_KINDS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "GIF": "PNG", "WEBP": "WEBP"}
_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
_HOW: dict[str, dict[str, object]] = {
    "JPEG": {"quality": _QUALITY, "optimize": True, "progressive": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": _QUALITY},
}
# The ways of a kind to say colours that browsers show, beside red, green and blue.
_MODES = {
    "JPEG": ("RGB", "L"),
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "WEBP": ("RGB", "RGBA"),
}
_UNKNOWN = "This is no picture that is taken here: send a JPEG, PNG, WebP or GIF."
_HUGE = (
    f"This picture is larger than {PICTURE_MAX_PIXELS // 1_000_000} million pixels, or longer than"
    f" {SIDE_MAX_PIXELS:,} on a side. Please make it smaller."
)
_MOVES = "Pictures that move aren’t taken: they distract from reading. Send one that stands still."
_BROKEN = "This picture is damaged, or not all there, so it can’t be shown. Please export it anew."
# What says itself how long it is; all else within a JPEG has no length, or is no marker.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])(..)?", re.DOTALL)
# One at a time: an open picture may take a few hundred MB.
_TURN = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A picture that may be shown to anybody, and the ending of its name.

    Units: `width` and `height` are pixels.
    """

    data: bytes
    suffix: str
    media_type: str
    width: int
    height: int


def drawn_anew(data: bytes) -> Picture:
    """Return the picture that a file holds, and nothing else of it.

    Raises: Invalid, Busy.
    """
    if not _TURN.acquire(timeout=TURN_WAIT_SECONDS):
        raise Busy("Other pictures are being taken at this moment. Please send this one again.")
    try:
        with _opened(data) as image:
            return _drawn(image)
    finally:
        _TURN.release()


def _opened(data: bytes) -> Image.Image:
    """Look at a file's head, which says how large the rest will be."""
    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP", "GIF"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid({"file": _HUGE}) from None
    except Exception:  # noqa: BLE001  # whatever a decoder stumbles over, the file is to blame
        raise Invalid({"file": _UNKNOWN}) from None
    if image.width * image.height > PICTURE_MAX_PIXELS or max(image.size) > SIDE_MAX_PIXELS:
        raise Invalid({"file": _HUGE})
    if image.format in ("JPEG", "MPO") and _is_overdrawn(data):
        raise Invalid({"file": _BROKEN})
    # A camera puts a preview beside the photograph, which isn't moving by that.
    if getattr(image, "is_animated", False) and image.format != "MPO":
        raise Invalid({"file": _MOVES})
    return image


def _is_overdrawn(data: bytes) -> bool:
    """Tell whether the first picture of a JPEG is put together of more than programs make it of."""
    place = scans = 0
    for _ in range(MARKERS_MAX):
        found = _MARKER.search(data, place + 2)
        if not found or found[1] == b"\xd9":
            return scans > SCANS_MAX
        scans += found[1] == b"\xda"
        place = found.start() + max(2, int.from_bytes(found[2] or b"", "big"))
    return True


def _drawn(image: Image.Image) -> Picture:
    kind = _KINDS[image.format or ""]
    how = dict(_HOW[kind])
    try:
        turn = image.getexif().get(ExifTags.Base.Orientation, 1)
        profile = image.info.get("icc_profile")
        if image.format == "JPEG" and turn == 1 and not profile and image.mode in _MODES[kind]:
            # As fine as it was: drawn with the same tables it loses nothing to be seen.
            how["quality"] = "keep"
        else:
            image = ImageOps.exif_transpose(_in_common_colours(image, profile))
        if image.mode not in _MODES[kind]:
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        image.load()
        # What a format calls its information is what is to go; but which colour is none stays.
        image.info = {name: image.info[name] for name in ("transparency",) if name in image.info}
        made = io.BytesIO()
        image.save(made, kind, **how)
    except Exception:  # noqa: BLE001  # whatever a decoder stumbles over, the file is to blame
        raise Invalid({"file": _BROKEN}) from None
    return Picture(made.getvalue(), _SUFFIXES[kind], Image.MIME[kind], *image.size)


def _in_common_colours(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Bring colours that a profile explains into those that are meant without one."""
    if profile:
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        # A profile that is damaged, or of other colours than the picture, explains nothing.
        with suppress(ImageCms.PyCMSError, OSError):
            common = ImageCms.createProfile("sRGB")
            made = ImageCms.profileToProfile(image, io.BytesIO(profile), common, outputMode=mode)
            return made or image
    return image
