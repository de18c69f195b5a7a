"""What the core promises to others, as documents made from its own models, and whether a change keeps the promise."""
