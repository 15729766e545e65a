"""Which version answers a request: an immutable table, replaced as a whole by a pointer swap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab_stages.contract.decision_record import digest_prefix, hash_id
from trimtab_stages.contract.serving_plan import ServingPlan
from trimtab_stages.serve.errors import NotFoundError, NotReadyError
from trimtab_stages.serve.plan.version import ServedVersion

HUNDRED = 100
_HASH_RANGE = 1 << 32


@dataclass(frozen=True, slots=True)
class Share:
    """A version and the end of its part of 0..100.

    Attributes:
        below: requests whose place is below this, and not in an earlier share, go to `version`.
        version: the version.
    """

    below: int
    version: ServedVersion


class Routing:
    """One plan's loaded versions.

    Attributes:
        plan: the plan.
        revision: its revision.
        revision_prefix: first 8 bytes of the revision, for decision records.
        versions: loaded versions, champion first; at least one of them is no shadow.
        shadows: versions that score after the reply.
        only: the version that answers everything, None where several share.
        former: a former champion that stands by for what the others fail, None where none does.
    """

    def __init__(self, plan: ServingPlan, versions: Sequence[ServedVersion]) -> None:
        self.plan = plan
        self.revision = plan.revision
        self.revision_prefix = digest_prefix(self.revision)
        self.versions = tuple(versions)
        self.shadows = tuple(version for version in versions if version.plan.shadow)
        self._shares = shares_of(plan, versions)
        self.former = next(
            (one for one in versions if one.plan.stands_by and one is not self.champion), None
        )
        self.only = self._shares[0].version if len(self._shares) == 1 else None
        self._by_name: Mapping[str, ServedVersion] = {
            name: version for version in versions for name in (version.name, version.plan.digest)
        }

    @property
    def champion(self) -> ServedVersion:
        """The first loaded version of the plan that is no shadow."""
        return next(version for version in self.versions if not version.plan.shadow)

    def served(self, digest: str) -> ServedVersion | None:
        """Return the loaded version with this digest, None where there is none."""
        return self._by_name.get(digest)

    def choose(self, inference_id: str) -> ServedVersion:
        """Return the version for an inference id; the same id always gets the same one."""
        if self.only is not None:
            return self.only
        place = place_of(hash_id(inference_id))
        for share in self._shares:
            if place < share.below:
                return share.version
        return self.champion

    def version(self, name: str) -> ServedVersion:
        """Return the version of this name.

        Raises:
            NotFoundError: the plan has no such version.
            NotReadyError: it is not loaded.
        """
        found = self._by_name.get(name)
        if found is not None:
            return found
        if any(name in {planned.digest, planned.digest[7:23]} for planned in self.plan.versions):
            raise NotReadyError("this version is not loaded; see the model's conditions")
        raise NotFoundError("no such version; the model's metadata lists them")


def place_of(id_hash: bytes) -> float:
    """Return a place in 0..100 made of the first 4 bytes of an id's hash."""
    return int.from_bytes(id_hash[:4], "little") * HUNDRED / _HASH_RANGE


def shares_of(plan: ServingPlan, versions: Sequence[ServedVersion]) -> tuple[Share, ...]:
    """Return the shares of the loaded versions; the first one that answers gets those of others."""
    loaded = {version.plan.digest: version for version in versions}
    weights = {version.digest: version.weight for version in plan.versions if version.weight}
    champion = next(
        version.digest
        for version in plan.versions
        if version.digest in loaded and not version.shadow
    )
    lost = sum(weight for digest, weight in weights.items() if digest not in loaded)
    if lost:
        weights[champion] = weights.get(champion, 0) + lost
    shares: list[Share] = []
    below = 0
    for digest, weight in weights.items():
        if digest in loaded:
            below += weight
            shares.append(Share(below, loaded[digest]))
    return tuple(shares)
