"""Finding the CRF that meets a target, and measuring what an encode achieved."""
