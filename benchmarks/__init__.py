"""What LiveOne costs, measured on the real paths and, beside each, on a plain baseline in the same run.

``python -m benchmarks`` runs all, ``python -m benchmarks bulk history`` some. Figures of a busy or slow
machine mean little by themselves: trust the ratios.
"""
