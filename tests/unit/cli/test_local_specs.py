"""What local child processes are told: the same inputs give the same names."""

from pathlib import Path

import pytest

from support.contract_samples import DATA, MODEL, OTHER, artifact
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import Champion
from trimtab_operator.cli.checks import validate
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.local.source import Imported, import_source
from trimtab_operator.cli.local.specs import Cause, build_ingest_spec, build_local_run
from trimtab_operator.cli.local.walk import LocalDataset, datasets_first
from trimtab_operator.cli.local.workspace import code_version, open_workspace
from trimtab_stages.contract.run import TriggerType
from trimtab_stages.store import LocalStore

EXAMPLES = Path(__file__).parents[3] / "charts" / "trimtab" / "examples" / "bikes"
SOURCE = Imported("raw/1234/bikes.csv", DATA)
CAUSE = Cause(DATA, artifact("manifest.json"), None, None, "code-1")
CHAMPION = Champion(digest=MODEL, file=artifact("model", MODEL))


@pytest.fixture(scope="module")
def objects() -> tuple[Dataset, Pipeline]:
    found = {type(item): item for item in validate([EXAMPLES]).objects()}
    dataset, pipeline = found[Dataset], found[Pipeline]
    assert isinstance(dataset, Dataset)
    assert isinstance(pipeline, Pipeline)
    return dataset, pipeline


def test_ingest_reads_the_imported_file(objects: tuple[Dataset, Pipeline]) -> None:
    spec = build_ingest_spec(objects[0], SOURCE, "code-1")
    assert spec.source.uri == SOURCE.uri
    assert spec.rules == objects[0].spec.rules()
    assert spec == build_ingest_spec(objects[0], SOURCE, "code-1")


@pytest.mark.parametrize(
    ("source", "code"),
    [(Imported(SOURCE.uri, OTHER), "code-1"), (SOURCE, "code-2")],
    ids=["content", "code"],
)
def test_another_ingest_has_another_id(
    objects: tuple[Dataset, Pipeline], source: Imported, code: str
) -> None:
    one, two = (
        build_ingest_spec(objects[0], *told) for told in ((SOURCE, "code-1"), (source, code))
    )
    assert one.id != two.id


def test_run_is_told_everything(objects: tuple[Dataset, Pipeline]) -> None:
    spec = build_local_run(objects[1], CAUSE)
    assert spec.trigger is TriggerType.REQUEST
    assert spec.recipe == objects[1].spec.recipe()
    assert (spec.snapshot, spec.manifest) == (DATA, CAUSE.manifest)
    assert spec.run.startswith("bikes-")
    assert spec == build_local_run(objects[1], CAUSE)


@pytest.mark.parametrize(
    "cause",
    [
        Cause(OTHER, CAUSE.manifest, None, None, "code-1"),
        Cause(DATA, CAUSE.manifest, CHAMPION, None, "code-1"),
        Cause(DATA, CAUSE.manifest, None, 8, "code-1"),
        Cause(DATA, CAUSE.manifest, None, None, "code-2"),
    ],
    ids=["snapshot", "champion", "seed", "code"],
)
def test_another_cause_has_another_name(objects: tuple[Dataset, Pipeline], cause: Cause) -> None:
    assert build_local_run(objects[1], cause).run != build_local_run(objects[1], CAUSE).run


def test_seed_takes_the_recipes_place(objects: tuple[Dataset, Pipeline]) -> None:
    cause = Cause(DATA, CAUSE.manifest, None, 99, "code-1")
    assert build_local_run(objects[1], cause).recipe.training.seed == 99


def test_pipelines_go_with_their_dataset(objects: tuple[Dataset, Pipeline]) -> None:
    dataset, pipeline = objects
    local = LocalDataset(dataset, EXAMPLES)
    assert datasets_first([local], [pipeline]) == [(local, [pipeline])]
    with pytest.raises(Refusal, match="Dataset 'bikes' is not among these manifests"):
        datasets_first([], [pipeline])


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    (tmp_path / "store").mkdir()
    return LocalStore(tmp_path / "store")


def test_files_are_imported_by_content(store: LocalStore, tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("a\n1\n")
    first = import_source(store, tmp_path, "rows.csv")
    assert store.get(first.uri) == b"a\n1\n"
    assert import_source(store, tmp_path, "rows.csv") == first
    source.write_text("a\n2\n")
    second = import_source(store, tmp_path, "rows.csv")
    assert second.uri != first.uri
    assert second.content != first.content
    assert store.get(first.uri) == b"a\n1\n"


def test_folders_are_imported_whole(store: LocalStore, tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "a.csv").write_text("1")
    (folder / "b.csv").write_text("2")
    found = import_source(store, tmp_path, "rows/")
    assert found.uri.endswith("/")
    assert [store.get(entry.key) for entry in store.list(found.uri)] == [b"1", b"2"]
    (folder / "b.csv").write_text("3")
    assert import_source(store, tmp_path, "rows/").content != found.content


def test_keys_of_the_store_are_used_in_place(store: LocalStore, tmp_path: Path) -> None:
    store.put_if_absent("raw/there.csv", b"x")
    store.put_if_absent("raw/there.csv.old", b"y")
    assert import_source(store, tmp_path, "raw/there.csv").uri == "raw/there.csv"
    with pytest.raises(Refusal, match="neither a file in"):
        import_source(store, tmp_path, "raw/ther")


def test_empty_folders_are_refused(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    with pytest.raises(Refusal, match="holds no file"):
        import_source(store, tmp_path, "rows")


def test_workspace_is_a_store_of_files(tmp_path: Path) -> None:
    space = open_workspace(tmp_path / "work", None)
    space.open_store().put_if_absent("raw/x", b"1")
    assert (tmp_path / "work" / "store" / "raw" / "x").read_bytes() == b"1"
    assert open_workspace(tmp_path / "work", None) == space


def test_another_storage_directory_is_used(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "path").write_text(str(tmp_path / "bucket"))
    space = open_workspace(tmp_path / "work", tmp_path / "storage")
    assert space.open_store().location == str(tmp_path / "bucket")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="name another --workdir"):
        open_workspace(tmp_path / "file", None)


def test_code_version_names_release_and_files() -> None:
    release, _, digest = code_version().partition("+")
    assert release
    assert len(digest) == 12
    assert code_version() == f"{release}+{digest}"
