"""A fake of Cloud Storage over HTTP: uploads of the JSON API and signed URLs of the XML API, as they are documented.

The emulators on PyPI check neither preconditions nor signatures, and the gateway relies on both. Sources:
"Objects: insert", "Objects: get", "Objects: list", "Objects: delete", "Multipart uploads", "Resumable uploads", "V4
signing process with your own program", "Canonical requests", and "HTTP status and error codes for XML".
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import google_crc32c
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask, Request, Response, request
from google.auth.credentials import AnonymousCredentials
from google.auth.transport import Request as Transport

from tests.serving import served

SIGNER = "api-function@practice-assets.iam.gserviceaccount.com"
MAX_VALIDITY = timedelta(days=7)
_STORED = ("contentType", "cacheControl", "contentDisposition")


@dataclass
class Object:
    metadata: Mapping[str, str]
    content: bytes


@dataclass
class CloudStorage:
    """One bucket. `key` is the private key of SIGNER, which Google keeps."""

    key: RSAPrivateKey
    bucket: str = "practice-assets-assets"
    url: str = ""
    objects: dict[str, Object] = field(default_factory=dict)
    fail_next: list[int] = field(default_factory=list)
    """HTTP statuses of the next uploads. 0 stores the object and loses the answer."""
    preconditions: list[str | None] = field(default_factory=list)
    status_of_existing: int = 412
    """403 if Cloud Storage checks storage.objects.delete before the precondition; the order is not documented."""
    sessions: dict[str, Object] = field(default_factory=dict)
    """Resumable uploads that have begun and not ended."""
    largest_chunk: int = 0
    page_size: int = 3
    caller_can_read: bool = True
    """Whether the caller has the permission storage.objects.get."""

    @contextmanager
    def running(self) -> Iterator["CloudStorage"]:
        app = Flask(__name__)
        app.add_url_rule("/upload/storage/v1/b/<bucket>/o", view_func=self._upload, methods=["POST"])
        app.add_url_rule("/storage/v1/b/<bucket>/o/<path:path>", view_func=self._get_metadata)
        app.add_url_rule("/storage/v1/b/<bucket>/o/<path:path>", view_func=self._delete, methods=["DELETE"])
        app.add_url_rule("/storage/v1/b/<bucket>/o", view_func=self._list)
        app.add_url_rule("/upload/storage/v1/b/<bucket>/o", view_func=self._continue_upload, methods=["PUT", "DELETE"])
        app.add_url_rule("/download/storage/v1/b/<bucket>/o/<path:path>", view_func=self._download_range)
        app.add_url_rule("/<bucket>/<path:path>", view_func=self._download)
        with served(app) as self.url:
            yield self

    def _upload(self, bucket: str) -> Response:  # noqa: PLR0911 (an answer for each fault)
        self.preconditions.append(request.args.get("ifGenerationMatch"))
        fault = self.fail_next.pop(0) if self.fail_next else None
        if fault:
            return _error(fault, "backendError")
        if bucket != self.bucket:
            return _error(404, "notFound")
        if request.args.get("uploadType") == "resumable":
            return self._begin_upload()
        if request.args.get("uploadType") != "multipart":
            return _error(501, "this fake supports only multipart and resumable uploads")
        metadata, content_type, content = _related(request)
        if metadata.get("crc32c") not in {None, _crc32c(content)}:
            return _error(400, "invalid")
        name = metadata["name"]
        if request.args.get("ifGenerationMatch") == "0" and name in self.objects:
            return _error(self.status_of_existing, "conditionNotMet")
        metadata = {"contentType": content_type, **metadata}
        self.objects[name] = Object({each: metadata[each] for each in _STORED if each in metadata}, content)
        if fault == 0:
            return _error(503, "backendError")
        answer = {**metadata, "kind": "storage#object", "bucket": bucket, "generation": "1", "crc32c": _crc32c(content)}
        return Response(json.dumps(answer), content_type="application/json")

    def _begin_upload(self) -> Response:
        """Answers with the URI of a session."""
        metadata = {"contentType": request.headers["X-Upload-Content-Type"], **json.loads(request.get_data())}
        if request.args.get("ifGenerationMatch") == "0" and metadata["name"] in self.objects:
            return _error(self.status_of_existing, "conditionNotMet")
        session = str(len(self.sessions))
        self.sessions[session] = Object(metadata, b"")
        return Response("{}", headers={"Location": f"{request.base_url}?uploadType=resumable&upload_id={session}"})

    def _continue_upload(self, bucket: str) -> Response:
        """Appends a chunk: `bytes 0-9/*`, or `bytes 10-14/15` for the last one. 308 asks for more."""
        session = request.args["upload_id"]
        if bucket != self.bucket or session not in self.sessions:
            return _error(404, "notFound")
        if request.method == "DELETE":
            del self.sessions[session]
            return Response(status=499)
        upload, [span, total] = (
            self.sessions[session],
            request.headers["Content-Range"].removeprefix("bytes ").split("/"),
        )
        if span != "*" and int(span.partition("-")[0]) != len(upload.content):
            return _error(400, "invalid")
        upload.content += request.get_data()
        self.largest_chunk = max(self.largest_chunk, len(request.get_data()))
        if total == "*":
            return Response(status=308, headers={"Range": f"bytes=0-{len(upload.content) - 1}"})
        name = upload.metadata["name"]
        if int(total) != len(upload.content):
            return _error(400, "invalid")
        stored = {each: upload.metadata[each] for each in _STORED if each in upload.metadata}
        self.objects[name] = Object(stored, self.sessions.pop(session).content)
        answer = {"name": name, "size": total, "crc32c": _crc32c(upload.content)}
        return Response(json.dumps(answer), content_type="application/json")

    def _download_range(self, bucket: str, path: str) -> Response:
        stored = self.objects.get(path) if bucket == self.bucket else None
        if stored is None:
            return _error(404, "notFound")
        first, _, last = request.headers["Range"].removeprefix("bytes=").partition("-")
        if int(first) >= len(stored.content):
            return _error(416, "requestedRangeNotSatisfiable")
        content = stored.content[int(first) : int(last) + 1]
        span = f"bytes {first}-{int(first) + len(content) - 1}/{len(stored.content)}"
        return Response(content, 206, headers={"Content-Range": span})

    def _get_metadata(self, bucket: str, path: str) -> Response:
        if not self.caller_can_read:
            return _error(403, "forbidden")
        if bucket != self.bucket or path not in self.objects:
            return _error(404, "notFound")
        return Response(json.dumps({"name": path}), content_type="application/json")

    def _delete(self, bucket: str, path: str) -> Response:
        if bucket != self.bucket or self.objects.pop(path, None) is None:
            return _error(404, "notFound")
        return Response(status=204)

    def _list(self, bucket: str) -> Response:
        """Answers with at most `page_size` names: an answer of Cloud Storage can have fewer than all."""
        if bucket != self.bucket:
            return _error(404, "notFound")
        after, prefix = request.args.get("pageToken", ""), request.args.get("prefix", "")
        names = sorted(name for name in self.objects if name.startswith(prefix) and name > after)
        page = names[: self.page_size]
        answer: dict[str, Any] = {"items": [{"name": name} for name in page]} if page else {}
        if len(names) > len(page):
            answer["nextPageToken"] = page[-1]
        return Response(json.dumps(answer), content_type="application/json")

    def _download(self, bucket: str, path: str) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        stored = self.objects.get(path) if bucket == self.bucket else None
        if stored is None:
            return Response("<Code>NoSuchKey</Code>", 404, content_type="application/xml")
        headers = {
            "Content-Type": stored.metadata.get("contentType", "application/octet-stream"),
            "Cache-Control": stored.metadata.get("cacheControl", "private, max-age=0"),
            "Content-Disposition": stored.metadata.get("contentDisposition", ""),
        }
        return Response(stored.content, headers=headers)

    def _refusal(self, call: Request) -> Response | None:
        """The answer to a URL with a wrong signature, None for a valid one."""
        query = call.args
        if query.get("X-Goog-Algorithm") != "GOOG4-RSA-SHA256":
            return Response("<Code>AccessDenied</Code>", 403)
        signer, _, scope = query["X-Goog-Credential"].partition("/")
        date = query["X-Goog-Date"]
        begin, valid = (
            datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
            timedelta(seconds=int(query["X-Goog-Expires"])),
        )
        if not timedelta(0) < valid <= MAX_VALIDITY or datetime.now(UTC) >= begin + valid:
            return Response("<Code>ExpiredToken</Code>", 400)
        canonical = canonical_request(call.path, query.to_dict(), {"host": call.headers["Host"]})
        to_sign = f"GOOG4-RSA-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = bytes.fromhex(query["X-Goog-Signature"])
        try:
            self.key.public_key().verify(signature, to_sign.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return Response("<Code>SignatureDoesNotMatch</Code>", 403)
        expected = f"{date[:8]}/auto/storage/goog4_request"
        return None if (signer, scope) == (SIGNER, expected) else Response("<Code>AccessDenied</Code>", 403)


def canonical_request(path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """The canonical request of a GET with an unsigned payload ("Canonical requests")."""
    parameters = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in query.items())
    return "\n".join(
        [
            "GET",
            quote(path, safe="/~"),
            "&".join(f"{name}={value}" for name, value in parameters if name != "X-Goog-Signature"),
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            "",
            ";".join(sorted(headers)),
            "UNSIGNED-PAYLOAD",
        ]
    )


@dataclass
class TransportResponse:
    """A response of google-auth's transport."""

    status: int
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class FakeIam(Transport):
    """signBlob of IAM Credentials, as a transport of google-auth: signs with the private key of SIGNER."""

    key: RSAPrivateKey
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __call__(
        self,
        url: Any,
        method: Any = "GET",
        body: Any = None,
        headers: Any = None,  # noqa: ARG002 (google-auth passes it)
        timeout: Any = None,  # noqa: ARG002 (and this)
        **_: Any,
    ) -> TransportResponse:
        self.calls.append((method, url))
        if not url.endswith(f"/serviceAccounts/{SIGNER}:signBlob") or body is None:
            return TransportResponse(403, b'{"error": {"status": "PERMISSION_DENIED"}}')
        signed = self.key.sign(base64.b64decode(json.loads(body)["payload"]), PKCS1v15(), SHA256())
        return TransportResponse(
            200, json.dumps({"keyId": "1", "signedBlob": base64.b64encode(signed).decode()}).encode()
        )


class AttachedCredentials(AnonymousCredentials):
    """Credentials of the metadata server: the email of the service account is known after the first refresh."""

    def __init__(self, service_account_email: str = "default") -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth carries no types
        self.service_account_email = service_account_email

    def refresh(self, request: object) -> None:  # noqa: ARG002 (google-auth passes it)
        self.service_account_email = SIGNER


def _related(call: Request) -> tuple[dict[str, str], str, bytes]:
    """The metadata, media type and content of a multipart/related upload."""
    boundary = call.mimetype_params["boundary"].encode()
    first, second = call.get_data().split(b"--" + boundary)[1:3]
    metadata = json.loads(first.partition(b"\r\n\r\n")[2])
    head, _, content = second.partition(b"\r\n\r\n")
    content_type = head.decode().partition(":")[2].strip()
    return metadata, content_type, content.removesuffix(b"\r\n")


def _crc32c(content: bytes) -> str:
    return base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


def _error(status: int, reason: str) -> Response:
    body = {"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}
    return Response(json.dumps(body), status, content_type="application/json")
