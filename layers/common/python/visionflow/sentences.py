"""What the server writes down in words and the page shows: why a job ended, why int8 is not served.

`say` makes the English sentence that is stored; whoever shows one finds its code again by the same
template (`read`), so rows and reports have their translation as long as its English stays. What was
stored by an earlier template is shown as it is, in English.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Sentence:
    """``en`` may format its values; ``ko`` takes them as the English has them."""

    en: str
    ko: str


SENTENCES: Mapping[str, Sentence] = {
    # Jobs
    "stopped": Sentence("Stopped on request.", "요청에 따라 중지했습니다."),
    "not_started": Sentence(
        "The state machine did not start ({error}).",
        "상태 머신이 시작되지 않았습니다({error}).",
    ),
    "interrupted": Sentence("The machine was interrupted.", "머신이 중단되었습니다."),
    "time_over": Sentence(
        "The time is over: {hours:g} hours were allowed.",
        "최대 실행 시간을 모두 사용했습니다: {hours}시간.",
    ),
    "budget_spent": Sentence(
        "The budget is spent: {cost:.2f} of {budget:.2f} USD.",
        "예산을 모두 사용했습니다: {budget} USD 중 {cost} USD.",
    ),
    "taken_back": Sentence(
        "EC2 took the machine back ({reason}).", "EC2에서 머신을 회수했습니다({reason})."
    ),
    "ended_early": Sentence(
        "The machine ended before the job began ({reason}); see its log.",
        "작업이 시작되기 전에 머신이 종료되었습니다({reason}). 로그를 확인하세요.",
    ),
    "ended_silently": Sentence(
        "The machine ended without a report ({reason}); see its log.",
        "머신이 보고 없이 종료되었습니다({reason}). 로그를 확인하세요.",
    ),
    "no_reason": Sentence("no reason given", "이유 없음"),
    "unknown_machine": Sentence("unknown to EC2", "EC2에 없는 머신"),
    "heartbeat_stopped": Sentence(
        "The heartbeat stopped (last seen {last}). Resume the job to go on from its checkpoint.",
        "머신의 신호가 끊겼습니다(마지막 신호: {last}). 작업을 재개하면 체크포인트에서 이어집니다.",
    ),
    "never_reported": Sentence(
        "The machine never reported (last seen {last}). Resume the job to go on from its "
        "checkpoint.",
        "머신에서 신호가 오지 않았습니다(시작: {last}). 작업을 재개하면 체크포인트에서 이어집니다.",
    ),
    "ended_as": Sentence(
        "Ended as {state} while it was {before}.",
        "예상하지 못한 상태로 끝났습니다: {before} → {state}.",
    ),
    "step_broke": Sentence(
        "A step of the job broke ({what}). Resume the job to try again.",
        "작업의 한 단계가 실패했습니다({what}). 작업을 재개하면 다시 시도합니다.",
    ),
    "execution_ended": Sentence(
        "The state machine's execution is {status}.", "상태 머신의 실행 상태: {status}."
    ),
    "spot_notice": Sentence(
        "EC2 takes the spot instance back: {notice}.",
        "EC2에서 스팟 인스턴스를 회수합니다: {notice}.",
    ),
    "torch_without_cuda": Sentence(
        "The machine ({type}) has a GPU, but its PyTorch {version} is built without CUDA and would "
        "train on the processor. Install the packages of training/requirements.txt, or choose a "
        "type without a GPU.",
        "머신({type})에 GPU가 있지만 설치된 PyTorch({version})가 CUDA 없이 빌드되어 CPU로 학습하게 "
        "됩니다. training/requirements.txt의 패키지를 설치하거나 GPU가 없는 유형을 선택하세요.",
    ),
    "gpu_unusable": Sentence(
        "The GPU of the machine ({type}) cannot be used: {reason}. Resume the job to go on with "
        "another machine; if that fails too, look at job_image_parameter in infra/stages.py.",
        "머신({type})의 GPU를 사용할 수 없습니다: {reason}. 작업을 재개하면 다른 머신에서 이어서 "
        "진행합니다. 다시 실패하면 infra/stages.py의 job_image_parameter를 확인하세요.",
    ),
    "fewer_gpus": Sentence(
        "The machine ({type}) has {wanted} GPUs, of which {seen} can be seen. Resume the job to go "
        "on with another machine.",
        "머신({type})의 GPU {wanted}개 중 {seen}개만 인식됩니다. 작업을 재개하면 다른 머신에서 "
        "이어서 진행합니다.",
    ),
    "told_to_end": Sentence("The machine was told to end.", "머신이 종료 요청을 받았습니다."),
    "no_job": Sentence("The machine was given no job.", "머신에 배정된 작업이 없습니다."),
    "other_machine": Sentence("Another machine has taken over.", "다른 머신이 이어받았습니다."),
    "job_is": Sentence("The job is {state}.", "작업의 현재 상태: {state}."),
    "process_ended": Sentence(
        "The process ended with code {code}.", "프로세스가 종료되었습니다(종료 코드: {code})."
    ),
    "resume_to_go_on": Sentence(
        "{reason} Resume the job to go on.", "{reason} 작업을 재개하면 이어서 진행합니다."
    ),
    "no_more_machines": Sentence(
        "{reason} That was machine {attempt}; no more.",
        "{reason} {attempt}번째 머신이므로 더 시도하지 않습니다.",
    ),
    "not_published": Sentence("Not published: {error}", "게시되지 않았습니다: {error}"),
    # Promotion and rollback by a rule
    "not_promoted": Sentence(
        "Published, but not promoted: {refusal}", "게시되었지만 승격되지 않았습니다: {refusal}"
    ),
    "promotion_off": Sentence("the promotion rule is off", "승격 규칙이 꺼져 있습니다"),
    "few_sealed": Sentence(
        "the sealed set has {found} images, the rule needs {needed}",
        "봉인된 이미지가 {found}장이며 규칙에는 {needed}장이 필요합니다",
    ),
    "incomparable": Sentence(
        "the version in production has other labels, or cannot be measured",
        "운영 중인 버전의 레이블이 다르거나 측정할 수 없습니다",
    ),
    "little_gain": Sentence(
        "it reaches {new:.1%} on the sealed images and the version in production {current:.1%}; "
        "the rule needs {gain:.1%} more",
        "봉인된 이미지의 정확도가 {new}, 운영 중인 버전은 {current}입니다. "
        "규칙에는 {gain} 이상의 향상이 필요합니다",
    ),
    "promoted_by_rule": Sentence(
        "promotion rule: {top1:.1%} of {images} sealed images, the version before {before:.1%}",
        "승격 규칙: 봉인된 이미지 {images}장에서 {top1}, 이전 버전은 {before}",
    ),
    "error_rate": Sentence(
        "error rate {rate:.3f} over {limit:g} in {images} images",
        "오류율 {rate}, 한도 {limit} 초과(이미지 {images}장)",
    ),
    "unknown_rate": Sentence(
        "unknown rate {rate:.3f} over {limit:g} in {images} images ({unfamiliar} unfamiliar)",
        "알 수 없음 비율 {rate}, 한도 {limit} 초과(이미지 {images}장, 낯선 이미지 {unfamiliar}장)",
    ),
    "disagreement": Sentence(
        "disagreement {rate:.3f} over {limit:g} in {images} images",
        "불일치율 {rate}, 한도 {limit} 초과(이미지 {images}장)",
    ),
    "instant_training": Sentence(
        "instant training {run} of version {version} of {dataset}",
        "즉시 학습 {run}: 데이터셋 {dataset}, 버전 {version}",
    ),
    # The quantization
    "scheme": Sentence(
        "static QDQ, uint8 activations, int{bits} weights per channel (depthwise: int8), "
        "corrected biases",
        "정적 QDQ, 활성값 uint8, 가중치 채널별 int{bits}(depthwise: int8), 편향 보정",
    ),
    "not_quantized_yet": Sentence("not quantized yet", "아직 양자화하지 않음"),
    "not_quantized": Sentence("none; none", "양자화하지 않음"),
    "no_base": Sentence(
        "the fp32 graph does not reproduce the network, so int8 was not tried",
        "fp32 그래프가 네트워크와 같은 결과를 내지 않아 int8을 시도하지 않았습니다",
    ),
    "no_nodes": Sentence(
        "the graph has no convolution that int8 would make faster",
        "int8로 빨라질 합성곱이 그래프에 없습니다",
    ),
    "nodes_in_fp32": Sentence(
        "{calibration}, sensitive nodes in fp32: {nodes}",
        "{calibration}, fp32로 남긴 민감한 노드 {nodes}개",
    ),
    "closest_form_in_time": Sentence(
        "{form}, the closest of {count} forms that were tried: {reason}; "
        "the {seconds:g} seconds for trying were over",
        "시도한 {count}개 형식 중 기준에 가장 가까운 {form}: {reason}. "
        "제한 시간 {seconds}초를 넘었습니다",
    ),
    "closest_form": Sentence(
        "{form}, the closest of {count} forms that were tried: {reason}",
        "시도한 {count}개 형식 중 기준에 가장 가까운 {form}: {reason}",
    ),
    "lost_top1": Sentence(
        "int8 lost {lost:.2f} points of validation top-1, at most {allowed:.2f} are allowed",
        "int8의 검증 Top-1 손실 {lost}%p(허용: {allowed}%p)",
    ),
    "class_lost": Sentence(
        "class {label} lost {lost:.1f} points, at most {allowed:.1f} are allowed",
        "{label} 클래스의 손실 {lost}%p(허용: {allowed}%p)",
    ),
    "not_faster": Sentence(
        "int8 is not faster: it takes {ratio:.2f} times as long as fp32",
        "int8이 빠르지 않습니다. fp32 대비 실행 시간 {ratio}배",
    ),
    "unknown_changed": Sentence(
        "int8 decides differently about {share:.1%} of the validation images whether they are "
        "unknown, at most {allowed:.1%} are allowed",
        "int8의 알 수 없음 판정이 검증 이미지의 {share}에서 다릅니다(허용: {allowed})",
    ),
    # What a report leaves out
    "no_sklearn": Sentence(
        "scikit-learn is not installed", "scikit-learn이 설치되어 있지 않습니다"
    ),
    "too_few_to_map": Sentence(
        "{images} images are too few, {needed} are needed",
        "이미지 {images}장은 부족합니다. {needed}장이 필요합니다",
    ),
    "same_embeddings": Sentence(
        "the embeddings of all images are the same", "모든 이미지의 임베딩이 같습니다"
    ),
    "one_class_only": Sentence(
        "the images are all of one class", "모든 이미지가 한 클래스에 속합니다"
    ),
    "too_few_scenes": Sentence(
        "fewer than two classes have images of two scenes",
        "두 장면 이상의 이미지가 있는 클래스가 두 개 미만입니다",
    ),
    "nothing_readable": Sentence("no image can be read", "읽을 수 있는 이미지가 없습니다"),
    # The audit trail
    "left_out": Sentence("{characters} characters", "{characters}자"),
    # Parts in a row
    "form_failed": Sentence("{form}: {reason}", "{form}: {reason}"),
    "and": Sentence("{first}; {second}", "{first}; {second}"),
}
"""By code. A sentence is read by the first that fits, so what is more general comes later."""


def say(code: str, /, **values: object) -> str:
    """The English sentence. Raises `KeyError` for an unknown code and for a missing value."""
    return SENTENCES[code].en.format_map(values)


def read(text: str) -> tuple[str, dict[str, str]] | None:
    """The code and the values that `say` had; None for a text of another origin."""
    for code, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            return code, found.groupdict()
    return None


def in_korean(text: str) -> str | None:
    """The Korean of a sentence, of those within it too; None where there is none."""
    found = read(text)
    if found is None:
        return None
    code, values = found
    sentence = SENTENCES[code]
    shown = {name: in_korean(value) or value for name, value in values.items()}
    if shown == values and sentence.ko == sentence.en:
        return None  # parts in a row that are nobody's sentence
    return sentence.ko.format_map(shown)


def document() -> dict[str, dict[str, str]]:
    """The sentences as the dashboard reads them: names in braces, without formats."""
    return {
        code: {"en": _slots(sentence.en), "ko": sentence.ko} for code, sentence in SENTENCES.items()
    }


def _slots(template: str) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", r"{\1}", template)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((code, _pattern(sentence.en)) for code, sentence in SENTENCES.items())


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", _slots(template))
    return re.compile(
        "".join(
            f"(?P<{part}>.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
        ),
        re.DOTALL,
    )
