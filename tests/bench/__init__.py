"""Measurements, not tests. Each prints medians and their ratio to a floor, measured in the same run."""
