"""Sign in with a key and out again. The key stays in the server's memory, as long as the browser tab is open.

A server without keys needs none of this: its page shows no form and no name.
"""

from dataclasses import dataclass

import streamlit as st

from ui.actions import show_error
from ui.api_types import Principal
from ui.client import ApiClient
from ui.errors import KeyRefusedError, UiError
from ui.page_state import get_page_state
from ui.safe_markdown import escape_markdown

SESSION_KEY = "pincite-signed-in"
NOTICE_KEY = "pincite-notice"
REVOKED = "Your key does not open this server any more. Ask for another one."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in in this browser tab, and the client that sends their key."""

    principal: Principal
    client: ApiClient


def find_signed_in() -> SignedIn | None:
    """Return who has signed in in this browser tab, if anybody has."""
    signed_in: SignedIn | None = st.session_state.get(SESSION_KEY)
    return signed_in


def show_sign_in(without_key: ApiClient) -> None:
    """Ask for a key until one opens the server."""
    st.header("Sign in", anchor=False)
    st.markdown("This server asks for a key. The administrator has one for you.")
    if notice := st.session_state.get(NOTICE_KEY, ""):
        st.info(notice, icon=":material/info:")
    with st.form("sign-in", border=False, clear_on_submit=True):
        key = st.text_input("Key", type="password", autocomplete="current-password").strip()
        if not st.form_submit_button("Sign in", type="primary", icon=":material/login:") or not key:
            return
    client = without_key.with_key(key)
    try:
        principal = client.fetch_principal()
    except UiError as error:
        show_wrong_key() if isinstance(error, KeyRefusedError) else show_error(error)
        return
    st.session_state.pop(NOTICE_KEY, None)
    st.session_state[SESSION_KEY] = SignedIn(principal, client)
    st.rerun()


def show_wrong_key() -> None:
    """Say that a key does not open the server, without the key."""
    st.error("This key does not open the server. Check it, or ask the administrator.", icon=":material/error:")


def show_account(signed_in: SignedIn) -> None:
    """Show who has signed in, and the way out."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"Signed in as {escape_markdown(signed_in.principal.name)}")
        if st.button("Sign out", icon=":material/logout:", type="tertiary"):
            sign_out()
            st.rerun()


def sign_out(notice: str = "") -> None:
    """Forget the key and all that this tab has shown with it; a running answer is stopped. Shows `notice` next."""
    get_page_state().start_new_chat()
    st.session_state.clear()
    st.query_params.clear()
    if notice:
        st.session_state[NOTICE_KEY] = notice
