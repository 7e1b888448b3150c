"""What can go wrong with registered models and their promotion.

RegraftError
└── RegistryError (RuntimeError)
    ├── PackageError (ValueError)        a model package with altered or missing files
    ├── ModelNotFoundError (LookupError) a domain or version that the registry does not hold
    ├── GateError (ValueError)           a comparison that cannot be made; HOLD and REJECT are results, not errors
    └── LedgerError                      the ledger cannot be reached, or the entry is not allowed
        ├── LedgerConflictError          another process changed the champion first
        └── QuarantineError              a version that was rolled back may not return by itself

Every message names the value, the rule and the remedy.
"""

from settings.errors import RegraftError


class RegistryError(RegraftError, RuntimeError):
    """The registry cannot do what was asked."""


class PackageError(RegistryError, ValueError):
    """A model package with altered or missing files."""


class ModelNotFoundError(RegistryError, LookupError):
    """A domain or version that the registry does not hold."""


class GateError(RegistryError, ValueError):
    """A comparison that cannot be made on these predictions."""


class LedgerError(RegistryError):
    """The ledger cannot be reached, or the entry is not allowed."""


class LedgerConflictError(LedgerError):
    """The champion is not the expected one, or another process wrote first."""


class QuarantineError(LedgerError):
    """The version was rolled back; only a deliberate promotion brings it back."""
