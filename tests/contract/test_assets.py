"""The stores of assets: the fake, the local folder with its server, and Cloud Storage over a fake of its HTTP.

The tests read an asset through its signed URL, because that is what a browser does.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from common.errors import Unavailable
from common.gateways.cloud_storage import CloudStorageAssets, IamSigning
from common.gateways.folder_assets import CHUNK_BYTES, BadPath, FolderAssets
from common.pipeline.export import Writer
from local.stack.parts import assets_part
from local.stack.ports import free_port
from local.stack.supervisor import Supervisor
from tests.cloud_storage import SIGNER, AttachedCredentials, CloudStorage, FakeIam
from tests.fakes import FakeAssets

KEY = "a key for tests"
PAGE = "http://127.0.0.1:5173"
PNG = b"\x89PNG\r\n\x1a\n..."


class AssetWriter(Protocol):
    def save(self, path: str, content_type: str, content: bytes) -> None: ...

    def create(self, path: str, content_type: str) -> AbstractContextManager[Writer]: ...

    def read(self, path: str) -> Iterator[bytes]: ...

    def count_under(self, prefix: str) -> int: ...

    def delete_under(self, prefix: str) -> None: ...


class Assets(AssetWriter, Protocol):
    def signed_url(self, path: str, *, expires_at: datetime) -> str: ...


@pytest.fixture(scope="module")
def folder_assets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FolderAssets]:
    folder, port = tmp_path_factory.mktemp("assets"), free_port()
    with Supervisor(tmp_path_factory.mktemp("logs")) as supervisor:
        supervisor.start([assets_part(port, folder=folder, key=KEY, origins=PAGE)])
        yield FolderAssets(folder, f"http://127.0.0.1:{port}", KEY.encode())


@pytest.fixture(scope="module")
def cloud_storage() -> Iterator[CloudStorage]:
    with CloudStorage(generate_private_key(65537, 2048)).running() as storage:
        yield storage


@pytest.fixture
def iam(cloud_storage: CloudStorage) -> FakeIam:
    return FakeIam(cloud_storage.key)


@pytest.fixture
def cloud_storage_assets(cloud_storage: CloudStorage, iam: FakeIam) -> CloudStorageAssets:
    cloud_storage.status_of_existing, cloud_storage.caller_can_read = 412, True
    client = Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": cloud_storage.url})
    return CloudStorageAssets(client, cloud_storage.bucket, IamSigning(AttachedCredentials(), iam))


@pytest.fixture(params=["folder_assets", "cloud_storage_assets"])
def assets(request: pytest.FixtureRequest) -> Assets:
    store: Assets = request.getfixturevalue(request.param)
    return store


@pytest.fixture
def fake_assets() -> FakeAssets:
    return FakeAssets()


@pytest.fixture(params=["fake_assets", "folder_assets", "cloud_storage_assets"])
def writer(request: pytest.FixtureRequest) -> AssetWriter:
    writer: AssetWriter = request.getfixturevalue(request.param)
    return writer


def path_of(name: str) -> str:
    return f"{uuid4().hex}/{uuid4().hex}/{name}"


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def fetch(assets: Assets, path: str, **headers: str) -> httpx.Response:
    return httpx.get(assets.signed_url(path, expires_at=soon()), headers=headers)


def read(writer: AssetWriter, path: str) -> tuple[str, bytes] | None:
    """Returns the content type and the content at a path, or None if nothing was saved there."""
    if isinstance(writer, FakeAssets):
        return writer.files.get(path)
    assert isinstance(writer, FolderAssets | CloudStorageAssets)
    answer = fetch(writer, path)
    return None if answer.status_code == 404 else (answer.headers["content-type"], answer.content)


@pytest.mark.parametrize("content", [PNG, b"", bytes(range(256)) * 300 + b"\r\n--\r\n"])
def test_an_asset_is_stored_with_its_type_and_every_byte(writer: AssetWriter, content: bytes) -> None:
    path = path_of("post.png")

    writer.save(path, "image/png", content)

    assert read(writer, path) == ("image/png", content)


def test_an_asset_is_never_overwritten(writer: AssetWriter) -> None:
    path = path_of("copy.txt")
    writer.save(path, "text/plain; charset=utf-8", b"first")

    writer.save(path, "text/html", b"second")

    assert read(writer, path) == ("text/plain; charset=utf-8", b"first")


CHUNKED = [b"", b"short", bytes(range(256)) * 4096, bytes(range(256)) * 10_000 + b"end"]


@pytest.mark.parametrize("content", CHUNKED, ids=len)
def test_a_file_that_is_written_in_parts_is_read_in_parts(writer: AssetWriter, content: bytes) -> None:
    path = path_of("export.zip")

    with writer.create(path, "application/zip") as file:
        for start in range(0, len(content), 300_000):
            file.write(content[start : start + 300_000])

    assert read(writer, path) == ("application/zip", content)
    assert b"".join(writer.read(path)) == content


def test_a_file_does_not_exist_before_it_is_complete_nor_if_its_writer_fails(writer: AssetWriter) -> None:
    path = path_of("export.zip")

    def fail() -> None:
        with writer.create(path, "application/zip") as file:
            file.write(bytes(3_000_000))
            assert writer.count_under(path.partition("/")[0]) == 0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert read(writer, path) is None
    assert writer.count_under(path.partition("/")[0]) == 0


def test_a_missing_file_cannot_be_read(writer: AssetWriter) -> None:
    with pytest.raises(FileNotFoundError):
        next(writer.read(path_of("post.png")))


def test_a_large_file_is_sent_to_cloud_storage_in_chunks_and_a_failed_one_leaves_no_upload(
    cloud_storage: CloudStorage, cloud_storage_assets: CloudStorageAssets
) -> None:
    uploads_of_other_tests = dict(cloud_storage.sessions)

    with cloud_storage_assets.create(path_of("export.zip"), "application/zip") as file:
        for _ in range(50):
            file.write(bytes(200_000))

    assert cloud_storage.largest_chunk == CHUNK_BYTES
    assert cloud_storage.sessions == uploads_of_other_tests


def test_a_refused_upload_of_a_large_file_is_unavailable(
    cloud_storage: CloudStorage, cloud_storage_assets: CloudStorageAssets
) -> None:
    cloud_storage.fail_next = [403]

    with pytest.raises(Unavailable), cloud_storage_assets.create(path_of("export.zip"), "application/zip") as file:
        file.write(bytes(3_000_000))


def test_every_file_below_a_folder_is_deleted_and_no_other(writer: AssetWriter) -> None:
    folder = uuid4().hex
    inside = [f"{folder}/{claim}/{name}" for claim in ("c1", "c2") for name in ("post.png", "copy.txt")]
    beside = [f"{folder}0/c1/post.png", f"{uuid4().hex}/{folder}/post.png"]
    for path in (*inside, *beside):
        writer.save(path, "image/png", PNG)
    assert writer.count_under(folder) == len(inside)

    writer.delete_under(folder)

    assert writer.count_under(folder) == 0
    assert [path for path in (*inside, *beside) if read(writer, path)] == beside


def test_a_folder_without_files_is_deleted_without_an_error(writer: AssetWriter) -> None:
    writer.delete_under(uuid4().hex)


@pytest.mark.parametrize("prefix", ["", "..", "a/..", "/", ".a"])
def test_no_other_path_than_a_folder_of_plain_names_can_be_deleted(writer: AssetWriter, prefix: str) -> None:
    with pytest.raises(BadPath):
        writer.delete_under(prefix)


def test_a_path_can_be_saved_again_after_it_was_deleted(writer: AssetWriter) -> None:
    path = path_of("post.png")
    writer.save(path, "image/png", PNG)
    writer.delete_under(path.partition("/")[0])

    writer.save(path, "text/plain", b"later")

    assert read(writer, path) == ("text/plain", b"later")


def test_a_path_without_an_asset_has_no_content(writer: AssetWriter) -> None:
    assert read(writer, path_of("post.png")) is None


def test_an_expired_url_serves_nothing(assets: Assets) -> None:
    path = path_of("post.png")
    assets.save(path, "image/png", PNG)

    answer = httpx.get(assets.signed_url(path, expires_at=datetime.now(UTC) - timedelta(seconds=1)))

    assert answer.is_client_error
    assert PNG not in answer.content


def test_the_signature_of_one_asset_is_not_valid_for_another(assets: Assets) -> None:
    own, foreign = path_of("post.png"), path_of("post.png")
    for path in (own, foreign):
        assets.save(path, "image/png", PNG)

    answer = httpx.get(assets.signed_url(own, expires_at=soon()).replace(own, foreign))

    assert answer.status_code == 403


def test_an_invalid_path_is_not_saved(writer: AssetWriter) -> None:
    with pytest.raises(BadPath):
        writer.save("../x", "text/plain", b"x")


def test_an_invalid_path_gets_no_url(assets: Assets) -> None:
    with pytest.raises(BadPath):
        assets.signed_url("../x", expires_at=soon())


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "image/svg+xml", "application/xhtml+xml", ""])
def test_a_file_that_could_run_scripts_is_a_download(assets: Assets, content_type: str) -> None:
    path = path_of("mail.html")
    assets.save(path, content_type, b"<script>alert(1)</script>")

    assert fetch(assets, path).headers["content-disposition"] == 'attachment; filename="mail.html"'


def test_an_image_is_shown_in_the_browser_and_cached(assets: Assets) -> None:
    path = path_of("post.png")
    assets.save(path, "image/png", PNG)

    headers = fetch(assets, path).headers

    assert headers["content-disposition"] == 'inline; filename="post.png"'
    assert headers["cache-control"] == "private, max-age=300, immutable"


@pytest.mark.parametrize("path", ["../secret", "..%2fsecret", "%2e%2e/secret", "a/%2e%2e/%2e%2e/secret", "", "a", "a/"])
def test_the_local_server_serves_nothing_without_a_signature(folder_assets: FolderAssets, path: str) -> None:
    base = folder_assets.signed_url("a", expires_at=soon()).partition("/a?")[0]

    answer = httpx.get(f"{base}/{path}")

    assert (answer.status_code, answer.text) == (403, "This URL is not signed by the service.\n")


def test_the_signature_of_the_local_server_covers_the_expiry(folder_assets: FolderAssets) -> None:
    url = folder_assets.signed_url("a", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    later = httpx.URL(url).copy_set_param("expires", int(soon().timestamp()))

    assert httpx.get(url).text == "This URL has expired. Request a new one.\n"
    assert httpx.get(later).text == "This URL is not signed by the service.\n"


def test_the_local_server_disables_content_sniffing(folder_assets: FolderAssets) -> None:
    path = path_of("mail.html")
    folder_assets.save(path, "text/html", b"<script>alert(1)</script>")

    assert fetch(folder_assets, path).headers["x-content-type-options"] == "nosniff"


def test_the_local_server_allows_cross_origin_reads_by_the_page_only(folder_assets: FolderAssets) -> None:
    path = path_of("post.png")
    folder_assets.save(path, "image/png", PNG)

    own, foreign = fetch(folder_assets, path, Origin=PAGE), fetch(folder_assets, path, Origin="http://evil.example")

    assert own.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-origin" not in foreign.headers
    assert own.headers["vary"] == foreign.headers["vary"] == "Origin"


def test_an_upload_has_the_precondition_that_the_object_does_not_exist(
    cloud_storage: CloudStorage, cloud_storage_assets: CloudStorageAssets
) -> None:
    cloud_storage.preconditions.clear()

    cloud_storage_assets.save(path_of("post.png"), "image/png", PNG)

    assert cloud_storage.preconditions == ["0"]


def test_an_upload_whose_answer_was_lost_is_repeated(
    cloud_storage: CloudStorage, cloud_storage_assets: CloudStorageAssets
) -> None:
    path = path_of("post.png")
    cloud_storage.fail_next = [503, 0]

    cloud_storage_assets.save(path, "image/png", PNG)

    assert fetch(cloud_storage_assets, path).content == PNG


def test_an_existing_asset_counts_as_saved_although_overwriting_it_is_forbidden(
    cloud_storage: CloudStorage, cloud_storage_assets: CloudStorageAssets
) -> None:
    path, cloud_storage.status_of_existing = path_of("post.png"), 403
    cloud_storage.fail_next = [0]  # the answer of the upload is lost, and its repeat is refused

    cloud_storage_assets.save(path, "image/png", PNG)
    cloud_storage_assets.save(path, "image/png", b"other")

    assert fetch(cloud_storage_assets, path).content == PNG


def test_a_forbidden_upload_is_unavailable_if_the_asset_cannot_be_read(
    cloud_storage: CloudStorage, cloud_storage_assets: CloudStorageAssets
) -> None:
    path = path_of("post.png")
    cloud_storage_assets.save(path, "image/png", PNG)
    cloud_storage.status_of_existing, cloud_storage.caller_can_read = 403, False

    with pytest.raises(Unavailable, match=r"^Cloud Storage did not store the asset: Forbidden$"):
        cloud_storage_assets.save(path, "image/png", PNG)


def test_a_refused_upload_is_unavailable_without_the_text_of_cloud_storage(
    cloud_storage: CloudStorage, cloud_storage_assets: CloudStorageAssets
) -> None:
    cloud_storage.fail_next = [403]

    with pytest.raises(Unavailable, match=r"^Cloud Storage did not store the asset: Forbidden$"):
        cloud_storage_assets.save(path_of("post.png"), "image/png", PNG)


def test_iam_signs_the_url_as_the_service_account_of_the_credentials(
    iam: FakeIam, cloud_storage_assets: CloudStorageAssets
) -> None:
    url = httpx.URL(cloud_storage_assets.signed_url("a/b.png", expires_at=soon()))

    assert iam.calls == [
        ("POST", f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{SIGNER}:signBlob")
    ]
    assert url.params["X-Goog-Credential"].startswith(f"{SIGNER}/")
    assert 290 <= int(url.params["X-Goog-Expires"]) <= 300


def test_a_url_cannot_be_signed_without_the_permission(iam: FakeIam, cloud_storage: CloudStorage) -> None:
    client = Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": cloud_storage.url})
    other = AttachedCredentials("other@practice-assets.iam.gserviceaccount.com")

    with pytest.raises(Unavailable, match="could not be signed"):
        CloudStorageAssets(client, cloud_storage.bucket, IamSigning(other, iam)).signed_url("a", expires_at=soon())


def test_the_signature_of_a_url_covers_its_expiry(cloud_storage_assets: CloudStorageAssets) -> None:
    path = path_of("post.png")
    cloud_storage_assets.save(path, "image/png", PNG)
    url = httpx.URL(cloud_storage_assets.signed_url(path, expires_at=soon()))

    assert httpx.get(url).status_code == 200
    assert httpx.get(url.copy_set_param("X-Goog-Expires", "3600")).status_code == 403
    assert httpx.get(url.copy_with(query=None)).status_code == 403
