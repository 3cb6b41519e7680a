"""SVT-AV1, reached in two ways behind one promise: ffmpeg's own libsvtav1, and PyAV's where this ffmpeg has none."""
