"""How sure a figure is: intervals, paired differences, calibration, slices."""
