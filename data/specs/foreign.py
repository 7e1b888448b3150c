"""What a file is that is called a picture and is none that Pillow opens, with the remedy."""

SVG = (b"<svg", b"<?xml")
POSTSCRIPT = (b"%!PS", b"\xc5\xd0\xd3\xc6")  # Pillow would run it by Ghostscript
ICONS = (b"\0\0\1\0", b"icns")  # Pillow decodes what is in them before it tells the size
HEIC = (b"heic", b"heix", b"mif1", b"heim", b"hevc", b"msf1")
FILMS = (b"isom", b"mp41", b"mp42", b"qt  ", b"M4V ")
PAGES = (b"<!doctype", b"<html")
# Bytes at the beginning; of the containers of films at the fifth byte.
BEGINNINGS = {
    b"version https://git-lfs": "a pointer of Git LFS; run `git lfs pull`",
    b"%PDF": "a PDF; save its pages as PNG",
    b"PK\x03\x04": "a ZIP; unpack it",
    b"\xff\x0a": "a picture of JPEG XL, which is not read; save it as PNG or JPEG",
    b"\0\0\0\x0cJXL ": "a picture of JPEG XL, which is not read; save it as PNG or JPEG",
    **dict.fromkeys(POSTSCRIPT, "a drawing (PostScript), which is a program; save it as PNG"),
    **dict.fromkeys(ICONS, "an icon, which hides how large it is; save its picture as PNG"),
    **dict.fromkeys(SVG, "a drawing (SVG or XML); save it as PNG"),
    **dict.fromkeys(PAGES, "a web page, as a failed download leaves it; fetch the picture again"),
}
BRANDS = {
    **dict.fromkeys(HEIC, "a HEIC picture, which is not read; save it as JPEG"),
    **dict.fromkeys(FILMS, "a film; save a frame of it as PNG"),
}


def foreign_kind(content: bytes) -> str | None:
    """What the file is, with what to do; None where nothing is known of it."""
    if content[128:132] == b"DICM":
        return "a DICOM file, which is not read; save its picture as PNG"
    if content[4:8] == b"ftyp":
        return BRANDS.get(content[8:12])
    head = content[:64].lstrip().lower()
    return next((told for begin, told in BEGINNINGS.items() if head.startswith(begin.lower())), None)
