"""Builds and packages: the archive of the functions and the page. Imports nothing of local/ or deploy/."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
