"""The retry policy, in one place.

Only short input and output is tried again by a task. A search or an encode that failed is a new attempt with a number
of its own, decided by the state machine; flows are never retried (that would run all of them again).
"""

from typing import Any

from reencodarr.errors import ReencodarrError


def may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Whether a failed task met an error that trying again can cure."""
    try:
        state.result()
    except ReencodarrError as error:
        return error.transient
    except BaseException:  # noqa: BLE001 - Prefect hands over whatever the task raised; only ours is judged
        return False
    return False


BRIEFLY: dict[str, Any] = {"retries": 2, "retry_delay_seconds": [2, 10], "retry_condition_fn": may_pass}
