from pathlib import Path

import pytest

from trimtab_stages.store import (
    BucketMissing,
    InvalidStorageSettings,
    LocalStore,
    S3Settings,
    S3Store,
    open_store,
    read_settings,
)

Files = dict[str, str]


def write(directory: Path, files: Files) -> Path:
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"bucket": "data"}, S3Settings("data"), id="bucket-alone-means-aws"),
        pytest.param(
            {
                "endpoint": "http://s3:7070\n",
                "bucket": "data\n",
                "prefix": "/team/a/\n",
                "region": "eu-west-1",
                "accessKeyId": "id",
                "secretAccessKey": "secret\n",
            },
            S3Settings("data", "http://s3:7070", "team/a", "eu-west-1", "id", "secret"),
            id="trailing-newlines-and-slashes-do-not-count",
        ),
        pytest.param({"bucket": "data", "prefix": ""}, S3Settings("data"), id="empty-prefix"),
    ],
)
def test_reads_s3_settings(files: Files, expected: S3Settings, tmp_path: Path) -> None:
    assert read_settings(write(tmp_path, files)).s3 == expected


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        pytest.param({}, "exactly one of", id="empty-directory"),
        pytest.param({"bucket": "b", "path": "/x"}, "exactly one of", id="both-kinds"),
        pytest.param({"bucket": "b", "accessKeyId": "id"}, "belong together", id="half-a-key"),
        pytest.param({"bucket": "b", "endpoint": "s3:80"}, "http://", id="endpoint-without-scheme"),
        pytest.param({"bucket": "b", "prefix": "a/../b"}, "`prefix`", id="prefix-climbs"),
    ],
)
def test_refuses_incomplete_settings(files: Files, cause: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidStorageSettings, match=cause):
        read_settings(write(tmp_path, files))


def test_ca_bundle_is_passed_on_as_a_file(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, {"bucket": "b", "caBundle": "PEM"})).s3
    assert settings is not None
    assert settings.ca_bundle == tmp_path / "caBundle"


def test_secret_is_not_in_the_text_form() -> None:
    assert "hush" not in repr(S3Settings("b", access_key_id="id", secret_access_key="hush"))  # noqa: S106 - a test's secret


def test_opens_a_local_store(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "path").write_text(f"{root}\n")
    assert isinstance(open_store(tmp_path), LocalStore)


def test_local_store_of_a_missing_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "path").write_text(str(tmp_path / "nowhere"))
    with pytest.raises(BucketMissing):
        open_store(tmp_path)


def test_opens_an_s3_store(tmp_path: Path) -> None:
    files = {"bucket": "b", "endpoint": "http://127.0.0.1:1", "prefix": "p"}
    store = open_store(write(tmp_path, files | {"accessKeyId": "i", "secretAccessKey": "s"}))
    assert isinstance(store, S3Store)
    assert store.uri("k") == "s3://b/p/k"
