"""The state of a project as a whole: backed up, restored, brought to a new release, cleared up."""
