"""The identity that deploys, a person or the workflow's service account, and how it calls an API that is not public."""

import subprocess
from dataclasses import dataclass

import google.auth
import httpx
from google.auth.transport.requests import Request

IAM_CREDENTIALS = "https://iamcredentials.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class IdentityTokenError(Exception):
    """The deployer cannot get an ID token; the message has the reason."""


@dataclass(frozen=True)
class Deployer:
    """`service_account` is None for a person."""

    access_token: str
    service_account: str | None = None

    def identity_token(self, audience: str, *, base_url: str = IAM_CREDENTIALS) -> str:
        """Returns an ID token for Cloud Run. Raises IdentityTokenError.

        gcloud issues a person's; Cloud Run accepts that for any audience ("Authenticating developers").
        """
        if self.service_account is None:
            return _gcloud_identity_token()
        answer = httpx.post(
            f"{base_url}/v1/projects/-/serviceAccounts/{self.service_account}:generateIdToken",
            json={"audience": audience, "includeEmail": True},
            headers={"Authorization": f"Bearer {self.access_token}"},
            timeout=30,
        )
        if not answer.is_success:
            raise IdentityTokenError(f"IAM answered generateIdToken with {answer.status_code}: {answer.text[:500]}")
        return str(answer.json()["token"])


def current_deployer() -> Deployer:
    """Returns the deployer of the Application Default Credentials."""
    credentials, _ = google.auth.default(scopes=[SCOPE])
    credentials.refresh(Request())
    return Deployer(str(credentials.token), getattr(credentials, "service_account_email", None))


def _gcloud_identity_token() -> str:
    command = ("gcloud", "auth", "print-identity-token")
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError as error:
        raise IdentityTokenError("gcloud is not installed.") from error
    except subprocess.CalledProcessError as error:
        raise IdentityTokenError(f"gcloud printed no identity token: {error.stderr.strip()}") from error
