"""Builds and packages: the archive of the functions and the page. Imports nothing of local/ or deploy/."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LOCAL_TYPES = ("diagnostic",)
"""The types of work that are enabled on this machine only. The page knows them."""
