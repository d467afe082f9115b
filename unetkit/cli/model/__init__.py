"""Commands on data and models: training, prediction, evaluation, and exchange with other programs."""
