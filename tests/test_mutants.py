"""The statistics are held by their tests: each planted fault lets a test fail.

A mutant is one line of a rule that would still run, and decide wrongly. The packages are copied, one line of the copy
is changed, and the tests of that module must notice.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ROOT = Path(__file__).parent.parent
PACKAGES = ("data", "evaluation", "flows", "lightning_modules", "monitoring", "registry", "settings", "tasks", "tests")
MUTANTS = [
    ("evaluation/inference/bootstrap.py", "math.sqrt(groups / (groups - 1)) if", "1.0 if"),
    ("evaluation/inference/bootstrap.py", "tail = tail_share(level, groups)", "tail = (1 - level) / 2"),
    ("evaluation/inference/bootstrap.py", "[tail, 1 - tail]", "[2 * tail, 1 - 2 * tail]"),
    ("evaluation/inference/bootstrap.py", "min(found.low, student.low)", "found.low"),
    ("evaluation/inference/bootstrap.py", "yield times[:, index] * samples.weights", "yield times[:, index]"),
    ("evaluation/inference/bootstrap.py", "return widened(interval,", "return interval or widened(interval,"),
    ("evaluation/inference/interval.py", "level / 2, freedom))", "level / 2, 10**6))"),
    ("evaluation/inference/interval.py", "0.5 + level / 2", "level"),
    ("evaluation/inference/discrete.py", "(1 - level) / 2, share * size", "1 - level, share * size"),
    ("evaluation/inference/discrete.py", "size - hits + 1", "size - hits"),
    ("evaluation/inference/discrete.py", "norm.ppf(0.5 + level / 2)", "norm.ppf(level)"),
    ("evaluation/inference/discrete.py", "8 * lost * truth", "4 * lost * truth"),
    ("evaluation/inference/discrete.py", "return _group_size(weights, predictions)", "return _size(weights)"),
    ("evaluation/inference/discrete.py", "other & ~one, one & ~other", "one & ~other, other & ~one"),
    ("evaluation/inference/discrete.py", "((1 - level) / 2) ** (1 / groups)", "(1 - level) ** (1 / groups)"),
    ("evaluation/inference/paired.py", "if metric_named(metric).greater_is_better else", "if metric else"),
    ("evaluation/inference/paired.py", "0.5 + level / 2) + normal", "0.5 + 0.95 / 2) + normal"),
    ("evaluation/inference/paired.py", "2 * student_t(level, groups - 1)", "2 * student_t(0.95, groups - 1)"),
    ("evaluation/inference/paired.py", "coin.pmf(fewer)) / 2 if fewer", "coin.pmf(fewer)) if fewer"),
    ("evaluation/inference/calibration.py", "(0.5, 1 - tail, tail)", "(0.5, 1 - 2 * tail, 2 * tail)"),
    ("evaluation/inference/calibration.py", "- gaps\n    tail", "\n    tail"),
    ("evaluation/inference/slices.py", 'method="holm"', 'method="fdr_bh"'),
    ("evaluation/inference/slices.py", "2 * t.sf(", "t.sf("),
    ("evaluation/predictions/predictions.py", '"groups": first.groups == second.groups,', ""),
    ("registry/gate/comparison.py", "self.difference.high < -self.margin", "self.difference.high < -2 * self.margin"),
    ("registry/gate/comparison.py", "self.difference.high < -self.margin", "self.difference.high < 0"),
    ("registry/gate/comparison.py", "self.difference.low > -self.margin", "self.difference.value > -self.margin"),
    ("registry/gate/comparison.py", " and self.gain.low > -self.score_margin", ""),
    ("registry/gate/comparison.py", "self.gain.low > 0 and", "self.gain.value > 0 and"),
    ("registry/gate/comparison.py", " and self.difference.value >= self.config.superiority", ""),
    ("registry/gate/comparison.py", "self.gain.value >= 0 and", ""),
    ("registry/gate/comparison.py", "effect=effect, level=level)", "effect=effect)"),
    ("registry/gate/comparison.py", "SCORE_SHARE = 0.075", "SCORE_SHARE = 0.15"),
    ("registry/gate/config.py", "USUAL_SHARE * error", "USUAL_SHARE * 2 * error"),
    ("registry/gate/anchor.py", ">= -config.total_margin", ">= -2 * config.total_margin"),
    ("registry/gate/anchor.py", "found.value >= -", "found.high >= -"),
    ("registry/gate/spending.py", "(self.told * (self.told + 1))", "self.told"),
    ("registry/gate/spending.py", "1 - 2 * (1 - level)", "1 - 4 * (1 - level)"),
    ("registry/gate/spending.py", "gains - nanmean(gains)[:, None]", "gains"),
    ("registry/gate/slice_floors.py", "1 - config.level, f", "(1 - config.level) / 2, f"),
    ("registry/gate/slice_floors.py", "= holm([p_value for _, p_value in compared])", "= [p for _, p in compared]"),
    ("registry/gate/slice_floors.py", "self.estimate + config.slice_margin", "self.estimate + 2 * config.slice_margin"),
    ("registry/gate/slice_floors.py", "t.cdf(room / error, groups - 1)", "t.cdf(room / error, 10**6)"),
    ("registry/gate/decide.py", "or not all(floor.passed for floor in floors)", ""),
    ("registry/gate/decide.py", "level, whole = turn.level(config.level),", "level, whole = config.level,"),
    ("registry/gate/decide.py", "interval.low, config.floor", "interval.value, config.floor"),
    ("registry/gate/decide.py", "error.low, config.max_ece", "error.value, config.max_ece"),
    ("registry/gate/config.py", "OVERLAP if self.evidence", "1.0 if self.evidence"),
    ("registry/gate/config.py", "math.sqrt(1 + FOLDS / (FOLDS - 1))", "math.sqrt(1 + 1 / (FOLDS - 1))"),
    ("registry/gate/out_of_fold.py", "shown.high < promised.low if", "shown.value < promised.low if"),
    ("registry/gate/out_of_fold.py", "shown.low > promised.high)", "shown.value > promised.high)"),
    ("registry/gate/out_of_fold.py", "others = ~np.isin", "others = np.isin"),
    ("registry/gate/decide.py", "config) if passes else None", "config) if not passes else None"),
    ("evaluation/inference/interval.py", "+ times * (end", "+ (end"),
    ("evaluation/inference/paired.py", ".stretched(resampling.stretch)", ""),
    ("registry/package/out_of_fold.py", ' & ~manifest["group"].isin(had["group"])', ""),
    ("registry/package/out_of_fold.py", "if not package.cross_fitted:", "if False:"),
    ("registry/package/out_of_fold.py", "if regrouped(", "if False and regrouped("),
    ("registry/gate/shared_classes.py", "found.low > -margin", "found.value > -margin"),
    ("monitoring/signals/judge.py", "(null >= observed)", "(null > observed)"),
    ("monitoring/signals/judge.py", "np.sort(null)[-rank]", "np.sort(null)[-rank - 1]"),
    ("registry/gate/comparison.py", "return self.margin > 0 and self.difference", "return self.difference"),
    ("registry/gate/decide.py", "harm_floors(champion, challenger, config)", "harm_floors(before, after, config)"),
    ("registry/gate/decide.py", "whole.challenger, config, level)", "whole.challenger, config, config.level)"),
    ("registry/gate/decide.py", 'if finding.outcome == "PROMOTE" else None', "if passes else None"),
    ("registry/gate/decide.py", "tuple(failed), False)", "tuple(failed), finding.better)"),
    ("registry/gate/decide.py", "_interval(before, compared.config)", "_interval(after, compared.config)"),
    ("registry/gate/disparity_floors.py", "one.difference.low), most)", "one.difference.value), most)"),
    ("registry/gate/shared_classes.py", "challenger, config.resampling)", "challenger, config.paired(config.level))"),
    ("registry/gate/shared_classes.py", "{*champion.unknown, *challenger.unknown}", "{*champion.unknown}"),
    ("registry/gate/slice_floors.py", "mask.sum() >= MINIMUM_SLICE", "mask.sum() > MINIMUM_SLICE"),
    ("registry/gate/slice_floors.py", "groups < 2", "groups < 3"),
    ("registry/gate/spending.py", "keepdims=True)\n    told", "keepdims=True) ** 2\n    told"),
    ("registry/ledger/binding.py", ", exclude_defaults=True)", ")"),
    ("evaluation/inference/bootstrap.py", "freedom=groups - 1, level", "freedom=groups, level"),
    ("evaluation/inference/bootstrap.py", "if spread > ROUNDING else", "if spread > 0 else"),
    ("evaluation/inference/calibration.py", "cumsum(mass) - mass / 2", "cumsum(mass)"),
    ("evaluation/inference/calibration.py", "tail_share(resampling.level, predictions.group_count)", "0.025"),
    ("evaluation/inference/calibration.py", "len(np.unique(predictions.group_index[inside]))", "9"),
    ("evaluation/inference/discrete.py", "if hits > 0 else 0.0", "if hits > 1 else 0.0"),
    ("evaluation/inference/discrete.py", "min(most, max(spread", "min(1e9, max(spread"),
    ("evaluation/inference/discrete.py", "/ error**2 * few, 1.0", "/ error**2, 1.0"),
    ("evaluation/inference/discrete.py", "(won - lost) ** 2, error", "0.0, error"),
    ("evaluation/inference/discrete.py", "(span + found.value)", "span"),
    ("evaluation/inference/discrete.py", "min(found.low, low), max(found.high, high)", "low, high"),
    ("evaluation/inference/disparity.py", ") >= MINIMUM_SLICE and self.groups > 1", ") >= MINIMUM_SLICE"),
    ("evaluation/inference/disparity.py", "(self.groups + 2), self.groups + 2", "(self.groups + 2), self.groups"),
    ("evaluation/inference/disparity.py", "(1 - resampling.level) / max(compared, 1)", "(1 - resampling.level)"),
    ("evaluation/inference/disparity.py", "groups = min(rate.groups", "groups = max(rate.groups"),
    ("monitoring/windows.py", 'keep="last"', 'keep="first"'),
    ("monitoring/signals/judge.py", "+ 1e-9)", ")"),
    ("monitoring/signals/outputs.py", "np.max([", "np.mean(["),
    ("monitoring/signals/two_sample.py", "- 2 * (sums * second)", "- (sums * second)"),
    ("monitoring/signals/two_sample.py", "outside / outside[:, -1:]", "outside / inside[:, -1:]"),
    ("monitoring/signals/outputs.py", "np.sqrt(null.scale * _spreads", "np.sqrt(_spreads"),
    ("monitoring/signals/outputs.py", "np.clip(side, NEVER, 1 - NEVER)", "side"),
    ("monitoring/signals/embedding.py", "* null.scale * _spreads", "* null.scale + 0 * _spreads"),
    ("monitoring/signals/judge.py", "window.worth < LEAST_BLOCKS", "window.worth <= LEAST_BLOCKS"),
    ("monitoring/signals/judge.py", "threshold >= ceiling", "threshold > ceiling"),
    ("monitoring/signals/report.py", "any(one.alarm", "all(one.alarm"),
    ("monitoring/nulls/spread.py", "(own - squares * between)", "own"),
    ("monitoring/nulls/windows.py", "~touched[:, known.labels]", "touched[:, known.labels] | True"),
    ("monitoring/nulls/windows.py", "len(order) // 2", "len(order)"),
    ("monitoring/nulls/windows.py", "max(1.0, scale)", "scale"),
    ("monitoring/triage.py", "usable < scene.config.min_window", "usable <= scene.config.min_window"),
    ("monitoring/broken/sign.py", "self.value > self.limit", "self.value >= self.limit"),
    ("monitoring/broken/silence.py", "FACTOR * longest", "longest"),
    ("monitoring/page/judged.py", "if found.value > found.threshold", "if found.value > 2 * found.threshold"),
]  # fmt: skip


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and their tests, where lines may be changed."""
    folder = tmp_path_factory.mktemp("mutants")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "raw", "processed"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(
    ("module", "line", "mutant"), MUTANTS, ids=[f"{module}-{mutant[:40]!r}" for module, _, mutant in MUTANTS]
)
def test_mutant__is_noticed(copied: Path, module: str, line: str, mutant: str) -> None:
    """The tests of the module fail on the changed line, which stands in it once."""
    path = copied / module
    text = path.read_text()
    assert text.count(line) == 1, "another line by now: plant the fault there"
    path.write_text(text.replace(line, mutant))
    try:
        done = _tests_of(copied, module)
    finally:
        path.write_text(text)
    assert done.returncode == 1, done.stdout[-2000:]


def _tests_of(folder: Path, module: str) -> "subprocess.CompletedProcess[str]":
    """Runs the tests of a module's room, the quick ones, until one fails."""
    room = folder / "tests" / Path(module).parent
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not long", str(room)]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
