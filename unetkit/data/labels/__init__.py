"""What the numbers in masks mean: classes, their colours, and how the kind of masks is recognised."""
