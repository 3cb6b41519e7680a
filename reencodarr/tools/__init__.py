"""Outside programs and the machine: running them, finding ffmpeg and ab-av1, scratch space, disks."""
