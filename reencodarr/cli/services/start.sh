#!/bin/sh
# Starts Reencodarr's $role with the settings in $settings (NAME=value, one a line).
# `exec`, and no `&`: a program in a shell's background does not hear Ctrl-C.
export $data
settings=$settings
if [ -f "$$settings" ]; then
    set -a
    . "$$settings"
    set +a
fi
cd $folder 2>/dev/null || cd /
exec $command
