"""Each schema rule has a pydantic check, or a check of `domain`, that says the same."""

import re

import pytest

from trimtab_operator.api.cel import RULES, Rule, rules_of, within
from trimtab_operator.api.dataset import DatasetSpec
from trimtab_operator.api.pipelinerun import PipelineRunSpec
from trimtab_stages.contract.gates import Gate
from trimtab_stages.contract.ingest import IngestRules


def test_a_subclass_has_the_rules_of_what_it_extends() -> None:
    assert rules_of(DatasetSpec) == RULES[IngestRules]


def test_a_run_is_immutable() -> None:
    assert [rule.rule for rule in rules_of(PipelineRunSpec)] == ["self == oldSelf"]


def test_an_interval_is_told_as_people_write_it() -> None:
    rule = within("share", "0.0", "0.5")

    assert rule.message == "`share` must lie between 0 and 0.5"
    assert rule.rule.startswith("!has(self.share) ||")


@pytest.mark.parametrize(
    "rule", [rule for rules in RULES.values() for rule in rules], ids=lambda rule: rule.message
)
def test_every_message_names_a_field_or_says_what_to_do(rule: Rule) -> None:
    assert "`" in rule.message or ";" in rule.message or "needs" in rule.message


@pytest.mark.parametrize("model", list(RULES), ids=lambda model: model.__name__)
def test_rules_name_only_fields_that_exist(model: type[Gate]) -> None:
    aliases = {field.alias for field in model.model_fields.values()}
    for rule in RULES[model]:
        for name in _fields(rule.rule):
            assert name in aliases


def _fields(rule: str) -> set[str]:
    return set(re.findall(r"(?:self|oldSelf)\.([A-Za-z]+)", rule))
