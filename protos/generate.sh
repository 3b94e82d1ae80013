#!/bin/sh
# Generate the Python of the wire; with --check, fail when what is committed differs.
#
# Generated code runs on a runtime at least as new as its generator. This generator is the oldest that the package
# supports, so installers may choose any protobuf from 6.31.1 and grpcio from 1.76. It wants an older protobuf than the
# development environment has, and therefore lives in an environment of its own under build/.
set -eu
cd "$(dirname "$0")"
generator=../build/protoc
requirements="grpcio-tools==1.76.0 mypy-protobuf==5.1.0 protobuf==6.33.6 setuptools==80.9.0"
if [ "$(cat "$generator/requirements" 2>/dev/null)" != "$requirements" ]; then
    rm -rf "$generator"
    "${PYTHON:-python3}" -m venv "$generator"
    # shellcheck disable=SC2086  # one word a requirement
    "$generator/bin/pip" install --quiet --disable-pip-version-check $requirements
    echo "$requirements" > "$generator/requirements"
fi
out=.
if [ "${1:-}" = "--check" ]; then
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
fi
PATH="$generator/bin:$PATH" "$generator/bin/python" -W ignore -m grpc_tools.protoc -I . \
    --python_out="$out" --grpc_python_out="$out" --mypy_out=quiet:"$out" --mypy_grpc_out=quiet:"$out" \
    singalike/v1/*.proto
# A file without services yields an empty stub.
for service_less in voice catalogue suggestions conversions feedback; do
    rm -f "$out/singalike/v1/${service_less}_pb2_grpc.py" "$out/singalike/v1/${service_less}_pb2_grpc.pyi"
done
[ "$out" = . ] && exit 0
for fresh in "$out"/singalike/v1/*; do
    diff -u "singalike/v1/$(basename "$fresh")" "$fresh" || {
        echo "protos/singalike/v1/$(basename "$fresh") is stale: run protos/generate.sh and commit" >&2
        exit 1
    }
done
echo "generated code is up to date"
