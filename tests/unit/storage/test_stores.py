from pathlib import Path

import pytest
from pydantic import ValidationError

from trimtab_operator.settings import Storage
from trimtab_operator.storage.stores import Stores
from trimtab_stages.store import BucketMissing


@pytest.mark.parametrize(
    ("settings", "location"),
    [
        pytest.param({}, "s3://trimtab-team/ at AWS S3 (us-east-1)", id="template"),
        pytest.param({"buckets": {"team": "own"}}, "s3://own/ at AWS S3 (us-east-1)", id="named"),
        pytest.param(
            {"endpoint": "http://127.0.0.1:9", "prefix": "t/{namespace}"},
            "s3://trimtab-team/t/team at http://127.0.0.1:9",
            id="endpoint and prefix",
        ),
    ],
)
def test_the_store_of_a_namespace(settings: dict[str, object], location: str) -> None:
    assert Stores(Storage.model_validate(settings)).of_namespace("team").location == location


def test_stores_stay_open(tmp_path: Path) -> None:
    (tmp_path / "trimtab-a").mkdir()
    stores = Stores(Storage(path=tmp_path))
    assert stores.of_namespace("a") is stores.of_namespace("a")


def test_new_credentials_are_read_when_a_store_is_opened_anew(tmp_path: Path) -> None:
    stores = Stores(Storage(credentials_dir=tmp_path))
    before, tenant = stores.of_audit(), stores.of_namespace("a")
    (tmp_path / "accessKeyId").write_text("new\n")
    (tmp_path / "secretAccessKey").write_text("new\n")
    stores.forget_audit()
    stores.forget("a")
    assert stores.of_audit() is not before
    assert stores.of_namespace("a") is not tenant


@pytest.mark.parametrize("settings", [{}, {"prefix": "t/{namespace}", "bucket_template": "one"}])
def test_one_store_that_is_opened_anew_leaves_the_others_open(settings: dict[str, str]) -> None:
    stores = Stores(Storage.model_validate({"endpoint": "http://127.0.0.1:9"} | settings))
    audit, other = stores.of_audit(), stores.of_namespace("b")
    stores.of_namespace("a")
    stores.forget("a")
    assert stores.of_audit() is audit
    assert stores.of_namespace("b") is other


def test_a_missing_directory_is_a_missing_bucket(tmp_path: Path) -> None:
    with pytest.raises(BucketMissing):
        Stores(Storage(path=tmp_path)).of_audit()


@pytest.mark.parametrize("template", ["{name}", "{", "{0}"])
def test_templates_may_only_hold_the_namespace(template: str) -> None:
    with pytest.raises(ValidationError, match="bucketTemplate"):
        Storage(bucket_template=template)
