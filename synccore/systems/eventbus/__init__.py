"""The event bus of the sales system as the core reads it: change events over Pub/Sub."""
