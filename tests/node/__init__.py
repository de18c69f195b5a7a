"""Vendors' SDKs in a second language, driven by scripts beside this file: see `programs.run_script`."""
