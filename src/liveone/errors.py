"""The root of LiveOne's error tree: every error says whether to retry and what an operator should do.

LiveOneError
├── ConfigError                 a setting is missing, unknown or wrong (config)
├── BadInput                    a file or argument a person gave cannot be used (transfer, cli)
├── vendors.base.VendorError    the outside world of inverters and portals
└── store.database.StoreError   the database
"""


class LiveOneError(Exception):
    """An error that a stranger can act on.

    ``retryable`` answers "may the same call be made again and succeed?", ``hint`` "what should the
    operator do?". The text of the error itself says what happened and where.
    """

    retryable = False
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n  {self.hint}" if self.hint else message


class ConfigError(LiveOneError):
    """A setting is missing, unknown or wrong; the message names the file and the key."""

    exit_code = 2


class BadInput(LiveOneError):
    """A file or an argument that a person gave cannot be used; the message says where and why."""

    exit_code = 2
