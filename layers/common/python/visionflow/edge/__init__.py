"""The runner for devices: ``python -m visionflow.edge MODEL --watch FOLDER``.

It needs ONNX Runtime and Pillow, and urllib3 to send records. No function imports it.
"""
