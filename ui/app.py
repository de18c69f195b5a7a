"""The page's entry: navigation, and at its side what the sandbox is doing."""

import streamlit as st

from ui import frame
from ui.views import PAGES

st.set_page_config(page_title="Windtunnel", page_icon=":material/air:", layout="wide")
chosen = st.navigation(
    [st.Page(page, title=title, icon=icon, url_path=path, default=path == "drive") for page, title, icon, path in PAGES]
)
frame.side()
chosen.run()
