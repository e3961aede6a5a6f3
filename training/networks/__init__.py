"""Networks: their trunks, their heads, and the weights they begin from."""
