"""Files that an exported folder gets as they are. They import nothing of VisionFlow."""
