"""What a hook is made of on AWS: a rule of the bus with its target, and a webhook's secret."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lambdas.api.settings import HookSettings
from visionflow.errors import PlatformError
from visionflow.events.hooks import Hook, input_template, pattern, rule_name
from visionflow.events.signing import new_secret

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient

TARGET: Final = "target"


@dataclass(frozen=True)
class Listening:
    """Each step may be repeated: a request that was cut off is finished by the next."""

    settings: HookSettings
    events: Any
    parameters: "SSMClient"
    mail: "SNSClient"

    def new_secret(self, name: str) -> tuple[str, int]:
        """Make a secret and keep it; what was there before stays readable by its version."""
        secret = new_secret()
        answer = self.parameters.put_parameter(
            Name=self._parameter(name), Value=secret, Type="SecureString", Overwrite=True
        )
        return secret, answer["Version"]

    def forget_secret(self, name: str) -> None:
        with suppress(self.parameters.exceptions.ParameterNotFound):
            self.parameters.delete_parameter(Name=self._parameter(name))

    def subscribe(self, hook: Hook) -> str:
        """SNS sends the address a mail, whose link confirms that it wants to hear."""
        answer = self.mail.subscribe(
            TopicArn=self.settings.hook_mail,
            Protocol="email",
            Endpoint=hook.target,
            Attributes={
                "FilterPolicy": f'{{"hook":["{hook.name}"],"made":["{hook.created_at}"]}}',
                "FilterPolicyScope": "MessageBody",
            },
            ReturnSubscriptionArn=True,
        )
        return answer["SubscriptionArn"]

    def unsubscribe(self, subscription: str) -> None:
        """One that was never confirmed ends by itself."""
        with suppress(
            self.mail.exceptions.NotFoundException, self.mail.exceptions.InvalidParameterException
        ):
            self.mail.unsubscribe(SubscriptionArn=subscription)

    def listen(self, hook: Hook) -> None:
        bus = self.settings.event_bus
        self.events.put_rule(
            Name=rule_name(hook.name),
            EventBusName=bus,
            EventPattern=pattern(hook.name, hook.wants),
            Description=f"A hook of {hook.created_by}"[:512],
        )
        answer = self.events.put_targets(
            Rule=rule_name(hook.name), EventBusName=bus, Targets=[self._target(hook)]
        )
        if answer.get("FailedEntryCount"):
            raise PlatformError(f"EventBridge refused the target: {answer['FailedEntries']}")

    def _target(self, hook: Hook) -> dict[str, Any]:
        settings = self.settings
        dead = {"DeadLetterConfig": {"Arn": settings.hook_dead_letters_arn}}
        if hook.kind == "sqs":
            return {"Id": TARGET, "Arn": hook.target, "InputPath": "$.detail", **dead}
        arn = settings.hook_queue_arn if hook.kind == "webhook" else settings.hook_mail
        return {"Id": TARGET, "Arn": arn, "InputTransformer": input_template(hook), **dead}

    def stop(self, name: str) -> None:
        bus, missing = self.settings.event_bus, self.events.exceptions.ResourceNotFoundException
        with suppress(missing):
            self.events.remove_targets(Rule=rule_name(name), EventBusName=bus, Ids=[TARGET])
        with suppress(missing):
            self.events.delete_rule(Name=rule_name(name), EventBusName=bus)

    def _parameter(self, name: str) -> str:
        return f"{self.settings.hook_secrets}/{name}"
