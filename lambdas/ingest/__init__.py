"""Images dropped into the images bucket: S3 -> SQS -> record."""
