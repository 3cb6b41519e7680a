"""The tree of commands."""

import pytest

from reencodarr.cli.app import COMMANDS, GROUPS, app


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_of_a_group_says_what_it_does(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    commands = {name: one for name, one in app[group].resolved_commands().items() if not name.startswith("-")}

    app([group, "--help"], result_action="return_value")

    assert commands
    shown = " ".join(capsys.readouterr().out.split())
    for name, one in commands.items():
        assert f"│ {name} {' '.join(one.help.split()[:2])}" in shown


def test_all_commands_are_found_and_none_twice() -> None:
    assert set(app.resolved_commands()) >= {*COMMANDS, *GROUPS}
    assert not set(COMMANDS) & set(GROUPS)
