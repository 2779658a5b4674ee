"""`python -m docs.generate`: write every generated page anew."""

from docs.generate.pages import render_pages


def main() -> None:
    """Write every generated page."""
    for path, text in render_pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
