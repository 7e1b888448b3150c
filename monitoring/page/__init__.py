"""The page of a check: Evidently runs our signals as its metrics and tests, so that page and decision are one."""
