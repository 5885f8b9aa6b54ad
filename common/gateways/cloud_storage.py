"""Assets in a bucket of Cloud Storage, with its short-lived signed URLs.

A path is created once and never overwritten. A function has no private key, so it signs with signBlob of the IAM
Service Account Credentials API, which needs a permission.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, BinaryIO

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth import credentials, iam
from google.auth.crypt import Signer
from google.auth.exceptions import GoogleAuthError
from google.auth.transport import Request
from google.cloud.storage import Blob, Bucket, Client
from google.cloud.storage.exceptions import InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY
from requests import RequestException

from common.errors import Unavailable
from common.gateways.folder_assets import CACHE_CONTROL, CHUNK_BYTES, checked, disposition

TIMEOUT_SECONDS = 20.0
LISTED = "items(name),nextPageToken"
RETRY: Retry = DEFAULT_RETRY.with_timeout(60.0)  # a create with if_generation_match=0 is safe to repeat


class CloudStorageAssets:
    """Objects of `bucket`. `signing` signs their URLs."""

    def __init__(self, client: Client, bucket: str, signing: credentials.Signing) -> None:
        self._bucket: Bucket = client.bucket(bucket)
        self._endpoint: str = client.api_endpoint
        self._signing = signing

    def save(self, path: str, content_type: str, content: bytes) -> None:
        """Creates the object with its whole content, unless it exists. Raises BadPath, Unavailable."""
        blob = self._bucket.blob(checked(path))
        blob.cache_control = CACHE_CONTROL
        blob.content_disposition = disposition(path, content_type)
        try:
            blob.upload_from_string(
                content, content_type=content_type, if_generation_match=0, timeout=TIMEOUT_SECONDS, retry=RETRY
            )
        except exceptions.PreconditionFailed:
            return  # it exists, perhaps created by an earlier try whose answer was lost
        except exceptions.Forbidden as error:
            if not self._exists(blob):
                raise _not_stored(error) from error
        except (exceptions.GoogleAPICallError, GoogleAuthError, RequestException) as error:
            raise _not_stored(error) from error

    def _exists(self, blob: Blob) -> bool:
        """Whether the object exists. An insert over it needs storage.objects.delete ("Objects: insert")."""
        try:
            found: bool = blob.exists(timeout=TIMEOUT_SECONDS, retry=RETRY)
        except (exceptions.GoogleAPICallError, GoogleAuthError, RequestException) as error:
            raise _not_stored(error) from error
        return found

    @contextmanager
    def create(self, path: str, content_type: str) -> Iterator[BinaryIO]:
        """Opens a new object. It exists after the context only if nothing was raised. Raises BadPath, Unavailable."""
        blob = self._bucket.blob(checked(path))
        blob.cache_control = CACHE_CONTROL
        blob.content_disposition = disposition(path, content_type)
        try:
            with blob.open(
                "wb",
                chunk_size=CHUNK_BYTES,
                ignore_flush=True,
                content_type=content_type,
                if_generation_match=0,
                timeout=TIMEOUT_SECONDS,
                retry=RETRY,
            ) as file:
                yield file
        except (exceptions.GoogleAPICallError, GoogleAuthError, RequestException, InvalidResponse) as error:
            raise _not_stored(error) from error

    def read(self, path: str) -> Iterator[bytes]:
        """Yields the content in chunks. Raises BadPath, FileNotFoundError, Unavailable."""
        blob = self._bucket.blob(checked(path))
        try:
            with blob.open("rb", chunk_size=CHUNK_BYTES, timeout=TIMEOUT_SECONDS, retry=RETRY) as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except exceptions.NotFound as error:
            raise FileNotFoundError(path) from error
        except (exceptions.GoogleAPICallError, GoogleAuthError, RequestException, InvalidResponse) as error:
            raise Unavailable(f"Cloud Storage did not return the asset: {type(error).__name__}") from error

    def count_under(self, prefix: str) -> int:
        """Returns the number of objects below the folder `prefix`. Raises BadPath, Unavailable."""
        try:
            return sum(1 for _ in self._listed(prefix))
        except (exceptions.GoogleAPICallError, GoogleAuthError, RequestException) as error:
            raise Unavailable(f"Cloud Storage did not list the assets: {type(error).__name__}") from error

    def delete_under(self, prefix: str) -> None:
        """Deletes the objects below the folder `prefix`, if there are any. Raises BadPath, Unavailable."""
        try:
            for blob in self._listed(prefix):
                with suppress(exceptions.NotFound):
                    blob.delete(timeout=TIMEOUT_SECONDS, retry=RETRY)
        except (exceptions.GoogleAPICallError, GoogleAuthError, RequestException) as error:
            raise Unavailable(f"Cloud Storage did not delete the assets: {type(error).__name__}") from error

    def _listed(self, prefix: str) -> Iterator[Blob]:
        listed: Iterator[Blob] = self._bucket.list_blobs(
            prefix=f"{checked(prefix)}/", fields=LISTED, timeout=TIMEOUT_SECONDS, retry=RETRY
        )
        return listed

    def signed_url(self, path: str, *, expires_at: datetime) -> str:
        """Returns a URL that is valid without a token until `expires_at` (seconds). Raises BadPath, Unavailable."""
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
            raise Unavailable(f"The URL could not be signed: {type(error).__name__}") from error
        return url


def _not_stored(error: Exception) -> Unavailable:
    return Unavailable(f"Cloud Storage did not store the asset: {type(error).__name__}")


class IamSigning(credentials.Signing):
    """Signs as the service account of the credentials, the one that the function runs as."""

    def __init__(self, attached: credentials.Credentials, request: Request) -> None:
        self._attached: Any = attached  # Compute Engine credentials: the base class has no service_account_email
        self._request = request

    @property
    def signer_email(self) -> str:
        if self._attached.service_account_email == "default":  # known with the first token only
            self._attached.refresh(self._request)
        email: str = self._attached.service_account_email
        return email

    @property
    def signer(self) -> Signer:
        return iam.Signer(self._request, self._attached, self.signer_email)

    def sign_bytes(self, message: bytes) -> bytes:
        signed: bytes = self.signer.sign(message)
        return signed
