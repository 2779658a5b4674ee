"""Run an action of the user, then draw the page again or show the error."""

from collections.abc import Callable

import streamlit as st

from ui.errors import UiError
from ui.safe_markdown import escape_markdown


def run_action(call: Callable[[], None]) -> None:
    """Run `call` and draw the page again; show the error if it raises `UiError`."""
    try:
        call()
    except UiError as error:
        show_error(error)
    else:
        st.rerun()


def show_error(error: UiError) -> None:
    """Show what went wrong."""
    st.error(escape_markdown(str(error)), icon=":material/error:")
