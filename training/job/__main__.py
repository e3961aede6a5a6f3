from training.job.script import main

raise SystemExit(main())
