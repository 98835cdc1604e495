"""Policy Publisher: policies with releases and redlines, a preferences banner, and proof of choices."""

__version__ = "0.1.0"
