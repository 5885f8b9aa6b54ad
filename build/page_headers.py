"""The HTTP headers of the page, on Firebase Hosting as in the local stack."""

from collections.abc import Sequence

HASHED_FOLDER = "assets"  # Vite puts a hash of the content into the names of these files
CACHE_HASHED = "public, max-age=31536000, immutable"
CACHE_OTHERS = "no-cache"


def page_headers(
    *, connect: Sequence[str], images: Sequence[str], scripts: Sequence[str] = (), frames: Sequence[str] = ()
) -> dict[str, str]:
    """The headers of every answer. The page may use its own origin, and these for calls, images, scripts and frames."""
    policy = {
        "default-src": ("'none'",),
        "script-src": ("'self'", *scripts),
        "style-src": ("'self'",),
        "font-src": ("'self'",),
        "img-src": ("'self'", "blob:", "data:", *images),
        "connect-src": ("'self'", *connect),
        "frame-src": frames or ("'none'",),
        "manifest-src": ("'self'",),
        "frame-ancestors": ("'none'",),
        "base-uri": ("'none'",),
        "form-action": ("'none'",),
    }
    return {
        "Content-Security-Policy": "; ".join(" ".join((name, *sources)) for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",  # the API key works for the page's origins only
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",  # users sign in in a popup
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
