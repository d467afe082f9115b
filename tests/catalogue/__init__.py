"""What every shipped spec survives: training, generated code, export and compilation."""
