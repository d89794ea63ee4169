"""Rules over what agents did."""
