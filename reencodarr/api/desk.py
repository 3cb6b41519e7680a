"""Our own API as a small app: what workers say to the server, `/health` and `/metrics`.

Only HTTP: who speaks was told by the filter, what is answered is decided in `stages`. A worker is never shown a
traceback or a path of the server.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from reencodarr.api import health, metrics
from reencodarr.api.gate import Owner
from reencodarr.api.rules import Caller
from reencodarr.errors import JobLost, JobRefused, ReencodarrError, ServerRefused, StateConflict
from reencodarr.stages.machines import jobs_desk, workers_desk
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.units import MIB
from reencodarr.work import orders, talk
from reencodarr.work.talk import Capabilities, Claim, GoOn, JobBeat, PartsAsked, Refusal, UploadAsked, WorkerBeat

log = logging.getLogger(__name__)

MakeQueues = Callable[[str, tuple[str, ...]], Awaitable[None]]
"""Makes the queues of a pool that are not there yet."""

_LARGEST_MESSAGE = 4 * MIB
"""A beat with all probes of a long search has a few hundred KiB."""
_LOOPBACK = {"127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class AttemptAsked:
    """What `urls` is asked with."""

    attempt: int


def app(workplace: Workplace, bucket: Bucket | None, make_queues: MakeQueues) -> FastAPI:
    """The app. `bucket` is None where only the server's own worker can be served."""
    made = FastAPI(title="Reencodarr", docs_url=None, redoc_url=None, openapi_url=None)
    made.add_exception_handler(ReencodarrError, _refused)
    made.add_exception_handler(Exception, _broken)
    _add_workers(made, workplace, make_queues)
    _add_jobs(made, workplace, bucket)
    _add_views(made, workplace, bucket)
    return made


def _caller(request: Request) -> Caller:
    """The worker that speaks."""
    who = getattr(request.state, "who", None)
    if isinstance(who, Caller):
        return who
    raise HTTPException(401 if who is None else 403, "Only a worker's secret opens this.")


def _owner(request: Request) -> Owner | None:
    """The owner, if it is the owner who speaks."""
    who = getattr(request.state, "who", None)
    return who if isinstance(who, Owner) else None


async def _message(request: Request) -> bytes:
    """The body, if it is not too long."""
    text = bytearray()
    async for part in request.stream():
        text += part
        if len(text) > _LARGEST_MESSAGE:
            raise HTTPException(413, f"A message has {_LARGEST_MESSAGE} bytes at most.")
    return bytes(text)


Speaker = Annotated[Caller, Depends(_caller)]
Master = Annotated[Owner | None, Depends(_owner)]
Message = Annotated[bytes, Depends(_message)]


def _add_workers(made: FastAPI, workplace: Workplace, make_queues: MakeQueues) -> None:
    @made.post(talk.HELLO)
    async def hello(speaker: Speaker, message: Message) -> Response:
        said = talk.from_json(Capabilities, message)
        welcome = await run_in_threadpool(workers_desk.hello, workplace, speaker.name, said)
        await make_queues(welcome.pool, welcome.queues)
        return _answer(welcome)

    @made.post(talk.BEAT)
    def beat(speaker: Speaker, message: Message) -> Response:
        return _answer(workers_desk.beat(workplace, speaker.name, talk.from_json(WorkerBeat, message)))


def _add_jobs(made: FastAPI, workplace: Workplace, bucket: Bucket | None) -> None:
    @made.post(talk.job_path("{key}", "claim"))
    def claim(speaker: Speaker, key: str, message: Message) -> Response:
        order = jobs_desk.claim(workplace, bucket, speaker.name, key, talk.from_json(Claim, message))
        return Response(orders.order_json(order), media_type="application/json")

    @made.post(talk.job_path("{key}", "beat"))
    def beat(speaker: Speaker, key: str, message: Message) -> Response:
        answer: GoOn = jobs_desk.beat(workplace, speaker.name, key, talk.from_json(JobBeat, message))
        return _answer(answer)

    @made.post(talk.job_path("{key}", "urls"))
    def urls(speaker: Speaker, key: str, message: Message) -> Response:
        attempt = talk.from_json(AttemptAsked, message).attempt
        return _answer(jobs_desk.urls(workplace, bucket, speaker.name, key, attempt))

    @made.post(talk.job_path("{key}", "upload"))
    def upload(speaker: Speaker, key: str, message: Message) -> Response:
        return _answer(jobs_desk.upload(workplace, bucket, speaker.name, key, talk.from_json(UploadAsked, message)))

    @made.post(talk.job_path("{key}", "parts"))
    def parts(speaker: Speaker, key: str, message: Message) -> Response:
        return _answer(jobs_desk.parts(workplace, bucket, speaker.name, key, talk.from_json(PartsAsked, message)))


def _add_views(made: FastAPI, workplace: Workplace, bucket: Bucket | None) -> None:
    look = health.Look(workplace=workplace, bucket=bucket)

    @made.get("/health")
    def state(owner: Master) -> JSONResponse:
        seen = look.seen()
        return JSONResponse(seen.in_full() if owner is not None else {"ok": seen.ok}, 200 if seen.ok else 503)

    @made.get("/metrics")
    def numbers(request: Request, owner: Master) -> Response:
        near = request.client is not None and request.client.host in _LOOPBACK
        if owner is None and not near:
            raise HTTPException(401, "Only the owner's secret opens this from another machine.")
        return Response(metrics.text(workplace), media_type=metrics.CONTENT_TYPE)


def _answer(value: object) -> Response:
    return Response(talk.to_json(value), media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    """A failure that has a name, as a refusal."""
    status, code, words = _judged(error)
    log.info("refused %s: %s", request.url.path, error)
    return Response(talk.to_json(Refusal(code=code, words=words)), status, media_type="application/json")


def _judged(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, JobRefused):
        return (403 if error.refusal == "revoked" else 409), error.refusal, error.message
    if isinstance(error, JobLost | StateConflict):
        return 409, "lost", error.message
    if isinstance(error, ServerRefused):
        return 403, error.code, str(error)
    if isinstance(error, ReencodarrError) and not error.transient:
        return 400, error.code, error.message
    return 503, getattr(error, "code", "unknown"), "The server cannot do that at this moment."


async def _broken(request: Request, error: Exception) -> Response:
    """What nobody expected; uvicorn logs it with its traceback."""
    refusal = Refusal(code="broken", words="The server failed at this. Its log says why.")
    return Response(talk.to_json(refusal), 500, media_type="application/json")
