"""Images: decoding, limits, uploads, storage. Imports only the modules at the top."""
