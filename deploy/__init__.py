"""Deploys the service to Google Cloud: `make deploy`."""
