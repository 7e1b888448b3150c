"""The libraries whose networks can be backbones: one adapter a file."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):  # each file of this folder is an adapter, which joins by being imported
    importlib.import_module(f"{__name__}.{_module.name}")
