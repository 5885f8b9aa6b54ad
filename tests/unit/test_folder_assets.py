"""The paths of assets, for every store, and the files of the local one."""

from pathlib import Path

import pytest

from common.gateways.folder_assets import BadPath, FolderAssets, checked


@pytest.mark.parametrize("path", ["a", "r1/token/post.png", "A-1/b_2/c.d.txt"])
def test_a_path_of_plain_names_is_valid(path: str) -> None:
    assert checked(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "a/",
        "./a",
        "a/.hidden",
        "a\\b",
        "a b",
        "a?b",
        "ä",
        "a\n",
    ],
)
def test_any_other_path_is_invalid(path: str) -> None:
    with pytest.raises(BadPath):
        checked(path)


def test_an_invalid_path_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "assets"

    with pytest.raises(BadPath):
        FolderAssets(folder, "http://127.0.0.1", b"key").save("../x", "text/plain", b"x")

    assert list(tmp_path.rglob("*")) == []
