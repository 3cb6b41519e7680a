"""Which Sonarrs and Radarrs there are, how each is reached, and how its paths become ours. Asks none of them."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote

from pydantic import SecretStr

from reencodarr.arr import mapping
from reencodarr.arr.mapping import Mapping
from reencodarr.errors import SettingsError
from reencodarr.settings import ArrSettings, Settings


class Kind(StrEnum):
    """Which application it is."""

    SONARR = "sonarr"
    RADARR = "radarr"

    @property
    def application(self) -> str:
        """Its own name for itself (`appName`)."""
        return self.value.capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One Sonarr or Radarr, as the settings have it. Its representation holds no secret."""

    name: str
    """Lower case; no other instance has it, whatever its kind."""
    kind: Kind
    url: str
    """With its URL base, without a slash at the end."""
    api_key: SecretStr = field(repr=False)
    mappings: tuple[Mapping, ...] = ()
    """None: their paths are ours."""
    tag_policies: tuple[tuple[str, str], ...] = ()
    """Pairs of a tag's name (lower case) and the policy it chooses."""
    rename: bool = True
    """Whether it may name our files as its own scheme has it, after a swap."""

    def __str__(self) -> str:
        return f"{self.kind.application} {self.name}"

    def variable(self, field: str) -> str:
        """The environment variable of one of its settings."""
        return _variable(self.kind, self.name, field)

    def page(self, slug: str) -> str:
        """The web page of a series or movie, by `Title.slug`; the instance's own where there is none."""
        folder = "series" if self.kind is Kind.SONARR else "movie"
        return f"{self.url}/{folder}/{quote(slug, safe='')}" if slug else self.url


def configured(settings: Settings) -> tuple[Instance, ...]:
    """Every instance in the settings, by name.

    Raises SettingsError when a Sonarr and a Radarr have the same name, or a mapping cannot be one.
    """
    said = [(Kind.SONARR, name, one) for name, one in settings.sonarr.items()]
    said += [(Kind.RADARR, name, one) for name, one in settings.radarr.items()]
    twice = set(settings.sonarr) & set(settings.radarr)
    if twice:
        name = min(twice)
        raise SettingsError(
            f"A Sonarr and a Radarr are both called {name}.",
            advice=f"Give one another name, such as REENCODARR_RADARR__{name.upper()}_MOVIES__URL.",
        )
    return tuple(sorted((_instance(kind, name, one) for kind, name, one in said), key=lambda one: one.name))


def find(instances: tuple[Instance, ...], name: str) -> Instance:
    """The instance of that name.

    Raises SettingsError.
    """
    for one in instances:
        if one.name == name.lower():
            return one
    known = ", ".join(one.name for one in instances)
    raise SettingsError(
        f"There is no Sonarr or Radarr {name}.",
        advice=f"There are: {known}."
        if known
        else "Set REENCODARR_SONARR__MAIN__URL and REENCODARR_SONARR__MAIN__API_KEY.",
    )


def _variable(kind: Kind, name: str, field: str) -> str:
    return f"REENCODARR_{kind.value.upper()}__{name.upper()}__{field}"


def _instance(kind: Kind, name: str, said: ArrSettings) -> Instance:
    for theirs, _ in said.mappings:
        if words := mapping.unusable(theirs):
            raise SettingsError(
                f"{_variable(kind, name, 'MAPPINGS')} is wrong: {words}.",
                advice="Write it as the application shows it, such as /tv=/mnt/nas/tv.",
            )
    return Instance(
        name=name,
        kind=kind,
        url=said.url,
        api_key=said.api_key,
        mappings=tuple(Mapping(theirs=theirs, ours=ours) for theirs, ours in said.mappings),
        tag_policies=said.tags_policy,
        rename=said.rename,
    )
