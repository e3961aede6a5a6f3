"""What people call the folders of a dataset's parts: in any case, in several languages, with or
without "set" or "images" behind it."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import chain

# A part, and all words for it. Singular and plural, since both are found in published datasets.
_WORDS = {
    "train": (
        *("train", "trains", "training", "trainings", "trn", "trainval"),
        *("훈련", "학습", "트레인", "트레이닝", "訓練", "学習", "训练"),
        *("entrenamiento", "entrainement"),
    ),
    "validation": (
        *("val", "vals", "valid", "valids", "validation", "validations", "validate", "vld"),
        *("dev", "devel", "development", "eval", "evals", "evaluation"),
        *("검증", "밸리데이션", "検証", "验证", "驗證", "validierung", "validacion"),
    ),
    "test": (
        *("test", "tests", "testing", "testings", "tst", "holdout", "holdouts", "heldout"),
        *("테스트", "시험", "평가", "홀드아웃", "テスト", "测试", "測試", "prueba", "pruebas"),
    ),
}
_PART_OF = {
    unicodedata.normalize("NFKC", word): part for part, words in _WORDS.items() for word in words
}
# With dev or val beside it, "eval" is what speech and language people measure on.
_EVALUATION = frozenset({"eval", "evals", "evaluation"})

_FILLERS = (
    *("dataset", "datasets", "data", "sets", "set", "images", "image", "imgs", "img", "photos"),
    *("split", "folder", "데이터셋", "데이터", "이미지", "사진", "세트", "셋", "용", "集", "用"),
    *("データ", "画像", "数据", "图片"),
)
_BETWEEN = re.compile(r"[\s_.\-()\[\]]+")


def part_of(folder: str) -> str | None:
    """The part that a folder of this name is for: ``train``, ``validation``, ``test`` or None."""
    return _PART_OF.get(_word(folder))


def parts_of(folders: Iterable[str]) -> dict[str, str]:
    """The part of each folder that is one, where they lie beside each other."""
    found = {name: part for name in folders if (part := part_of(name))}
    evaluation = [name for name in found if _word(name) in _EVALUATION]
    others = {part for name, part in found.items() if name not in evaluation}
    if "validation" in others and "test" not in others:
        found |= dict.fromkeys(evaluation, "test")
    return found


def are_parts(folders: Collection[str]) -> bool:
    """Whether each of ``folders`` is called as a part is."""
    return bool(folders) and all(map(part_of, folders))


def _word(folder: str) -> str:
    text = unicodedata.normalize("NFKC", folder).casefold()
    # Letters of other languages without their accents: validación.
    if all(ord(c) < 0x250 for c in text):
        apart = unicodedata.normalize("NFD", text)
        text = "".join(c for c in apart if not unicodedata.combining(c))
    words = [word for word in _BETWEEN.split(text) if word]
    joined = "".join(word for word in words if word not in _FILLERS)
    while (shorter := _without_filler(joined)) != joined:
        joined = shorter
    return joined


def _without_filler(word: str) -> str:
    if word in _PART_OF:
        return word
    for filler, side in chain(((f, "end") for f in _FILLERS), ((f, "start") for f in _FILLERS)):
        shorter = word.removesuffix(filler) if side == "end" else word.removeprefix(filler)
        if shorter != word and shorter:
            return shorter
    return word
