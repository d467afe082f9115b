"""The files of a study's folder, and the results that are collected from them. No numpy, no torch."""
