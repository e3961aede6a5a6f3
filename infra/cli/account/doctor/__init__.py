"""``visionflow doctor``: what a deployment needs, looked at before anything is deployed. One module
for each subject; each check changes nothing."""
