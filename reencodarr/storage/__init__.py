"""The bucket, as the server uses it: objects in and out, signed URLs for workers, room, and a janitor."""
