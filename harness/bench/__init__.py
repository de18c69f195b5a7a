"""Measurements, as ratios within one run: this machine is noisy, and a number alone says little."""
