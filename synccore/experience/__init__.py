"""Experience APIs: what finance, account teams and operators see and do."""
