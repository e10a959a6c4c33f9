"""What members are worth: purchases by BG/NBD, spend by Gamma-Gamma, value, and a backtest."""
