"""What is asked of a sample: how the answers to a task stand in the manifest, one file a task kind."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):  # each file of this folder is a kind, which joins by being imported
    importlib.import_module(f"{__name__}.{_module.name}")
