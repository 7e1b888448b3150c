"""The decision about a challenger, a pure function of evidence and rule."""
