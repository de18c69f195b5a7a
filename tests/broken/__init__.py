"""Planted defects: wrong cores and lying systems that the judges must catch. To be here is to be registered."""
