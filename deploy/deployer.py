"""Whoever deploys: a person, or the workflow's service account; and how they call an API that is not public."""

import subprocess
from dataclasses import dataclass

import google.auth
import httpx
from google.auth.transport.requests import Request

IAM_CREDENTIALS = "https://iamcredentials.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class NoIdentity(Exception):
    """Whoever deploys cannot show who they are; the message says why."""


@dataclass(frozen=True)
class Deployer:
    """Whoever deploys. `service_account` is None for a person."""

    access_token: str
    service_account: str | None = None

    def identity_token(self, audience: str, *, base_url: str = IAM_CREDENTIALS) -> str:
        """For Cloud Run: a person's by gcloud ("Authenticating developers"), for any audience. Raises NoIdentity."""
        if self.service_account is None:
            return _of_a_person()
        answer = httpx.post(
            f"{base_url}/v1/projects/-/serviceAccounts/{self.service_account}:generateIdToken",
            json={"audience": audience, "includeEmail": True},
            headers={"Authorization": f"Bearer {self.access_token}"},
            timeout=30,
        )
        if not answer.is_success:
            raise NoIdentity(f"IAM answered with {answer.status_code} when asked for an ID token: {answer.text[:500]}")
        return str(answer.json()["token"])


def whoever_deploys() -> Deployer:
    credentials, _ = google.auth.default(scopes=[SCOPE])
    credentials.refresh(Request())
    return Deployer(str(credentials.token), getattr(credentials, "service_account_email", None))


def _of_a_person() -> str:
    command = ("gcloud", "auth", "print-identity-token")
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError as error:
        raise NoIdentity("gcloud is not installed") from error
    except subprocess.CalledProcessError as error:
        raise NoIdentity(f"gcloud gave no identity token: {error.stderr.strip()}") from error
