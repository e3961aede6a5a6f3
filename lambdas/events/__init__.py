"""What the tables' streams and CloudWatch tell, on the stage's event bus, at least once."""
