"""How a folder of a dataset is read: which files are images, of which class, in which part."""
