"""A plausible company of any size, made from a seed: who its customers are and what was sold to them."""
