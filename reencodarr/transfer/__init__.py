"""Bytes over presigned URLs: films in by ranges, encodes out in parts, resumed, verified, paced. Knows no key."""
