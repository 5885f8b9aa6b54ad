"""Measurements, never tests: each prints medians and their ratio to a floor that is measured in the same run."""
