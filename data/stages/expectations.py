"""Great Expectations as the judge of a manifest: which rows are bad and why, and whether the batch may go on.

The only file that imports Great Expectations.
"""

import logging
import os
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.config import DataConfig
from data.rule import Rule, absent, between, one_of
from data.stages.splits import SPLITS
from data.stores.manifest import LABEL


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations said of one rule."""

    rule: str
    column: str
    success: bool
    checked: int
    unexpected: int
    rows: tuple[int, ...]
    reasons: tuple[str, ...]


def row_rules(config: DataConfig) -> list[Rule]:
    """What every row must keep; a row that breaks one goes to quarantine."""
    return [
        absent("error", "{value}"),
        *config.expectations.rules(),
        *(rule for name, task in config.tasks.items() for rule in task.rules(LABEL + name)),
        absent("conflict", "the same content is labelled {value}"),
        absent("leak", "group {value} lies in more than one given split"),
        one_of("split", list(SPLITS), "unknown split {value!r}; give " + ", ".join(SPLITS) + " or nothing"),
    ]


def judge_rows(table: pd.DataFrame, config: DataConfig) -> list[Verdict]:
    """Runs the row rules; `rows` of a verdict are positions in `table`.

    A file that cannot be decoded has no facts, so the rules about facts look only at those that can.
    """
    checked = table.assign(row=range(len(table)))
    for fact in {rule.arguments["column"] for rule in config.expectations.rules()}:
        if pd.api.types.is_numeric_dtype(checked[fact]):
            checked[fact] = checked[fact].astype("float64").where(checked["error"].isna())
    return _judge(checked, row_rules(config))


def judge_batch(counts: pd.DataFrame, accepted: int, total: int, config: DataConfig) -> list[Verdict]:
    """Runs the batch rules on the counts [class, accepted]: enough of each class, and not too many bad rows."""
    bounds = config.expectations
    share = pd.DataFrame({"quarantined": [1 - accepted / total], "row": [0]})
    least, most = (
        f"{bounds.min_per_class} are needed (min_per_class)",
        f"{bounds.max_quarantined:.1%} (max_quarantined)",
    )
    enough = between("accepted", f"{{value:.0f}} of the accepted samples, {least}", least=bounds.min_per_class)
    limit = between("quarantined", f"{{value:.1%}} of the rows are bad, more than {most}", most=bounds.max_quarantined)
    return [*_judge(counts.assign(row=range(len(counts))), [enough]), *_judge(share, [limit])]


def _judge(table: pd.DataFrame, rules: list[Rule]) -> list[Verdict]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)  # it tells of every method that it registers
    import great_expectations as gx
    from great_expectations.data_context.types import base  # five seconds of import that only validation pays

    logging.getLogger(base.__name__).setLevel(logging.ERROR)  # it tells of temporary folders
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = base.ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("manifest").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})
    shown = {"result_format": "COMPLETE", "unexpected_index_column_names": ["row"]}
    return [_verdict(rule, batch.validate(_expectation(gx, rule), result_format=shown)) for rule in rules]


def _expectation(gx: Any, rule: Rule) -> Any:
    name = "".join(part.capitalize() for part in rule.expectation.split("_"))
    return getattr(gx.expectations, name)(**rule.arguments)


def _words(rule: Rule) -> str:
    """The rule as the report shows it, its bounds included."""
    bounds = [f"{name.replace('_', ' ')} {value}" for name, value in rule.arguments.items() if name != "column"]
    return " ".join([rule.expectation.removeprefix("expect_column_values_to_").replace("_", " "), *bounds])


def _verdict(rule: Rule, result: Any) -> Verdict:
    details, column = result.result, rule.arguments["column"]
    bad = details.get("unexpected_index_list") or []
    return Verdict(
        rule=_words(rule),
        column=column,
        success=bool(result.success),
        checked=int(details.get("element_count", 0)),
        unexpected=int(details.get("unexpected_count", 0)),
        rows=tuple(int(found["row"]) for found in bad),
        reasons=tuple(rule.reason.format(value=found.get(column)) for found in bad),
    )
