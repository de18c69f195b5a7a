"""The page for people who show quote-to-cash to stakeholders; it speaks HTTP to the harness API only."""
