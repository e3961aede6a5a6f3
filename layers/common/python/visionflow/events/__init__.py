"""What VisionFlow tells other systems: an event for each change, under an id that stays."""
