"""The month's budget of a stage on AWS. An emulator has no costs, so the local cloud has none."""

from aws_cdk import Stack
from constructs import Construct

from infra.constructs.budget import MonthlyBudget
from infra.stacks.data import DataStack
from infra.stages import StageConfig


class BudgetStack(Stack):
    """AWS Budgets, notifying the topic of the data stack."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, data: DataStack
    ) -> None:
        super().__init__(scope, construct_id)
        MonthlyBudget(self, "Monthly", stage=stage, topic=data.budget.topic)
