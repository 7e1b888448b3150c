"""`regraft rank` from its options to its table."""

import json

import pytest
from click.testing import CliRunner

import flows.cli.models.rank as module
from evaluation.inference.interval import Interval
from evaluation.selection.ranking import Score
from flows.cli import regraft
from flows.rank import rank_data
from registry.store.client import mlflow_client
from tasks.domain import domain_from, load_domain
from tasks.making.rank import Ranking, Wish
from tasks.plan import Plan, Prepared

SHIPPED = "tf_efficientnet_lite0.imagenet"


@pytest.fixture
def asked(monkeypatch):
    """Answers the command with two scores and keeps what it asked for."""
    calls = []

    def answer(flow, *arguments):
        calls.append(arguments)
        knn, logme = Interval(0.75, 0.7, 0.8), Interval(-0.5, -0.6, -0.4)
        best = Score("net", 32, "blocks.4", 0.8, 112, knn, (0.7, 0.8), logme, None)
        last = Score("net", 32, "embedding", 1.0, 1280, Interval(0.5, 0.4, 0.6), (0.4505, 0.55), logme, -1.25)
        return Ranking("digits", "run", 20, 40, 0.125, (best, last), {"other": "not at hand"})

    monkeypatch.setattr(module, "prepared_flow", lambda file, name: (file, name))
    monkeypatch.setattr(module, "run_flow", answer)
    return calls


def test_rank__options(asked):
    """Lists are read at their commas; without them the flow decides."""
    run = CliRunner().invoke
    options = ["--backbones", "a, b", "--sizes", "32,24", "--samples", "50"]
    assert run(regraft, ["rank", "digits", *options]).exit_code == 0
    assert run(regraft, ["rank", "digits"]).exit_code == 0
    assert asked == [("digits", ("a", "b"), (32, 24), 50), ("digits", (), (), 2000)]


@pytest.mark.parametrize("options", [["--sizes", "big"], ["--sizes", "32;24"], ["--samples", "3"]])
def test_rank__wrong_option(asked, options):
    """A mistake of usage is found before anything runs."""
    found = CliRunner().invoke(regraft, ["rank", "digits", *options])
    assert (found.exit_code, asked) == (2, [])


def test_rank__table(asked):
    """How much was ranked, the scores with the tie's mark, and what was left out, in eighty columns."""
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(regraft, ["rank", "digits"]).stdout
    assert "20 of 40 training samples, commonest class 0.125" in shown
    best, last = (line for line in shown.splitlines() if "│ 32" in line)
    assert [cell.strip() for cell in best.split("│")[1:-1]] == [
        "32", "blocks.4", "112", "0.750", "0.700 to 0.800", "=", "-0.500", "",
    ]  # fmt: skip
    assert [cell.strip() for cell in last.split("│")[6:9]] == ["", "-0.500", "-1.250"]
    assert "not at hand" in shown


def test_rank__json(asked):
    """Everything for machines; the middle of an interval is called mean."""
    found = json.loads(CliRunner().invoke(regraft, ["rank", "digits", "--json"]).stdout)
    assert found["scores"][1]["leep"] == -1.25
    assert found["scores"][0]["knn"] == {"mean": 0.75, "low": 0.7, "high": 0.8}
    assert found["scores"][0]["logme"] == {"mean": -0.5, "low": -0.6, "high": -0.4}
    assert found["left_out"] == {"other": "not at hand"}


@pytest.mark.usefixtures("prefect_api")
def test_rank_data__whole_way(own_workshop):
    """The flow's steps leave one finished run named rank."""
    from prefect import flow

    known = load_domain("digits")
    task = known.data.tasks["digit"].model_copy(update={"classes": ("dark", "light")})
    data = known.data.model_copy(update={"tasks": {"label": task}})
    config = domain_from("photos", own_workshop.root, known.model_copy(update={"data": data}))
    plan = Plan(config, Prepared(own_workshop.dataset.folder, "d" * 32 + ".dir"))
    found = flow(rank_data, validate_parameters=False)(plan, Wish((SHIPPED,), (32,), 30))
    assert {score.size for score in found.scores} == {32}
    run = mlflow_client().get_run(found.run_id)
    assert (run.info.run_name, run.info.status) == ("rank", "FINISHED")
