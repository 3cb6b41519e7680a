"""Sonarr and Radarr joined with the library: synced, told of swaps, asked for replacements."""
