"""Workers and their jobs, whatever the film is like.

WorkError
├── OrderUnreadable        an order or a result is of a version that this one does not understand
├── JobLost                the server gave the job to somebody else, or ended it
├── JobRefused             this worker may not have the job; says why in a word
├── WorkerLost             a worker went silent in the middle of a job
├── WorkStopped            the run was cancelled, or the worker is stopping
├── MachineUnfit           this machine cannot do the work; says what it lacks
├── ServerUnreachable      the server does not answer
└── ServerRefused          the server does not accept this worker
"""

from reencodarr.errors.base import Category, ReencodarrError, Stage


class WorkError(ReencodarrError):
    """Raised when a worker cannot take, do or hand over a job, whatever the film is like."""

    stage = Stage.SETUP
    category = Category.STATE
    code = "work"


class OrderUnreadable(WorkError):
    """Raised when an order or a result was written by a version that this one does not understand."""

    category = Category.CONFIGURATION
    code = "order_unreadable"


class JobLost(WorkError):
    """Raised when an attempt no longer holds its job: what it made is not wanted any more."""

    code = "job_lost"
    transient = True


class JobRefused(WorkError):
    """Raised when a worker may not have a job; `refusal` is the word of `work.talk.Refusal`."""

    code = "job_refused"
    transient = True

    def __init__(self, message: str, *, refusal: str, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.refusal = refusal


class WorkerLost(WorkError):
    """Raised when a worker went silent in the middle of a job, so that nobody knows what came of it."""

    category = Category.RESOURCES
    code = "worker_lost"
    transient = True


class WorkStopped(WorkError):
    """Raised when a run is cancelled or its worker stops; nothing is wrong with the film."""

    code = "work_stopped"
    transient = True


class MachineUnfit(WorkError):
    """Raised when a machine cannot do the work of a worker; the message lists what it lacks."""

    category = Category.CONFIGURATION
    code = "machine_unfit"


class ServerUnreachable(WorkError):
    """Raised when the server does not answer for as long as it is worth waiting."""

    category = Category.RESOURCES
    code = "server_unreachable"
    transient = True


class ServerRefused(WorkError):
    """Raised when the server does not accept this worker: wrong or revoked secret, wrong pool, other version."""

    category = Category.CONFIGURATION
    code = "server_refused"
