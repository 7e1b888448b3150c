"""What a sample is: how its bytes become an array, and the facts that validation asks for."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):  # each file of this folder is a kind, which joins by being imported
    importlib.import_module(f"{__name__}.{_module.name}")
