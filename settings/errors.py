"""The base of all errors, and the one that settings and domain files raise.

RegraftError
└── ConfigError (ValueError)      a key or value in a domain YAML or in REGRAFT_*

Every message names the value, the rule and the remedy; the command line prints it in one line.
"""


class RegraftError(Exception):
    """Base of everything that a user can mend; its text is shown without a traceback."""


class ConfigError(RegraftError, ValueError):
    """A wrong key, type or value in a domain YAML or in a REGRAFT_* variable."""
