"""What the image model takes of a machine, told before it is taken."""

from __future__ import annotations

from common.job.errors import ClientError
from common.job.tables import ImageHyperparameters
from common.models.image_network import LANES, filters_of

_BYTES = 4  # of a float32
_MAP_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_MAPS = 3  # kept for the way back: each convolution's own, its norm's, its ReLU's
_COPIES = 5  # of a parameter: itself, gradient, momentum, the best epoch's, and one to be saved
_GIGABYTE = 1e9


def refuse_too_large(hyperparameters: ImageHyperparameters, available: int | None) -> None:
    """Check that a network can be trained in `available` bytes; None: nobody knows, so it may.

    It counts what is certainly needed; the true need is up to a third above.

    Raises:
        ClientError: with the arithmetic.
    """
    hp = hyperparameters
    maps, parameters = _values(hp)
    of_value = _MAP_BYTES[hp.precision]
    of_maps = hp.batch_size * maps * _MAPS * of_value
    of_parameters = parameters * _COPIES * _BYTES
    if available is None or of_maps + of_parameters <= available:
        return
    raise ClientError(
        f"hyperparameters: training takes at least {_gb(of_maps + of_parameters)} of memory and "
        f"there are {_gb(available)}. Lower start_filter, depth, batch_size, height or width, or "
        f"take a larger instance. The arithmetic: batch_size {hp.batch_size} × {maps:,} values in "
        f"the maps of a page of {hp.height} × {hp.width} pixels × {_MAPS} × {of_value} bytes = "
        f"{_gb(of_maps)}; {parameters:,} parameters (depth {hp.depth}, start_filter "
        f"{hp.start_filter}) × {_COPIES} × {_BYTES} bytes = {_gb(of_parameters)}."
    )


def refuse_precision(hyperparameters: ImageHyperparameters, has_bfloat16: bool, gpus: int) -> None:
    """Check that what trains has what the convolutions are to be computed in."""
    if hyperparameters.precision == "float16" and not gpus:
        raise ClientError(
            "hyperparameters: precision float16 is for GPUs, and this host has none. Leave it at "
            "float32, or take bfloat16 where the processor has avx512_bf16 or amx_bf16."
        )
    if hyperparameters.precision == "bfloat16" and gpus:
        raise ClientError(
            "hyperparameters: precision bfloat16 is for processors, and this host trains on "
            f"{gpus} GPU(s), which take float32 or float16."
        )
    if hyperparameters.precision == "bfloat16" and not has_bfloat16:
        raise ClientError(
            "hyperparameters: precision bfloat16 takes a processor with avx512_bf16 or amx_bf16, "
            "and this one has neither. Leave it at float32, or take another instance type."
        )


def _values(hyperparameters: ImageHyperparameters) -> tuple[int, int]:
    """Values in one page's maps, one for each convolution, and parameters of the convolutions."""
    hp = hyperparameters
    maps = parameters = 0
    lanes = LANES[hp.precision]
    channels = 1
    for block in range(hp.depth):
        filters = filters_of(hp, block, lanes)
        for _ in range(hp.conv_block_length):
            maps += (hp.height >> block) * (hp.width >> block) * filters
            parameters += 3 * 3 * channels * filters
            channels = filters
    return maps, parameters


def _gb(size: float) -> str:
    return f"{size / _GIGABYTE:,.2f} GB"
