"""A version as a folder for a device: model, rules, an example, and the proof that it answers as
the served form does. Imports data and results; converters are imported when they are asked for."""
