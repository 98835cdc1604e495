"""Texts of any kind on their way in: read as pieces, put together as a policy."""
