"""Images that arrive in a dataset: S3 -> SQS -> facts, embedding and thumbnail."""
