"""Runs that a Model's decisions need: their commits say how to serve what they made."""

from trimtab_operator.api.model import Model, Version
from trimtab_operator.domain.rollback import previous_version, read_wish


def kept_runs(model: Model) -> set[str]:
    """Return the runs of the champion, of its challenger and of what a rollback goes back to."""
    status = model.status
    return _runs_of(
        status.champion, status.challenger, *status.history[:1], previous_version(model)
    )


def needed_runs(model: Model) -> set[str]:
    """Return the runs whose commits a decision may need now."""
    wish = read_wish(model)
    return kept_runs(model) | (_runs_of(wish.target) if wish is not None else set())


def _runs_of(*versions: Version | None) -> set[str]:
    return {one.run for one in versions if one is not None and one.run is not None}
