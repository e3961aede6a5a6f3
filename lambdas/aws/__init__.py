"""The few calls of a classification, without an SDK: S3 and DynamoDB over HTTP."""
