"""What Prometheus reads, parsed by its own client."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from data.errors import StorageError


def told(client) -> dict[tuple[str, ...], float]:
    """Each value by its name and labels."""
    text = client.get("/metrics").text
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {
        (one.name, *(f"{name}={value}" for name, value in sorted(one.labels.items()))): one.value for one in samples
    }


def test_metrics__requests_and_samples(tiny, shade):
    """Requests by domain, route and status; samples and batches that the model saw; what answers."""
    client = tiny()
    client.post("/v1/photos/predict", files=[("files", shade(9)), ("files", shade(200)), ("files", b"none")])
    client.post("/v1/invented/predict", content=b"x")
    client.get("/nothing")
    found = told(client)
    route = "route=/v1/{domain}/predict"
    assert found["regraft_requests_total", "domain=photos", route, "status=200"] == 1
    assert found["regraft_requests_total", "domain=-", route, "status=404"] == 1
    assert found["regraft_requests_total", "domain=-", "route=-", "status=404"] == 1
    assert found["regraft_request_seconds_count", "domain=photos", route] == 1
    assert found["regraft_samples_total", "domain=photos"] == 2
    assert found["regraft_batch_size_sum", "domain=photos"] == 2
    assert found["regraft_batch_size_count", "domain=photos"] in {1, 2}
    assert found["regraft_batch_size_bucket", "domain=photos", "le=64"] in {1, 2}
    assert found["regraft_queue_depth", "domain=photos"] == 0
    (model,) = [key for key in found if key[0] == "regraft_model_info"]
    assert (model[1], model[3]) == ("domain=photos", "version=3")
    assert not [key for key in found if "invented" in str(key)]


def test_metrics__slots_and_logs(tiny, within):
    """Swaps, refusals and faults of the slot; rows of the log that wait or are lost, and its fault."""
    client = tiny()
    slot, log = client.app.state.service.slots["photos"], client.app.state.service.logs["photos"]
    names = ["swaps_total", "refusals_total", "log_rows_lost_total", "log_rows_waiting", "log_fault"]
    assert [told(client)[f"regraft_{name}", "domain=photos"] for name in names] == [0] * 5
    slot.swaps, slot.refusals, log.lost, log.fault = 4, 2, 7, str(StorageError("the disk is full"))
    found = told(client)
    assert [found[f"regraft_{name}", "domain=photos"] for name in names] == [4, 2, 7, 0, 1]
    assert found["regraft_fault", "domain=other"] == 0


def test_metrics__two_services_in_a_process(tiny):
    """Each counts its own."""
    first, second = tiny(), tiny()
    for _ in range(3):
        first.get("/healthz")
    second.get("/healthz")
    key = ("regraft_requests_total", "domain=-", "route=/healthz", "status=200")
    assert (told(first)[key], told(second)[key]) == (3, 1)


def test_metrics__dashboard_and_alerts_ask_for_what_there_is(tiny):
    """Each metric in Grafana's dashboard and Prometheus' rules is one that a service tells before it was ever asked."""
    client, folder = tiny(), Path(__file__).parents[3] / "deploy" / "compose"
    client.get("/v1/photos/model")
    texts = [(folder / name).read_text() for name in ("alerts.yaml", "grafana/dashboards/regraft.json")]
    asked = {name for text in texts for name in re.findall(r"\bregraft_\w+", text)}
    assert asked - {key[0] for key in told(client)} == set()
    assert "regraft_requests_total" in asked
