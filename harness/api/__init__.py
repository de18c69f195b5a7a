"""The harness over HTTP: what the page and scripts see of a running sandbox, do in it, and play as stories."""
