"""The images of a dataset, as rows of the table of datasets."""
