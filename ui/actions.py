"""What a user asks for, done at once: the page is drawn again, or says why it could not be done."""

from collections.abc import Callable

import streamlit as st

from ui.errors import UiError
from ui.safe_markdown import escape_markdown


def run_action(call: Callable[[], None]) -> None:
    """Do what was asked for and draw the page again; say why where it cannot be done."""
    try:
        call()
    except UiError as error:
        show_error(error)
    else:
        st.rerun()


def show_error(error: UiError) -> None:
    """Say what went wrong."""
    st.error(escape_markdown(str(error)), icon=":material/error:")
