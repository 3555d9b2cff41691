r"""Names of files as text that any file format can hold.

A path need not be UTF-8. Python then keeps its bytes as lone surrogates, which no file of text takes. `plain_name`
writes such a byte as ``\xff``; `original_name` gives the path back.
"""

from __future__ import annotations

import re

__all__ = ["name_bytes", "original_name", "plain_name"]


def name_bytes(name: str) -> bytes:
    """Bytes of a name: those of the path where it is one, UTF-8 in general."""
    return name.encode("utf-8", "surrogateescape")


def plain_name(name: str) -> str:
    """A name as valid text: itself, unless it holds bytes that are not UTF-8 (or what stands for them)."""
    raw = name_bytes(name)
    text = raw.decode("utf-8", "backslashreplace")
    return (
        text if text == name and "\\x" not in name else raw.replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace")
    )


def original_name(text: str) -> str:
    """The name of which `plain_name` gave the text."""
    if "\\x" not in text:
        return text
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode())
    return raw.decode("utf-8", "surrogateescape")
