"""Business rules of the org as pure functions: documents, stage tables and moments come in, values go out."""
