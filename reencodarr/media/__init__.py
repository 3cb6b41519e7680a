"""What a file is: facts from MediaInfo, packets from PyAV, identity from the filesystem."""
