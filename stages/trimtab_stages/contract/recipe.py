"""The training recipe: levers, model, training, decision. Gates are in `gates`."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from trimtab_stages.contract.base import ColumnName, DecimalString, ObjectName, StrictModel
from trimtab_stages.contract.gates import Gate, Metric, default_gates


class LeverOp(StrEnum):
    """A preprocessing step. Each reports the information that it loses."""

    SCALE = "Scale"
    """Subtract the training mean, divide by the training standard deviation."""
    CLIP = "Clip"
    """Limit values to two quantiles of the training split."""
    SELECT = "Select"
    """Keep only the named features."""
    PROJECT = "Project"
    """Project the numeric features on their first principal components."""


class Lever(StrictModel):
    """One preprocessing step, fitted on the training split alone, executed inside the graph."""

    name: ObjectName
    """Name of the lever; shown with its measured loss and cost."""
    op: LeverOp
    """Scale, Clip, Select or Project."""
    columns: Annotated[list[ColumnName], Field(max_length=512)] | None = None
    """Features that the lever acts on. Default: all numeric features."""
    quantile: DecimalString | None = None
    """For Clip: the lower quantile; the upper is its mirror. For example "0.001". Default: none."""
    components: Annotated[int, Field(ge=1, le=512)] | None = None
    """For Project: number of components. Default: none."""
    max_information_loss: DecimalString | None = None
    """Largest tolerated information loss, 0..1: the share of the inputs' standardised variance
    that no linear map recovers from the output. Above it the gate `levers` fails. Default: not
    limited, still measured."""

    @model_validator(mode="after")
    def _fields_fit_the_op(self) -> Self:
        wanted = {
            LeverOp.CLIP: "quantile",
            LeverOp.PROJECT: "components",
            LeverOp.SELECT: "columns",
        }
        for op, name in wanted.items():
            given = getattr(self, name) is not None
            if op is self.op and not given:
                raise ValueError(f"lever `{self.name}`: op {op} needs `{name}`")
            if op is not self.op and given and name != "columns":
                raise ValueError(f"lever `{self.name}`: `{name}` belongs to op {op}, not {self.op}")
        return self


class ModelFamily(StrEnum):
    """Architecture family."""

    MLP = "MLP"
    """Fully connected layers on a row of features."""


class Architecture(StrictModel):
    """The network. Inputs and outputs follow from the data."""

    family: ModelFamily = ModelFamily.MLP
    """Architecture family: MLP."""
    hidden: Annotated[
        list[Annotated[int, Field(ge=1, le=8192)]], Field(min_length=1, max_length=16)
    ] = [64, 32]
    """Widths of the hidden layers. Default: 64, 32."""
    dropout: DecimalString = Field(default="0", validate_default=True)
    """Dropout probability after each hidden layer, 0..0.9. Default: 0."""


class EarlyStopping(StrictModel):
    """When training ends before its last epoch.

    What is watched is the validation loss after the best recalibration (temperature and bias), so
    that another base rate in the later validation rows, which the threshold takes care of, does
    not end the training early.
    """

    patience_epochs: Annotated[int, Field(ge=1, le=10_000)] = 8
    """Epochs without improvement of the recalibrated validation loss. Default: 8."""
    min_delta: DecimalString = Field(default="0.0001", validate_default=True)
    """Smallest change of that loss that counts as improvement, nats. Default: 0.0001."""


class Training(StrictModel):
    """Optimisation by AdamW. The best epoch's weights are kept."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 60
    """Largest number of epochs. Default: 60."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    """Rows per optimiser step. Default: 256."""
    learning_rate: Annotated[DecimalString, Field(gt=0, le=10)] = Field(
        default="0.003", validate_default=True
    )
    """AdamW step size. Default: 0.003."""
    weight_decay: Annotated[DecimalString, Field(ge=0, le=10)] = Field(
        default="0.01", validate_default=True
    )
    """AdamW weight decay. Default: 0.01."""
    weight_averaging: Annotated[DecimalString, Field(ge=0, lt=1)] = Field(
        default="0.998", validate_default=True
    )
    """Decay of the exponential moving average of the weights, per optimiser step; the averaged
    weights are validated, kept and served. 0 switches averaging off. Default: 0.998."""
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] = 7
    """Seed of every random generator. Default: 7."""
    early_stopping: EarlyStopping = Field(default_factory=EarlyStopping)
    """Early stopping on the validation loss. Default: patience 8 epochs."""
    refit_on_all: bool = False
    """Train once more from the start on train, validation and test rows together, for as many
    epochs as early stopping kept, and serve that. The gates judge the model before the refit, on
    rows that it has not seen; the served threshold flags the same share of the validation rows as
    the judged one. For data whose newest rows matter most. Default: false."""
    checkpoint_every_epochs: Annotated[int, Field(ge=1, le=1000)] = 1
    """Epochs between checkpoints; a killed run continues from the newest. Default: 1."""


class Decision(StrictModel):
    """How a score becomes a decision; the threshold is chosen on the validation split.

    Of all thresholds whose objective lies within one standard error (block bootstrap) of the best,
    the one nearest to 0.5 is taken: the validation rows cannot tell them apart, and an extreme
    threshold seldom holds in the next season.
    """

    objective: Metric = Metric.BALANCED_ACCURACY
    """Metric that the threshold maximises (minimises where smaller is better). Metrics that do not
    depend on a threshold give 0.5. Default: BalancedAccuracy."""
    min_recall: DecimalString | None = None
    """Smallest recall that the threshold must keep on the validation split. Default: none."""


class Recipe(StrictModel):
    """Everything that makes a model from a snapshot; its parts are the stage cache keys."""

    levers: Annotated[list[Lever], Field(max_length=32)] = [Lever(name="scale", op=LeverOp.SCALE)]
    """Preprocessing steps, in order. A list-map by name. Default: Scale on all features."""
    model: Architecture = Field(default_factory=Architecture)
    """The network. Default: an MLP of 64 and 32 units."""
    training: Training = Field(default_factory=Training)
    """Optimisation."""
    decision: Decision = Field(default_factory=Decision)
    """How a score becomes a decision."""
    gates: Annotated[list[Gate], Field(max_length=32)] = Field(default_factory=default_gates)
    """What a candidate must show. A list-map by name. Default: parity of the exported graph, and
    balanced accuracy not worse than the champion's by more than 0.01."""
