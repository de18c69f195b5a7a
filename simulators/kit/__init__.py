"""What any simulated system needs and knows no vendor."""
