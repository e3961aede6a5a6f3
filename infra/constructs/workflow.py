"""The one way in which a state machine is made here."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.constructs.permissions import allow, as_found
from infra.nag import acknowledge
from infra.stages import StageConfig


class Workflow(Construct):
    """A state machine, and a rule for executions that are ended from outside.

    Attributes:
        role: what the machine may do; at first, call its functions.
        machine: the state machine itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        definition: str,
        functions: Mapping[str, lambda_.IFunction],
        ended: lambda_.IFunction,
        substitutions: Mapping[str, str] | None = None,
    ) -> None:
        """`definition` names each of `functions`, and what else is in `substitutions`, as
        `${Name}`. `ended` hears of an execution that failed, ran out of time or was aborted."""
        super().__init__(scope, construct_id)
        arns = {name: function.function_arn for name, function in functions.items()}
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        allow(self.role, "lambda:InvokeFunction", on=list(arns.values()))
        self.machine = stepfunctions.StateMachine(
            self,
            "StateMachine",
            definition_body=stepfunctions.DefinitionBody.from_string(definition),
            definition_substitutions={**arns, **(substitutions or {})},
            role=self.role,
            tracing_enabled=stage.tracing,
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.machine,
            "AwsSolutions-SF1",
            reason="Each step is in its function's log; Step Functions keeps the history.",
        )
        if stage.tracing:
            acknowledge(
                self.role,
                "AwsSolutions-IAM5[Resource::*]",
                reason="X-Ray's actions for traces and sampling know no resources.",
            )
        else:
            acknowledge(self.machine, "AwsSolutions-SF2", reason="The local cloud has no X-Ray.")
        # An aborted execution never reaches its own end. Lambda repeats a failing call twice;
        # EventBridge's own retries are for calls that do not reach Lambda.
        events.Rule(
            self,
            "EndedFromOutside",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [self.machine.state_machine_arn],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
            targets=[targets.LambdaFunction(ended)],
        )

    def allow_map(self, label: str) -> None:
        """Let the machine run the distributed map ``label``: it starts executions of its own
        machine, which the role's policy can only name once the machine is made, so it is a policy
        of its own.

        https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        """
        name = self.machine.state_machine_name
        children = Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{name}/{label}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        policy = iam.Policy(self, "MapPolicy", roles=[self.role])
        policy.add_statements(
            iam.PolicyStatement(
                actions=["states:StartExecution"], resources=[self.machine.state_machine_arn]
            ),
            iam.PolicyStatement(
                actions=["states:DescribeExecution", "states:StopExecution"], resources=[children]
            ),
        )
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::{as_found(self, children)}]",
            reason="Executions get their names when the map starts them; all are of this machine.",
        )

    def allow_start(self, role: iam.Role) -> None:
        """Let `role` start executions."""
        allow(role, "states:StartExecution", on=[self.machine.state_machine_arn])
