#!/bin/sh
# Installs requirements.txt into /opt/venv, at the versions of requirements.lock.
# Everything that installing needs is gone again when it ends, so one RUN leaves one clean layer.
set -eu

work=$(mktemp -d)

python3 -m venv "$work/tools"
# pip of a Debian release may be older than the trust store that a proxy needs.
PIP_CERT="${SSL_CERT_FILE:-}" "$work/tools/bin/pip" install --quiet --no-cache-dir \
    --disable-pip-version-check "uv==${UV_VERSION}"
uv="$work/tools/bin/uv"

"$uv" venv --quiet --python "$(command -v python3)" /opt/venv
cd /opt/trimtab
VIRTUAL_ENV=/opt/venv "$uv" pip install --quiet --cache-dir "$work/cache" --link-mode hardlink \
    --compile-bytecode --requirements requirements.txt --constraints requirements.lock

# boto3 describes every service of AWS; S3 and the ways to an identity are what is called.
for data in /opt/venv/lib/python3*/site-packages/botocore/data/*/; do
    case $(basename "$data") in
        s3 | sts | sso | sso-oidc | signin) ;;
        *) rm -rf "$data" ;;
    esac
done
# The generated classes of the Kubernetes client are imported one by one, and hardly any is.
for generated in api models; do
    rm -rf /opt/venv/lib/python3*/site-packages/kubernetes/client/$generated/__pycache__ \
        /opt/venv/lib/python3*/site-packages/kubernetes/aio/client/$generated/__pycache__
done
# Headers and tests of pyarrow weigh more than its code for reading files.
find /opt/venv -type d \( -name tests -o -name test \) -path '*/pyarrow/*' -prune -exec rm -rf {} +
find /opt/venv -type d -path '*/pyarrow/include' -prune -exec rm -rf {} +
rm -rf "$work" "${HOME:-/root}/.cache" "${HOME:-/root}/.local/share/uv"
