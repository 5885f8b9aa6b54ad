"""Assets in a bucket of Cloud Storage, handed out by its own short-lived signed URLs.

A path is created once and never overwritten, as everywhere. A function has no key to sign with: Google keeps that of
its service account and signs with it for whoever may call signBlob (IAM Service Account Credentials API).
"""

from datetime import datetime
from typing import Any

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth import credentials, iam
from google.auth.crypt import Signer
from google.auth.exceptions import GoogleAuthError
from google.auth.transport import Request
from google.cloud.storage import Blob, Bucket, Client
from google.cloud.storage.retry import DEFAULT_RETRY
from requests import RequestException

from common.errors import Unavailable
from common.gateways.folder_assets import CACHE_CONTROL, checked, disposition

TIMEOUT_SECONDS = 20.0
RETRY: Retry = DEFAULT_RETRY.with_timeout(60.0)  # creating only what is absent may be repeated


class CloudStorageAssets:
    """Objects of `bucket`. `signing` signs URLs; no content is read through this."""

    def __init__(self, client: Client, bucket: str, signing: credentials.Signing) -> None:
        self._bucket: Bucket = client.bucket(bucket)
        self._endpoint: str = client.api_endpoint
        self._signing = signing

    def save(self, path: str, content_type: str, content: bytes) -> None:
        """Create the object with all of its content, or leave what is there already. Raises BadPath, Unavailable."""
        blob = self._bucket.blob(checked(path))
        blob.cache_control = CACHE_CONTROL
        blob.content_disposition = disposition(path, content_type)
        try:
            blob.upload_from_string(
                content, content_type=content_type, if_generation_match=0, timeout=TIMEOUT_SECONDS, retry=RETRY
            )
        except exceptions.PreconditionFailed:
            return  # it exists, perhaps by a try of this very call whose answer was lost
        except exceptions.Forbidden as error:
            if not self._exists(blob):
                raise _not_taken(error) from error
        except (exceptions.GoogleAPICallError, GoogleAuthError, RequestException) as error:
            raise _not_taken(error) from error

    def _exists(self, blob: Blob) -> bool:
        """Creating what exists wants storage.objects.delete ("Objects: insert"), and may be refused for that alone."""
        try:
            found: bool = blob.exists(timeout=TIMEOUT_SECONDS, retry=RETRY)
        except (exceptions.GoogleAPICallError, GoogleAuthError, RequestException) as error:
            raise _not_taken(error) from error
        return found

    def signed_url(self, path: str, *, expires_at: datetime) -> str:
        """An address that anyone can open until then, to the second. Raises BadPath, Unavailable."""
        blob = self._bucket.blob(checked(path))
        try:
            url: str = blob.generate_signed_url(
                version="v4",
                expiration=expires_at,
                method="GET",
                credentials=self._signing,
                api_access_endpoint=self._endpoint,
            )
        except GoogleAuthError as error:
            raise Unavailable(f"The address could not be signed: {type(error).__name__}") from error
        return url


def _not_taken(error: Exception) -> Unavailable:
    return Unavailable(f"Cloud Storage did not take the asset: {type(error).__name__}")


class IamSigning(credentials.Signing):
    """Signs as the service account that the credentials are of, which is the one that a function runs as."""

    def __init__(self, attached: credentials.Credentials, request: Request) -> None:
        self._attached: Any = attached  # of Compute Engine, whose service_account_email the base class does not have
        self._request = request

    @property
    def signer_email(self) -> str:
        if self._attached.service_account_email == "default":  # the metadata server tells the name with the first token
            self._attached.refresh(self._request)
        email: str = self._attached.service_account_email
        return email

    @property
    def signer(self) -> Signer:
        return iam.Signer(self._request, self._attached, self.signer_email)

    def sign_bytes(self, message: bytes) -> bytes:
        signed: bytes = self.signer.sign(message)
        return signed
