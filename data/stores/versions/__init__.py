"""Versions of a domain's data by DVC: made, named, restored, shared and erased; only this room talks to DVC."""
