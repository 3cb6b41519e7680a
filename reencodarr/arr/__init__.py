"""Sonarr and Radarr: what they know, what they are asked and told. Knows neither database nor library."""
