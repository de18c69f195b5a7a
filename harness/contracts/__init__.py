"""The contract gate: documents that the core promises, pacts, their verification, and what may be released."""
