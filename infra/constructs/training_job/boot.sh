#!/bin/bash
# A training machine's whole life: install, train, leave. The job's id and its hours are tags of the
# machine; names between at-signs are filled in when the template is made.
set -Eeuo pipefail

log=/var/log/visionflow-job.log
exec > >(tee -a "$log") 2>&1

# The last resort, should even this script hang; shortened below to what the job may take.
shutdown -h +1500

metadata() {
  local token
  token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
    http://169.254.169.254/latest/api/token)
  curl -sf -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"
}

# Whatever happens the machine goes, and what it said last can be read in its folder.
leave() {
  local code=$?
  trap - EXIT
  set +e
  echo "leaving with code $code"
  sleep 1
  # The control plane reads less than a megabyte; a progress bar is one long line.
  tail -n 200 "$log" | tail -c 900000 > /tmp/boot.txt
  timeout 30 aws s3 cp --no-progress /tmp/boot.txt \
    "s3://@JOBS_BUCKET@/jobs/${reporter:-unknown}/log/boot.txt"
  shutdown -h now || systemctl poweroff --force
}
trap leave EXIT

AWS_DEFAULT_REGION=$(metadata placement/region)
export AWS_DEFAULT_REGION AWS_EC2_METADATA_SERVICE_NUM_ATTEMPTS=5
# The name of this machine, and of the one folder that it may read and write.
reporter=$(aws sts get-caller-identity --query UserId --output text)
job=$(metadata tags/instance/visionflow-job)
hours=$(metadata tags/instance/visionflow-max-hours)

# The job's hours count from its first machine; this one alone may not take longer either.
shutdown -c
shutdown -h "+$(python3 -c "import math, sys; print(math.ceil(float(sys.argv[1]) * 60) + 30)" "$hours")"

mkdir -p /opt/visionflow
cd /opt/visionflow
aws s3 cp --no-progress "s3://@BUNDLE_BUCKET@/@BUNDLE_KEY@" bundle.zip
python3 -m zipfile -e bundle.zip code
# Ubuntu's Python comes without what makes an environment, unless the image has added it.
python3 -m venv venv || {
  apt-get -o DPkg::Lock::Timeout=300 update
  apt-get -o DPkg::Lock::Timeout=300 install --yes python3-venv
  python3 -m venv --clear venv
}

# Wheels that somebody laid into the bucket make the installation independent of any index.
aws s3 sync --no-progress "s3://@JOBS_BUCKET@/wheelhouse/" wheels
if compgen -G 'wheels/*.whl' > /dev/null; then
  venv/bin/pip install --quiet --no-index --find-links wheels --require-hashes -r code/requirements.txt
else
  venv/bin/pip install --quiet --require-hashes -r code/requirements.txt
fi

export VISIONFLOW_JOBS_BUCKET="@JOBS_BUCKET@"
export VISIONFLOW_JOB_REPORTER="$reporter"
cd code
../venv/bin/python -m training.job "$job" --work "/var/lib/visionflow/$job" --is-instance
