"""What browsers let the page do, and what they let HTML do that user code has made: Content-Security-Policy.

The frame is sandboxed by its own header too, so that it has no origin wherever it is opened. Of all addresses, the page
may frame only that document: with 'self', what runs in the frame could navigate it to other addresses of the app.
"""

_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'{sign_in}; "
    "frame-src {frames}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)


def page_policy(frames: list[str], sign_in: str | None) -> str:
    """Of the page. `frames` are the addresses of the frame's document, and `sign_in` is the origin of Entra ID."""
    return _PAGE.format(frames=" ".join(frames) or "'none'", sign_in=f" {sign_in}" if sign_in else "")
