from visionflow.predictions.record import s3_object_id


def test_an_object_version_has_one_id() -> None:
    first = s3_object_id("bucket", "uploads/cat.jpg", "v1")
    assert first == s3_object_id("bucket", "uploads/cat.jpg", "v1")
    others = {
        s3_object_id("bucket", "uploads/cat.jpg", "v2"),
        s3_object_id("bucket", "uploads/dog.jpg", "v1"),
        s3_object_id("other", "uploads/cat.jpg", "v1"),
        # Parts that only differ in where one ends and the next begins.
        s3_object_id("bucket", "\nuploads/cat.jpg", "v1"),
        s3_object_id("bucket\nv1", "uploads/cat.jpg", "v1"),
    }
    assert len(others | {first}) == 6
