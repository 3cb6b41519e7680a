"""What is given to other machines: matched, staged, watched, applied; and the desks their workers ask at."""
