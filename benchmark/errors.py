"""The one exception that a user's mistake or a broken environment ends in."""


class UserError(Exception):
    """One line that names the file or option, the key and the remedy; the command line exits with code 2."""
