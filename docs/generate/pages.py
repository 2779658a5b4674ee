"""Which pages are generated, and from what."""

from pathlib import Path

from docs.generate import cli, compatibility, decisions, errors, formats, http_api, modules, settings

DOCS = Path(__file__).parent.parent

RENDERERS = {
    "reference/cli.md": cli.render,
    "reference/http-api.md": http_api.render,
    "reference/settings.md": settings.render,
    "reference/formats.md": formats.render,
    "reference/compatibility.md": compatibility.render,
    "reference/errors.md": errors.render,
    "development/modules.md": modules.render,
    "development/decisions/README.md": decisions.render,
}


def render_pages() -> dict[Path, str]:
    """Return the text of every generated page by its path."""
    return {DOCS / name: render() for name, render in RENDERERS.items()}
