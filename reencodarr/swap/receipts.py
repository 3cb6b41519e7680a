"""The receipt of a swap: what the caller's ledger needs, read from the film as it is now."""

import dataclasses

from reencodarr.media import fingerprint as fingerprints
from reencodarr.swap import files
from reencodarr.swap.order import Receipt, SwapOrder


def of(order: SwapOrder) -> Receipt:
    """The receipt of a swap whose result is in place. Raises FileUnreadable."""
    found = fingerprints.fingerprint(order.destination)
    scratch_link = files.same_inode(order.result, order.destination)
    return Receipt(
        swap_id=order.swap_id,
        destination=order.destination,
        trash=order.trash,
        size_before=order.fingerprint.size,
        size_after=found.size,
        fingerprint=dataclasses.replace(found, links=found.links - int(scratch_link)),
    )
