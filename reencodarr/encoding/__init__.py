"""From facts to an encode: the policy, the rules that turn facts into a plan, ffmpeg's arguments, the run."""
