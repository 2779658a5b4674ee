"""What a user asks for, done at once: the page is drawn again, or says why it could not be done."""

from collections.abc import Callable

import streamlit as st

from ui.errors import UiError
from ui.safe_markdown import plain


def attempt(call: Callable[[], None]) -> None:
    """Do what was asked for and draw the page again; say why where it cannot be done."""
    try:
        call()
    except UiError as error:
        show_problem(error)
    else:
        st.rerun()


def show_problem(error: UiError) -> None:
    """Say what went wrong."""
    st.error(plain(str(error)), icon=":material/error:")
