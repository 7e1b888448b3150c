"""What a task asks of a network, one file a task kind: targets, head, loss and output."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):  # each file of this folder may be a kind, which joins by being imported
    importlib.import_module(f"{__name__}.{_module.name}")
