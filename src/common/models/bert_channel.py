"""A BERT in gluonnlp's own files: its configuration, its vocabulary and its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mxnet as mx
from gluonnlp.model import BERTEncoder, BERTModel
from gluonnlp.vocab import BERTVocab
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.job.errors import ClientError

CONFIG = "config.json"
_REMEDY = (
    "Encoder 'bert' starts from the channel 'pretrained', which must hold config.json (the "
    "dimensions), one .vocab and one .params file of a BERT as gluonnlp saves it, or the artifact "
    "of an earlier such model; docs/text_encoders.md says how to get them."
)


class BertConfig(BaseModel):
    """`config.json`; the names are those of gluonnlp's BERTEncoder. Defaults are BERT-base's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_layers: int = Field(default=12, ge=1)
    units: int = Field(default=768, ge=1)
    hidden_size: int = Field(default=3072, ge=1)
    num_heads: int = Field(default=12, ge=1)
    max_length: int = Field(default=512, ge=3, description="word pieces, [CLS] and [SEP] included")
    dropout: float = Field(default=0.1, ge=0, lt=1)
    layer_norm_eps: float = Field(default=1e-12, gt=0)
    token_type_vocab_size: int = Field(default=2, ge=1)
    lower: bool = Field(description="the vocabulary is lower-case and without accents (uncased)")


def required(folder: Path | None) -> Path:
    """The channel's folder; raises ClientError where there is none."""
    if folder is None:
        raise ClientError(f"channel 'pretrained' is missing. {_REMEDY}")
    return folder


def read_config(folder: Path) -> BertConfig:
    """Raises ClientError where the channel has no valid configuration."""
    file = folder / CONFIG
    if not file.is_file():
        raise ClientError(f"channel 'pretrained': there is no {file}. {_REMEDY}")
    try:
        config = BertConfig.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise _unsuitable(file, f"{field}: {first['msg']}") from error
    if config.units % config.num_heads:
        raise _unsuitable(
            file, f"units ({config.units}) must be a multiple of num_heads ({config.num_heads})"
        )
    return config


def read_vocabulary(folder: Path) -> BERTVocab:
    """The one `.vocab` file of the channel, JSON; raises ClientError."""
    file = _the_one(folder, ".vocab")
    try:
        vocabulary = BERTVocab.from_json(file.read_text(encoding="utf-8"))
        special = [vocabulary.cls_token, vocabulary.sep_token, vocabulary.padding_token]
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unsuitable(file, f"not a vocabulary of gluonnlp's BERTVocab ({error})") from error
    if None in [*special, vocabulary.unknown_token]:
        raise _unsuitable(file, "it has no [CLS], [SEP], [PAD] or [UNK]")
    return vocabulary


def make_bert(config: BertConfig, words: int) -> BERTModel:
    """A BERT with a pooler and without the heads of its own training; not initialised."""
    sizes = config.model_dump(exclude={"lower", "token_type_vocab_size"})
    return BERTModel(
        BERTEncoder(**sizes),
        words,
        token_type_vocab_size=config.token_type_vocab_size,
        units=config.units,
        embed_size=config.units,
        use_decoder=False,
        use_classifier=False,
        prefix="bert_",
    )


def load_pretrained(bert: Any, folder: Path) -> None:
    """Set an initialised BERT's parameters from the channel's one `.params` file.

    The heads of its own training are passed over. Raises ClientError where it does not fit.
    """
    file = _the_one(folder, ".params")
    try:
        bert.load_parameters(str(file), ctx=mx.context.current_context(), ignore_extra=True)
    except (AssertionError, KeyError, ValueError, mx.MXNetError) as error:
        cause = str(error).strip().splitlines()[-1][:300] if str(error).strip() else repr(error)
        raise _unsuitable(file, f"it does not fit {CONFIG} and the vocabulary: {cause}") from error


def _the_one(folder: Path, suffix: str) -> Path:
    files = sorted(folder.glob(f"*{suffix}"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise ClientError(f"channel 'pretrained': {suffix} files in {folder}: {found}. {_REMEDY}")
    return files[0]


def _unsuitable(file: Path, cause: str) -> ClientError:
    return ClientError(f"channel 'pretrained', {file}: {cause.rstrip('.')}. {_REMEDY}")
