"""What can go wrong."""


class Failure(Exception):
    """Why nothing can be done at all, in one line for the user."""


class NotGo(Failure):
    """The program has no trace of Go."""


class Cancelled(Exception):
    """The user wants to stop."""


class Skip(Exception):
    """Why one place stays as it is."""
