"""The version of the whole project. `make release` sets it; pyproject.toml and the OpenAPI document read it."""

VERSION = "1.0.0"
