"""The one kind of failure that reaches a person."""


class ReleaseError(Exception):
    """Something that cannot be signed; the text is one sentence for a person."""
