"""The curves of a fit in MLflow, by epoch over all phases."""

from collections.abc import Mapping

from pytorch_lightning.loggers import MLFlowLogger


class EpochLogger(MLFlowLogger):
    """Logs under the epoch's number, so that runs with other batch sizes or several phases can be laid side by side."""

    def __init__(self, experiment: str, run_id: str, tracking_uri: str, before: int) -> None:
        """`before` is the number of epochs in the phases before this one."""
        super().__init__(experiment_name=experiment, tracking_uri=tracking_uri, run_id=run_id)
        self.before = before

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Logs metrics of one epoch."""
        values = dict(metrics)
        epoch = self.before + int(values.pop("epoch", 0)) + 1
        super().log_metrics(values, epoch)
