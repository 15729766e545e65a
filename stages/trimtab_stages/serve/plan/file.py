"""Reading the mounted plan; Kubernetes swaps a symlink, so no reader sees half a plan."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.serving_plan import ServingPlan


class PlanUnreadableError(Exception):
    """The plan's file cannot be followed; the message says why and what to do."""


@dataclass(slots=True)
class PlanFile:
    """A plan's file and what was last read of it.

    Attributes:
        path: the file.
    """

    path: Path
    _last: bytes | None = None

    def read_if_changed(self) -> ServingPlan | None:
        """Return the plan when the file's bytes differ from the last call's, else None.

        Raises:
            PlanUnreadableError: the file is missing or no plan; raised once per content.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            data = f"{error.strerror}".encode()
            if data == self._last:
                return None
            self._last = data
            raise PlanUnreadableError(
                f"the serving plan cannot be read: {error.strerror}; check the mounted ConfigMap"
            ) from None
        if data == self._last:
            return None
        self._last = data
        return parse_plan(data)


def parse_plan(data: bytes) -> ServingPlan:
    """Return the plan in a file's bytes.

    Raises:
        PlanUnreadableError: another format, or a newer one.
    """
    try:
        return ServingPlan.model_validate(ServingPlan.from_bytes(data))
    except NewerSchemaError as error:
        raise PlanUnreadableError(str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise PlanUnreadableError(
            f"the serving plan is invalid at `{where}`: {first['msg']}; "
            "the operator and the server must be of the same release"
        ) from None
    except ValueError:
        raise PlanUnreadableError(
            "the serving plan is not JSON; check the mounted ConfigMap"
        ) from None
