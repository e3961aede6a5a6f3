from tests.unit.training.report.conftest import report

__all__ = ["report"]
