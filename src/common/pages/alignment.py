"""Page outputs of an earlier job, brought into the order of a channel."""

from __future__ import annotations

from collections.abc import Sequence

from common.job.errors import ClientError
from common.pages.channel import Channel
from common.pages.outputs import PageOutputs


def align(outputs: PageOutputs, channel: Channel, classes: Sequence[str]) -> PageOutputs:
    """The outputs of the channel's pages, in its order; what else there is is left out.

    Raises:
        ClientError: pages without output, or classes that differ.
    """
    if set(outputs.classes) != set(classes):
        missing = sorted(set(classes) - set(outputs.classes))
        surplus = sorted(set(outputs.classes) - set(classes))
        raise ClientError(
            f"channel '{outputs.kind}': the base model has other classes than the channel "
            f"'{channel.name}' (it lacks {missing}, and has {surplus} besides). Train it on the "
            "same labels."
        )
    absent = outputs.lacking(channel.keys)
    if absent:
        stream, page = absent[0]
        raise ClientError(
            f"channel '{outputs.kind}': no page output for {len(absent)} of {len(channel)} pages "
            f"of '{channel.name}', the first of them page {page} of stream '{stream}'. Train the "
            f"base model on the same '{channel.name}' channel."
        )
    return outputs.of_pages(channel.keys)
