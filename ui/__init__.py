"""The Streamlit page; it speaks HTTP to the harness only."""
