"""What the org tells about its changes: change and platform events, kept for three days, over Pub/Sub and CometD."""
