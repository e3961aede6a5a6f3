"""``python -m infra.cli``: the same as ``visionflow``, for launchers that start a module."""

from infra.cli.main import main

raise SystemExit(main())
