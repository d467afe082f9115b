"""Classes in masks: numbers and colours to labels, and diagnosis of masks whose data file does not define them."""
