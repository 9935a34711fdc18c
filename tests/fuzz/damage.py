"""Damaged copies of sound files, as hypothesis draws and shrinks them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

PIECES = (
    b"", b"\0", b"\n", b"\xff", b"\xed\xa0\x80", b"\x1b[31m", b"\xe2\x80\xae", b"nan", b"-1",
    b"1e999", b"1e308", b"0100", b"9" * 400, b"null", b"true", b"{}", b"[]", b"[" * 2000,
    b"&a [*a]", b"!!int ''", b"!!python/object:os.system x", b"../../x", b"/etc/passwd", b"\"",
    b"'", b": ", b",", b"=1+1", b"x" * 3000, b"\x00\x00\x08\x03\xff\xff\xff\xff", b"PK\x03\x04",
    b"\x80\x02}q\x00.",
)  # fmt: skip
"""What has broken readers before."""

ANY_PIECE = st.sampled_from((None, *PIECES)) | st.binary(max_size=6)
LENGTHS = st.sampled_from((0, 1, 2, 8, 40, 1 << 30))


@st.composite
def damaged(draw: st.DrawFn, sound: Sequence[bytes]) -> bytes:
    """Draw a sound file, and up to four edits: something left out, put in, repeated or replaced."""
    content = draw(st.sampled_from(sound))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(LENGTHS))
        piece = draw(ANY_PIECE)
        if piece is None:
            piece = 2 * content[start:stop]
        content = content[:start] + piece + content[stop:]
    return content


def texts(sound: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Draw damaged texts: those above, and with whole words exchanged for others."""
    words = sorted({word for text in sound for word in text.split()})

    def exchanged(text: str, at: int, word: str) -> bytes:
        parts = text.split(" ")
        parts[at % len(parts)] = word
        return " ".join(parts).encode("utf-8", "surrogatepass")

    return damaged([text.encode() for text in sound]) | st.builds(
        exchanged,
        st.sampled_from(list(sound)),
        st.integers(0, 10_000),
        st.sampled_from(words) | st.text(max_size=8),
    )
